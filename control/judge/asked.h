// control/judge: a question as a person asks it.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "control/judge/judge.h"

namespace sluice::control {

/// Texts as they were typed; what is empty is as is usual for the protocol.
struct Asked {
  std::string from;  ///< address of who opens it
  std::string host;  ///< a name, or an address that stands for `to`
  std::string to;    ///< address
  std::string protocol = "tls", transport;
  std::string line;
  std::string at;  ///< a time; empty: now
  std::optional<uint16_t> vlan, port;
  bool inbound = false;
};

/// Makes a question of it. Returns what is wrong with it, in one sentence; empty where nothing is.
[[nodiscard]] std::string question_of(const Asked& asked, const Judge& judge, Question& out);

/// Reads one line of a file of questions: an object with the keys of `sluicectl explain`'s options. Returns
/// what is wrong with it.
[[nodiscard]] std::string read_asked(const nlohmann::json& line, Asked& out);

}  // namespace sluice::control
