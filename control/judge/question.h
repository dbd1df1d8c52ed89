// control/judge: one access, as a policy is asked about it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "control/search/fields.h"
#include "dataplane/contract/address.h"
#include "dataplane/contract/image.h"
#include "dataplane/contract/reasons.h"

namespace sluice::control {

/// Everything that a policy decides by, free of any policy: names instead of indices.
struct Question {
  Address local, remote;  ///< the LAN side's and the line side's
  Direction direction = Direction::Outbound;
  std::string line;  ///< by which it goes; empty: the network's own
  uint16_t vlan = kNoVlan;
  uint8_t transport = 0;  ///< IP protocol number
  uint16_t port = 0;      ///< of the side that did not open the flow
  Protocol protocol = Protocol::Unknown;
  Seen seen = Seen::Nothing;
  std::string name;                                      ///< canonical; empty where none was seen
  bool unidentified = false;                             ///< no name was seen in the access itself
  Situation situation = Situation::NoName;               ///< why, with unidentified
  bool rdp = false, mismatch = false, in_grace = false;  ///< as in Subject
  bool canary = false;  ///< whether its resolver may be used: for networks that answer `canaries`
  int64_t at_s = 0;     ///< UTC second at which it is asked

  /// Who opened it, and whom.
  const Address& client() const { return direction == Direction::Outbound ? local : remote; }
  const Address& server() const { return direction == Direction::Outbound ? remote : local; }
};

/// What a protocol without a name is judged as where nothing else is known.
[[nodiscard]] Situation usual_situation(Protocol protocol);
/// Whether the name is one of those whose refusal turns a client's own encrypted resolver off.
[[nodiscard]] bool is_canary(std::string_view name);

/// The question that a line of the access log asks, at the time of its access; out's strings are used again.
/// Returns an empty text; or why the line asks none: it is no access, or what decided it was no policy.
/// Where a rule decided an access without a name, the log does not say which situation it was; it counts as
/// the usual one of its protocol.
[[nodiscard]] std::string_view question_of(const AccessFields& line, Question& out);

}  // namespace sluice::control
