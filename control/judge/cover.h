// control/judge: which entry of a list takes a name or an address.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/policy/lists/list_reader.h"
#include "control/policy/prefix.h"

namespace sluice::control {

struct Place;

/// Looks at one entry after the other, and keeps the best: the longest name, else the longest prefix, else
/// the first keyword or pattern.
class Cover {
 public:
  /// name: canonical; may be empty.
  Cover(std::string_view name, const Address& address);
  ~Cover();

  // Each says whether the entry takes the name, or the address, and is better than what was kept.
  [[nodiscard]] bool name(std::string_view entry, NameScope scope);
  [[nodiscard]] bool prefix(const Prefix& entry);
  [[nodiscard]] bool keyword(std::string_view entry);
  [[nodiscard]] bool pattern(const std::string& entry);
  /// Where the entry stands that one of them said yes to.
  void keep(Place place);
  /// A list file, line by line; a format that has no lines of entries gives the file as a whole.
  void file(const std::string& path, ListFormat format, std::string_view text);

  [[nodiscard]] std::optional<Place> best() const;

 private:
  class LineTaker;
  [[nodiscard]] bool better(uint32_t rank);
  [[nodiscard]] bool may_hold(const std::string& line, bool prefixes) const;
  bool line(std::string text, ListFormat format);

  std::string name_;
  Address address_;
  std::vector<std::string_view> suffixes_;  ///< of the name: itself, and all above it
  uint32_t rank_ = 0;                       ///< of what is kept
  std::unique_ptr<Place> best_;
};

}  // namespace sluice::control
