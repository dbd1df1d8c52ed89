// control/dnstap: what an answer teaches of names.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dataplane/contract/messages.h"

namespace sluice::control {

/// An answer teaches no more addresses and public names than these; the first ones count.
inline constexpr size_t kMaxAnswerBindings = 64;
/// A chain of aliases from the question's name to its addresses has no more links than these.
inline constexpr size_t kMaxAliases = 16;

enum class FrameKind {
  Answer,         ///< it taught something
  Other,          ///< another message, or an answer that teaches nothing
  UnreadableDns,  ///< a resolver passes on what it was told, so this may be any server's fault
  NotDnstap
};

/// Reads the payload of one data frame and adds to out what it teaches: addresses at the end of the chain of
/// aliases that begins at the name asked for, bound to that name; the public names of Encrypted Client Hello
/// in SVCB and HTTPS records.
[[nodiscard]] FrameKind read_answer(std::span<const uint8_t> frame, std::vector<Binding>& out);

}  // namespace sluice::control
