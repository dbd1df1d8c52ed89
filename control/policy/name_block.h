// control/policy: the names of one source, packed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "control/policy/host_name.h"

namespace sluice::control {

/// What a list says of one name.
enum class NameClaim : uint8_t {
  Covers,   ///< the list covers it
  Excepts,  ///< the list is not to cover it, though it covers what is above
};

/// Names with what is said of each, in the order in which they were added: two bytes each beside the name.
class NameBlock {
 public:
  static constexpr size_t kChunkBytes = size_t{1} << 18;

  struct Record {
    std::string_view name;
    NameScope scope;
    NameClaim claim;
  };

  /// name: canonical, 1..253 bytes; is copied.
  void add(std::string_view name, NameScope scope, NameClaim claim = NameClaim::Covers) {
    if (chunks_.empty() || chunks_.back().size() + kHead + name.size() > kChunkBytes) {
      chunks_.emplace_back().reserve(kChunkBytes);
    }
    std::string& chunk = chunks_.back();
    chunk += static_cast<char>(name.size());
    chunk += static_cast<char>(static_cast<uint8_t>(scope) | static_cast<uint8_t>(claim) << 4);
    chunk += name;
    ++size_;
  }
  /// Gives back what was set aside for more.
  void close() {
    if (!chunks_.empty()) chunks_.back().shrink_to_fit();
  }

  size_t size() const { return size_; }
  const std::vector<std::string>& chunks() const { return chunks_; }

  /// The record that begins at an offset of a chunk, which is moved behind it.
  static Record next(std::string_view chunk, size_t& offset) {
    const auto size = static_cast<uint8_t>(chunk[offset]);
    const auto said = static_cast<uint8_t>(chunk[offset + 1]);
    const Record out{chunk.substr(offset + kHead, size), static_cast<NameScope>(said & 15),
                     static_cast<NameClaim>(said >> 4)};
    offset += kHead + size;
    return out;
  }

 private:
  static constexpr size_t kHead = 2;
  std::vector<std::string> chunks_;  ///< each of at most kChunkBytes; no record crosses from one to the next
  size_t size_ = 0;
};

}  // namespace sluice::control
