// control/cli: the commands of sluicectl that read the access log itself. Each returns the exit status.
#pragma once

#include <string>

namespace sluice::control {

struct LogsVerifyOptions {
  std::string log = "/var/log/sluice";
  std::string since, until;  ///< texts as people write times; empty: no bound
  std::string witness;       ///< a file with what the witness was given; empty: nothing is compared
  std::string fingerprint;   ///< of the key, as somebody noted it; empty: that of the key that lies there
  bool json = false;
};

/// Says whether the access log is as it was written, and where it is not. Needs no daemon; one may be
/// writing. Returns kNo where it was altered.
int run_logs_verify(const LogsVerifyOptions& options);

}  // namespace sluice::control
