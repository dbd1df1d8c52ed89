// control/cli: sluicectl readings: who read the access log. Each returns the exit status.
#pragma once

#include <CLI/App.hpp>
#include <cstddef>
#include <string>

namespace sluice::control {

struct ReadingsCommand {
  std::string log = "/var/log/sluice";
  std::string of;     ///< a user or an address; empty: of anybody
  std::string since;  ///< as people write times; empty: no bound
  std::string
      fingerprint;     ///< of the log's key, as somebody noted it; empty: that of the key that lies there
  size_t limit = 100;  ///< the newest; 0: all
  bool json = false;
};

/// Lists who read the log, when, what, and of whom. Returns kNo where the list was altered.
int run_readings(const ReadingsCommand& command);
/// Says whether the list was altered.
int run_readings_verify(const ReadingsCommand& command);

/// Both on sluicectl's command line.
class ReadingsCommands {
 public:
  void add_to(CLI::App& app);
  /// Whether one of them was asked for; status: what it returned.
  [[nodiscard]] bool run(int& status) const;

 private:
  ReadingsCommand command_;
  const CLI::App *list_ = nullptr, *verify_ = nullptr;
};

}  // namespace sluice::control
