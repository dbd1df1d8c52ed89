// contract: the event record, 1 to 3 slots of 128 bytes in a worker's ring: an access, or the end of a flow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

#include "dataplane/contract/address.h"
#include "dataplane/contract/image.h"
#include "dataplane/contract/reasons.h"

namespace sluice {

inline constexpr size_t kSlotBytes = 128;
inline constexpr size_t kNameInFirstSlot = 32;

/// How a flow ended, as `sluice.ended`; what the records say of it that are no access'.
enum class Ended : uint8_t {
  No,         ///< the record is an access'
  Fin,        ///< idle after a FIN
  Reset,      ///< idle after an RST
  Timeout,    ///< idle for as long as its kind may be
  Replaced,   ///< another connection began on its ports
  Blocked,    ///< refused: nothing more of it passes
  Stopped,    ///< the data plane ended, in good order
  Continues,  ///< it has not ended: what passed so far, as it is long or much
};
inline constexpr std::string_view kEndedWords[] = {"no",       "fin",     "reset",   "timeout",
                                                   "replaced", "blocked", "stopped", "continues"};
inline constexpr size_t kEndedCount = std::size(kEndedWords);
constexpr std::string_view word_of(Ended ended) {
  const auto index = static_cast<size_t>(ended);
  return index < kEndedCount ? kEndedWords[index] : "?";
}

/// What an end says beside a record's other fields. Everything counts from the flow's first packet, or from
/// its last record with Ended::Continues, so all records of a flow together have its sums.
struct EndPart {
  uint64_t access;  ///< number of the flow's record before this one; 0: it has none
  uint32_t source_packets, destination_packets;  ///< that passed
  uint32_t duration_ms;                          ///< to its last packet
  uint32_t idle_ms;                              ///< since then
  uint32_t left_out;  ///< flows that ended since the worker's last end and have none of their own: too many,
                      ///< and nothing was decided of them, or nothing of them passed
  uint32_t reserved;  ///< 0
};
static_assert(sizeof(EndPart) == kNameInFirstSlot);

constexpr uint8_t slots_for(size_t name_size, Ended ended = Ended::No) {
  const size_t in_first = ended == Ended::No ? kNameInFirstSlot : 0;
  return static_cast<uint8_t>(
      name_size <= in_first ? 1 : 1 + (name_size - in_first + kSlotBytes - 1) / kSlotBytes);
}
inline constexpr size_t kMaxRecordSlots = slots_for(kMaxName, Ended::Fin);

/// One access, or one flow's end. Written by one worker, read by control; the name goes on in the slots that
/// follow; an end's begins there.
struct Record {
  uint64_t number;     ///< of this worker since it started, from 1; one that was lost leaves a gap
  int64_t time_ns;     ///< UTC since 1970
  uint8_t slots;       ///< 1..kMaxRecordSlots
  uint8_t action : 4;  ///< Action
  uint8_t would : 4;   ///< Action; read only when action is Observed
  uint8_t ttl;         ///< TTL or hop limit of the judged packet, where the opener sent it; 0: none is known
  uint8_t reason;      ///< Reason
  uint8_t transport;   ///< IP protocol number
  uint8_t protocol;    ///< Protocol
  uint8_t seen;        ///< Seen
  Direction direction : 4;
  Ended ended : 4;
  uint8_t mac[6];  ///< of the opener's side, as the frame had it; zero if it came from the line
  uint16_t vlan;   ///< innermost VLAN id, or kNoVlan
  Address source;  ///< who opened the flow
  Address destination;
  uint16_t source_port;  ///< host byte order; 0 where there are none
  uint16_t destination_port;
  uint32_t generation;    ///< of the image that decided, whose strings name the rule, the list, the network,
                          ///< the line
  uint64_t source_bytes;  ///< transport payload that passed from the opener so far, the judged packet
                          ///< included; of an end see EndPart
  uint64_t destination_bytes;
  uint16_t rule;      ///< index into Rules, or kNone16
  uint16_t list;      ///< index into Lists, or kNone16
  uint16_t network;   ///< index into Networks, or kNone16
  uint8_t line;       ///< the pair, by its place in SharedHeader::pairs
  uint8_t name_size;  ///< 0..253
  union {
    char name[kNameInFirstSlot];  ///< of an access
    EndPart end;
  };
};
static_assert(sizeof(Record) == kSlotBytes);
static_assert(kActionCount <= 16);

}  // namespace sluice
