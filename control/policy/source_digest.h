// control/policy: a digest of everything that a policy was compiled from.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "control/base/sha256.h"

namespace sluice::control {

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
