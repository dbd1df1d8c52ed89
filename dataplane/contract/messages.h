// contract: what the two processes say to each other over the SOCK_SEQPACKET socket: one struct a packet.
//
// control → data plane: Hello at once after connect; then Load with one sealed memfd (SCM_RIGHTS) for each
// image. data plane → control: Welcome with one memfd (the shared memory) as the answer to Hello; Loaded for
// each Load. A packet of another size, magic, version or type ends the connection, with a line in the log of
// who received it.
#pragma once

#include <cstdint>

namespace sluice {

inline constexpr uint32_t kMessageMagic = 0x45434c53;  // "SLCE" as bytes
inline constexpr uint16_t kMessageVersion = 1;
inline constexpr size_t kMessageText = 200;

enum class MessageType : uint16_t {
  Hello = 1,
  Welcome = 2,
  Load = 3,
  Loaded = 4
};

struct Message {
  uint32_t magic;           ///< kMessageMagic
  uint16_t version;         ///< kMessageVersion
  uint16_t type;            ///< MessageType
  uint32_t generation;      ///< Welcome: the one in force, 0 if none; Load: the image's; Loaded: the same
  uint32_t accepted;        ///< Loaded: 1 in force, 0 refused
  char text[kMessageText];  ///< Loaded: why it was refused; zero-terminated
};
static_assert(sizeof(Message) == 216);

}  // namespace sluice
