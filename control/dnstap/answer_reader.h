// control/dnstap: which addresses an answer binds to which name.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dataplane/contract/messages.h"

namespace sluice::control {

/// An answer binds no more addresses than these; the first ones count.
inline constexpr size_t kMaxAnswerAddresses = 64;
/// A chain of aliases from the question's name to its addresses has no more links than these.
inline constexpr size_t kMaxAliases = 16;

enum class FrameKind {
  Answer,         ///< it bound one address at least
  Other,          ///< another message, or an answer that binds nothing
  UnreadableDns,  ///< a resolver passes on what it was told, so this may be any server's fault
  NotDnstap
};

/// Reads the payload of one data frame and adds what it binds to out: addresses at the end of the chain of
/// aliases that begins at the name asked for, bound to that name.
[[nodiscard]] FrameKind read_answer(std::span<const uint8_t> frame, std::vector<Binding>& out);

}  // namespace sluice::control
