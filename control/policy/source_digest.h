// control/policy: a digest of everything that a policy was compiled from.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::control {

using Sha256Bytes = std::array<uint8_t, 32>;

/// Throws std::bad_alloc.
Sha256Bytes sha256_of(std::string_view text);

/// The same files with the same bytes, in whatever order, have the same digest.
class SourceDigest {
 public:
  void add(std::string name, const Sha256Bytes& content) { files_.emplace_back(std::move(name), content); }
  void add(std::string name, std::string_view text) { add(std::move(name), sha256_of(text)); }
  std::string finish();  ///< as hexadecimal digits

 private:
  std::vector<std::pair<std::string, Sha256Bytes>> files_;
};

}  // namespace sluice::control
