// control/cli: the commands of sluicectl that keep the log beyond its term. Each returns the exit status.
#pragma once

#include <string>

namespace sluice::control {

struct HoldOptions {
  std::string name;          ///< of the case
  std::string since, until;  ///< texts as people write times; a day is a whole one; empty: no bound
  std::string reason;
};

/// Keeps what was recorded in a period until two persons release it.
int run_hold(const std::string& socket, const HoldOptions& options, bool json);
/// Asks that a case be released; the second person's asking does it.
int run_release(const std::string& socket, const std::string& name, bool json);
/// Lists what is held.
int run_holds(const std::string& socket, bool json);

}  // namespace sluice::control
