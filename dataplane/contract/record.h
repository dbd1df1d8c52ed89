// contract: the event record, 1 to 3 slots of 128 bytes in a worker's ring.
#pragma once

#include <cstddef>
#include <cstdint>

#include "dataplane/contract/address.h"
#include "dataplane/contract/image.h"
#include "dataplane/contract/reasons.h"

namespace sluice {

inline constexpr size_t kSlotBytes = 128;
inline constexpr size_t kNameInFirstSlot = 32;
inline constexpr size_t kMaxRecordSlots = 1 + (kMaxName - kNameInFirstSlot + kSlotBytes - 1) / kSlotBytes;

/// One access. Written by one worker, read by control; the name goes on in the slots that follow.
struct Record {
  uint64_t number;    ///< of this worker since it started, from 1; one that was lost leaves a gap
  int64_t time_ns;    ///< UTC since 1970
  uint8_t slots;      ///< 1..kMaxRecordSlots
  uint8_t action;     ///< Action
  uint8_t would;      ///< Action; read only when action is Observed
  uint8_t reason;     ///< Reason
  uint8_t transport;  ///< IP protocol number
  uint8_t protocol;   ///< Protocol
  uint8_t seen;       ///< Seen
  uint8_t direction;  ///< Direction
  uint8_t mac[6];     ///< of the opener's side, as the frame had it; zero if it came from the line
  uint16_t vlan;      ///< innermost VLAN id, or kNoVlan
  Address source;     ///< who opened the flow
  Address destination;
  uint16_t source_port;  ///< host byte order; 0 where there are none
  uint16_t destination_port;
  uint32_t generation;  ///< of the image that decided, whose strings name the rule, the list, the network,
                        ///< the line
  uint64_t
      source_bytes;  ///< transport payload that passed from the opener so far, the judged packet included
  uint64_t destination_bytes;
  uint16_t rule;      ///< index into Rules, or kNone16
  uint16_t list;      ///< index into Lists, or kNone16
  uint16_t network;   ///< index into Networks, or kNone16
  uint8_t line;       ///< the pair, by its place in SharedHeader::pairs
  uint8_t name_size;  ///< 0..253
  char name[kNameInFirstSlot];
};
static_assert(sizeof(Record) == kSlotBytes);

constexpr uint8_t slots_for(size_t name_size) {
  return static_cast<uint8_t>(
      name_size <= kNameInFirstSlot ? 1 : 1 + (name_size - kNameInFirstSlot + kSlotBytes - 1) / kSlotBytes);
}

}  // namespace sluice
