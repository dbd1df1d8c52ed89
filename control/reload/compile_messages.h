// control/reload: what control and the process that compiles for it say to each other.
//
// One packet over a SOCK_SEQPACKET pair for each message: a ParcelHeader, with a memfd that holds JSON and,
// in an answer with a policy, a second one: the sealed image.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "control/base/unique_fd.h"
#include "control/reload/compiler.h"

namespace sluice::control {

inline constexpr size_t kMaxParcelBytes = size_t{16} << 20;  ///< of the JSON; a longer one is refused

struct ParcelHeader {
  uint32_t magic;
  uint32_t size;  ///< bytes of the JSON
};
inline constexpr uint32_t kParcelMagic = 0x504d4353;  // "SCMP" as bytes

struct Parcel {
  std::string text;
  UniqueFd image;
};

/// image: -1 for none. Returns an empty string, or why it cannot be sent.
[[nodiscard]] std::string send_parcel(int socket, const std::string& text, int image);

enum class ReceiveResult : uint8_t {
  Got,
  Ended,
  Wrong  ///< no parcel, or too large a one
};
/// Waits for one packet.
[[nodiscard]] ReceiveResult receive_parcel(int socket, Parcel& parcel);

[[nodiscard]] std::string text_of(const CompileJob& job);
[[nodiscard]] std::string text_of(const CompileOutcome& outcome);
/// Each returns false where text is not what text_of makes: it comes from a process that may be broken.
[[nodiscard]] bool read_job(const std::string& text, CompileJob& job);
[[nodiscard]] bool read_outcome(const std::string& text, CompileOutcome& outcome);

}  // namespace sluice::control
