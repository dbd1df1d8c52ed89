// control/cli: sluicectl reveal and sluicectl keeper: who stands behind a pseudonym. Each returns the exit
// status.
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

namespace sluice::control {

struct RevealCommand {
  std::string asked;  ///< a pseudonym; or what stands behind one, as 10.20.1.7: its pseudonyms are wanted
  std::vector<std::string> keys;  ///< files of two keepers
  std::string name, reason;       ///< of the case; why
  std::string log = "/var/log/sluice";
  bool json = false;
};

struct KeeperCommand {
  std::string name, out;
  bool json = false;
};

/// Says whom a pseudonym stands for, once the daemon has put on record who asks, for which case and why.
/// Returns kNo where no vault knows it, or one was altered.
int run_reveal(const std::string& socket, const RevealCommand& command);

/// Makes a keeper's pair of keys, and prints what belongs into the policy. Asks on a terminal for a
/// passphrase.
int run_keeper_new(const KeeperCommand& command);

/// Both on sluicectl's command line.
class RevealCommands {
 public:
  void add_to(CLI::App& app);
  /// Whether one of them was asked for; status: what it returned.
  [[nodiscard]] bool run(const std::string& socket, int& status) const;

 private:
  RevealCommand reveal_;
  KeeperCommand keeper_;
  const CLI::App *asks_reveal_ = nullptr, *asks_new_ = nullptr;
};

}  // namespace sluice::control
