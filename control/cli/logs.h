// control/cli: the commands of sluicectl that read the access log itself. Each returns the exit status.
#pragma once

#include <cstdint>
#include <string>

#include "control/search/query.h"

namespace sluice::control {

struct LogsVerifyOptions {
  std::string log = "/var/log/sluice";
  std::string since, until;  ///< texts as people write times; empty: no bound
  std::string witness;       ///< a file with what the witness was given; empty: nothing is compared
  std::string fingerprint;   ///< of the key, as somebody noted it; empty: that of the key that lies there
  bool json = false;
};

struct LogsSearchOptions {
  std::string log = "/var/log/sluice";
  QueryOptions query;  ///< since and until as people write times
  uint64_t limit = 0;  ///< lines; 0: all
  bool follow = false, json = false, stats = false;
};

/// Prints the lines of the access log that fit. Needs no daemon; one may be writing.
int run_logs_search(const std::string& socket, const LogsSearchOptions& options);

/// Builds the indexes of closed segments that have none.
int run_logs_index(const std::string& log);

/// Says whether the access log is as it was written, and where it is not. Needs no daemon; one may be
/// writing. Returns kNo where it was altered.
int run_logs_verify(const LogsVerifyOptions& options);

}  // namespace sluice::control
