// contract: the reasons, the actions, the protocols, and their words.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice {

/// Why an access was decided, or a packet passed or dropped. The order is part of the contract.
enum class Reason : uint8_t {
#define SLUICE_REASON(name, word, help) name,
#include "dataplane/contract/reasons.def"
#undef SLUICE_REASON
};

inline constexpr std::string_view kReasonWords[] = {
#define SLUICE_REASON(name, word, help) word,
#include "dataplane/contract/reasons.def"
#undef SLUICE_REASON
};

inline constexpr std::string_view kReasonHelp[] = {
#define SLUICE_REASON(name, word, help) help,
#include "dataplane/contract/reasons.def"
#undef SLUICE_REASON
};

inline constexpr size_t kReasonCount = std::size(kReasonWords);

/// reason: any value; one from another process may be out of range. Returns its word, or "?".
constexpr std::string_view word_of(Reason reason) {
  const auto index = static_cast<size_t>(reason);
  return index < kReasonCount ? kReasonWords[index] : "?";
}

/// What became of an access.
enum class Action : uint8_t {
  Allowed,
  Blocked,
  Observed
};
inline constexpr std::string_view kActionWords[] = {"allowed", "blocked", "observed"};
inline constexpr size_t kActionCount = std::size(kActionWords);
constexpr std::string_view word_of(Action action) {
  const auto index = static_cast<size_t>(action);
  return index < kActionCount ? kActionWords[index] : "?";
}

/// The situations in which no name (or no trustworthy one) is to be seen, and what a policy may set for each.
enum class Situation : uint8_t {
  NoName,
  Ech,
  IncompleteHello,
  UndecodableQuic,
  UnparsableHttp,
  UnknownProtocol,
  Midstream,
  NameMismatch,
  Fragment,
  TableFull,
  LogFull,
};
inline constexpr size_t kSituationCount = 11;
enum class Setting : uint8_t {
  Allow,
  Block,
  ByAddress,
  Observe
};
inline constexpr std::string_view kSettingWords[] = {"allow", "block", "by-address", "observe"};

/// The reason of the same name: the situations stand in reasons.def in this order.
constexpr Reason reason_of(Situation situation) {
  return static_cast<Reason>(static_cast<uint8_t>(Reason::NoName) + static_cast<uint8_t>(situation));
}
constexpr std::string_view word_of(Situation situation) {
  return word_of(reason_of(situation));
}
static_assert(reason_of(Situation::LogFull) == Reason::LogFull);

/// What an access speaks, as `network.protocol` in the record.
enum class Protocol : uint8_t {
#define SLUICE_PROTOCOL(name, word, kind) name,
#include "dataplane/contract/protocols.def"
#undef SLUICE_PROTOCOL
};

inline constexpr std::string_view kProtocolWords[] = {
#define SLUICE_PROTOCOL(name, word, kind) word,
#include "dataplane/contract/protocols.def"
#undef SLUICE_PROTOCOL
};

enum class ProtocolKind : uint8_t {
  Plain,
  Tunnel,         ///< carries packets or connections to somewhere else: refused unless registered
  OpenableTunnel  ///< and its packets can be read (`inspect: true`)
};
inline constexpr ProtocolKind kProtocolKinds[] = {
#define SLUICE_PROTOCOL(name, word, kind) ProtocolKind::kind,
#include "dataplane/contract/protocols.def"
#undef SLUICE_PROTOCOL
};

inline constexpr size_t kProtocolCount = std::size(kProtocolWords);
static_assert(kProtocolCount <= 64, "a flow keeps six bits of it, a rule a mask of 64");
constexpr std::string_view word_of(Protocol protocol) {
  const auto index = static_cast<size_t>(protocol);
  return index < kProtocolCount ? kProtocolWords[index] : "?";
}
constexpr bool is_tunnel(Protocol protocol) {
  return kProtocolKinds[static_cast<size_t>(protocol)] != ProtocolKind::Plain;
}

/// Where the name of an access was seen, as `sluice.seen`.
enum class Seen : uint8_t {
  Nothing,
  Sni,
  Host,
  Authority,
  Question,
  Binding
};
inline constexpr std::string_view kSeenWords[] = {"nothing",   "sni",      "host",
                                                  "authority", "question", "binding"};
constexpr std::string_view word_of(Seen seen) {
  const auto index = static_cast<size_t>(seen);
  return index < std::size(kSeenWords) ? kSeenWords[index] : "?";
}

/// Who opened a flow: the LAN (outbound) or the line (inbound).
enum class Direction : uint8_t {
  Outbound,
  Inbound
};

}  // namespace sluice
