// control/usage: reads the access log's lines for those who add them up.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "control/search/fields.h"
#include "control/search/query.h"
#include "control/search/search.h"

namespace sluice::control {

/// What was recorded: an access, or how a flow went on or ended.
struct UsageLine {
  std::string_view text;  ///< without its line feed
  AccessFields fields;    ///< views that are valid during the call
  int64_t time_ns = 0;
  /// Who it is about: the user where one is known, else the client's address.
  std::string_view client() const { return fields.user.empty() ? fields.source_ip : fields.user; }
  /// What it asked for: the name where one was seen, else the address.
  std::string_view asked() const { return fields.domain.empty() ? fields.destination_ip : fields.domain; }
  /// Its bytes are those of a flow; an access' line has those until it was decided, which its end counts too.
  bool is_end() const { return !fields.ended.empty(); }
};

/// Of which log, and how much of it was read so far.
struct UsageScope {
  std::filesystem::path log;
  QueryOptions query;                                         ///< since and until as in `@timestamp`
  std::function<void(uint64_t done, uint64_t all)> progress;  ///< in bytes of the log's files; may be empty
};

/// Hands out the lines that fit, in the log's order. Lines that say of missing records, and such as cannot be
/// read, are passed over. Returns an empty string, or why the log cannot be read.
[[nodiscard]] std::string read_usage(const UsageScope& scope,
                                     const std::function<bool(const UsageLine& line)>& take,
                                     SearchFindings& findings);

}  // namespace sluice::control
