// control/witness: brings a few lines to whoever keeps them.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "control/policy/log_policy.h"
#include "control/send/send.h"

namespace sluice::control {

/// Signed lines of heads.jsonl that follow one another.
struct HeadLines {
  uint64_t first = 0, last = 0;  ///< their numbers
  std::string text;              ///< each with its line feed
};

/// Brings lines to the witness: a new file in a folder, a POST, a mail. site: who sends them; may be empty.
/// stop: ends it early where it becomes true. Returns an empty string where the witness has them for sure;
/// else why not, without URL or password.
[[nodiscard]] std::string deliver(const LogWitness& witness, const HeadLines& lines, const std::string& site,
                                  const SendBounds& limits, const std::atomic<bool>& stop);

}  // namespace sluice::control
