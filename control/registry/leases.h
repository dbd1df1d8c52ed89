// control/registry: files of DHCP leases.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "control/policy/identity_policy.h"
#include "control/policy/time_zone.h"
#include "control/registry/holding.h"

namespace sluice::control {

inline constexpr size_t kMaxLeaseEvents = 2'000'000;  ///< of one source; the rest is left out, and said
inline constexpr size_t kMaxReadProblems = 10;        ///< that are said of one file; the others are counted

/// What is wrong with a file: the first of it in words.
struct ReadProblems {
  std::vector<std::string> said;  ///< `line 7: no address`
  uint64_t count = 0;
  void add(uint64_t line, std::string_view what);
};

/// A server let an address, or took it back.
struct LeaseEvent {
  Address address;
  Mac mac = 0;  ///< 0: not known
  std::string machine;
  int64_t time_ns = 0;   ///< when
  int64_t until_ns = 0;  ///< of what is let: until when
  bool let = true;
  bool time_said = true;  ///< else time_ns is when the file was written
};

struct LeaseFile {
  std::vector<LeaseEvent> events;
  ReadProblems problems;
  bool cut = false;  ///< its end is missing: it is being written
};

/// What a reader must know beside the bytes.
struct LeaseReading {
  int64_t written_ns = 0;  ///< when the file was
  int64_t max_age_ns = 0;  ///< a lease holds no longer after it was let
  TimeZone zone;           ///< of Windows
};

/// Reads a file. text: any bytes; what is whole of it is kept, the rest is said.
[[nodiscard]] LeaseFile read_leases(LeaseFormat format, std::string_view text, const LeaseReading& reading);

// The formats; each adds to out.
/// Source: dnsmasq(8), --dhcp-leasefile.
void read_dnsmasq(std::string_view text, const LeaseReading& reading, LeaseFile& out);
/// Source: Kea Administrator Reference Manual, Memfile; Kea's lease_mgr CSV files.
void read_kea(std::string_view text, const LeaseReading& reading, LeaseFile& out);
/// Source: dhcpd.leases(5).
void read_dhcpd(std::string_view text, const LeaseReading& reading, LeaseFile& out);
/// Source: Microsoft, "Analyze DHCP Server Log Files"; the header that the file itself begins with.
void read_windows(std::string_view text, const LeaseReading& reading, LeaseFile& out);

/// Times in which an address was let to one machine. events: of all files of a source, any order.
[[nodiscard]] std::vector<SaidHolding> lease_periods(std::vector<LeaseEvent> events, uint8_t origin);

// What the readers share.
inline constexpr int64_t kLeaseSecondNs = 1'000'000'000;
/// Calls each(line, text) for each whole line, without its end; says in cut that the last one has none.
template <typename Each>
void for_each_line(std::string_view text, bool& cut, Each each) {
  for (uint64_t line = 1; !text.empty(); ++line) {
    const size_t end = text.find('\n');
    if (end == text.npos) {
      cut = true;
      return;
    }
    std::string_view one = text.substr(0, end);
    if (one.ends_with('\r')) one.remove_suffix(1);
    each(line, one);
    text.remove_prefix(end + 1);
  }
}
/// The next word of text, which is left without it; words stand between blanks and tabs.
[[nodiscard]] std::string_view next_word(std::string_view& text);
/// The next field, up to a comma.
[[nodiscard]] std::string_view next_field(std::string_view& text);
/// A whole number of seconds since 1970 that nanoseconds can say; false where text is none.
[[nodiscard]] bool read_seconds(std::string_view text, int64_t& out);
/// The end of a lease that was let at a time, as the policy believes it.
[[nodiscard]] int64_t believed_end(int64_t let_ns, int64_t until_ns, const LeaseReading& reading);

}  // namespace sluice::control
