// extract: what every reader of payload gives, and the host name it finds.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "dataplane/contract/address.h"
#include "dataplane/contract/image.h"

namespace sluice {

/// What a reader knows after the bytes fed so far. A reader that gave Done, NotMine or Malformed takes no
/// more.
enum class Extract : uint8_t {
  NeedMore,   ///< nothing new; feed the bytes that follow
  Name,       ///< a name has just become complete: judge it, then feed the rest
  NoName,     ///< the place where a name would stand ended without one: judge that, then feed the rest
  Complete,   ///< a whole ended (a hello): decide on it, then feed the rest; another may follow
  Done,       ///< nothing more of mine will come
  NotMine,    ///< another protocol
  Malformed,  ///< mine, but not well-formed, or open to two readings
};

/// A host name as it was found and as it is judged.
class HostName {  // NOLINT(cppcoreguidelines-pro-type-member-init): only size_ bytes of text_ are ever read
 public:
  std::string_view view() const { return {text_, size_}; }
  bool empty() const { return size_ == 0; }
  void clear() {
    size_ = 0;
    is_address_ = false;
  }

  /// Makes raw canonical: lower case, without port, brackets and final dot. Underscores and other odd bytes
  /// from 0x21 to 0x7e are kept (real names have them); an empty label, a byte outside, or more than 253
  /// bytes is refused. Returns false (and is empty) where raw is no host name.
  [[nodiscard]] bool assign(std::string_view raw);

  /// As assign, for text that has neither port nor brackets nor final dot, as the labels of a DNS name: it is
  /// always a name, never an address, and only its case changes.
  [[nodiscard]] bool assign_labels(std::string_view labels);

  /// True where the host is an address literal (1.2.3.4, [::1], ::1, and what inet_aton takes for one:
  /// 0x7f.1): it is then no name to log or judge as one; view() holds its text.
  bool is_address() const { return is_address_; }

 private:
  bool assign_v6(std::string_view text);

  uint8_t size_ = 0;
  bool is_address_ = false;
  char text_[(kMaxName + 15) / 16 * 16];  ///< written in whole lanes
};

}  // namespace sluice
