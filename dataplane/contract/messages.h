// contract: what the two processes say to each other over the SOCK_SEQPACKET socket: one struct a packet.
//
// control → data plane: Hello at once after connect; then Load with one sealed memfd (SCM_RIGHTS) for each
// image; Bind with bindings behind it, one at a time. data plane → control: Welcome with one memfd (the
// shared memory) as the answer to Hello; Loaded for each Load; Bound for each Bind. A packet of another size,
// magic, version or type ends the connection, with a line in the log of who received it.
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <span>

#include "dataplane/contract/address.h"
#include "dataplane/contract/image.h"

namespace sluice {

inline constexpr uint32_t kMessageMagic = 0x45434c53;  // "SLCE" as bytes
inline constexpr uint16_t kMessageVersion = 3;
inline constexpr size_t kMessageText = 200;

enum class MessageType : uint16_t {
  Hello = 1,
  Welcome = 2,
  Load = 3,
  Loaded = 4,
  Bind = 5,
  Bound = 6,
  NotKept = 7  ///< beside Loaded: what is in force will not be there at the next start
};

struct Message {
  uint32_t magic;           ///< kMessageMagic
  uint16_t version;         ///< kMessageVersion
  uint16_t type;            ///< MessageType
  uint32_t generation;      ///< Welcome: the one in force, 0 if none; Load: the image's; Loaded: the same
  uint32_t accepted;        ///< Loaded: 1 in force, 0 refused; Bound: how many bindings every worker took
  char text[kMessageText];  ///< Loaded: why it was refused; NotKept: why not; zero-terminated
};
static_assert(sizeof(Message) == 216);

/// What a resolver learnt of a name.
struct Binding {
  enum class Kind : uint32_t {
    Address,  ///< it is the name of address
    EchName   ///< it shows in place of names that Encrypted Client Hello hides
  };
  Kind kind;
  Address address;
  uint32_t ttl_s;
  uint32_t name_size;       ///< 1..kMaxName
  char name[kMaxName + 3];  ///< in lower case, without a final dot
};
static_assert(sizeof(Binding) == 284);
inline constexpr size_t kMaxBindings = 32;  ///< of one Bind

inline Message make_message(MessageType type, uint32_t generation) {
  Message message{};
  message.magic = kMessageMagic;
  message.version = kMessageVersion;
  message.type = static_cast<uint16_t>(type);
  message.generation = generation;
  return message;
}

/// Sends one message over a SOCK_SEQPACKET socket, with a descriptor where fd is not -1 (SCM_RIGHTS), and
/// with what a Bind brings. Returns false, with errno, where it could not be sent whole.
[[nodiscard]] inline bool send_message(int socket, const Message& message, int fd,
                                       std::span<const Binding> bindings = {}) {
  iovec parts[] = {{const_cast<Message*>(&message), sizeof message},
                   {const_cast<Binding*>(bindings.data()), bindings.size_bytes()}};
  alignas(cmsghdr) char rights[CMSG_SPACE(sizeof fd)] = {};
  msghdr header{};
  header.msg_iov = parts;
  header.msg_iovlen = std::size(parts);
  if (fd >= 0) {
    header.msg_control = rights;
    header.msg_controllen = sizeof rights;
    cmsghdr* control = CMSG_FIRSTHDR(&header);
    control->cmsg_level = SOL_SOCKET;
    control->cmsg_type = SCM_RIGHTS;
    control->cmsg_len = CMSG_LEN(sizeof fd);
    std::memcpy(CMSG_DATA(control), &fd, sizeof fd);
  }
  return sendmsg(socket, &header, MSG_NOSIGNAL) ==
         static_cast<ssize_t>(sizeof message + bindings.size_bytes());
}

}  // namespace sluice
