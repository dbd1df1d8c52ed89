// control/cli: the commands of sluicectl that show lines of the log to somebody else. Each returns the exit
// status.
#pragma once

#include <string>

#include "control/search/query.h"

namespace sluice::control {

struct LogsDiscloseOptions {
  std::string log = "/var/log/sluice";
  QueryOptions query;  ///< since and until as people write times
  std::string name;    ///< of the case
  std::string out;     ///< the file to be made
  bool json = false;
};

struct LogsProveOptions {
  std::string file;
  std::string fingerprint;  ///< of the log's key, as somebody noted it; empty: any
  std::string witness;      ///< a file with what the witness was given; empty: nothing is compared
  bool json = false;
};

/// Writes the lines that fit into a file that proves them, once the daemon has signed who disclosed it.
/// Returns kNo where the file is there, and lines are missing in it for damage of the log.
int run_logs_disclose(const std::string& socket, const LogsDiscloseOptions& options);

/// Says whether the lines of such a file stood in the log. Needs nothing else. Returns kNo where one is not
/// proven, or anything in the file was changed.
int run_logs_prove(const LogsProveOptions& options);

}  // namespace sluice::control
