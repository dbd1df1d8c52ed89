// control/sealed: how a line of history and its head are written.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "control/sealed/signing_key.h"

namespace sluice::control {

/// The last line there is.
struct SealedHead {
  uint64_t number = 0;
  std::string sha256;
};

/// The head's file, of one size always.
[[nodiscard]] std::string head_text(const SealedHead& head, const SigningKey& key);
/// Nothing where text is not, byte by byte, what head_text writes with this key.
[[nodiscard]] std::optional<SealedHead> read_head(std::string_view text, const SigningKey& key);

/// body: a JSON object; the signature becomes its last member.
[[nodiscard]] std::string with_signature(std::string_view body, std::string_view signature);

/// A line of the chain, taken apart; views into it.
struct SignedLine {
  std::string body;  ///< what is signed
  std::string_view signature;
};
/// Nothing where the line bears no signature.
[[nodiscard]] std::optional<SignedLine> take_apart(std::string_view line);

}  // namespace sluice::control
