// tests: fuzzing of decode: one frame, or one IP packet or quote.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "dataplane/decode/glance.h"
#include "dataplane/decode/link_control.h"

using sluice::Decoded;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const uint8_t how = data[0];
  const size_t head = std::min(size - 1, sluice::kMaxHeaderBytes);
  const auto exact = std::make_unique<uint8_t[]>(head);
  std::memcpy(exact.get(), data + 1, head);
  const std::span<const uint8_t> headers(exact.get(), head);
  sluice::Packet packet;
  const auto frame_size = static_cast<uint32_t>(size - 1);
  const Decoded decoded = how & 1 ? sluice::decode_ip(headers, frame_size, how & 2, packet)
                                  : sluice::decode_frame(headers, frame_size, packet);
  if (!(how & 1)) {
    // The short way of common frames comes to what the long one does.
    sluice::Packet in_full;
    const Decoded again = sluice::decode_any(headers, frame_size, in_full);
    if (again.kind != decoded.kind || again.reason != decoded.reason) std::abort();
    if (decoded.kind == Decoded::Kind::Ip && !(packet == in_full)) std::abort();
    // What is taken for a fragment at a glance is one, between the same addresses, or is refused.
    if (const auto ends = sluice::glance_at_fragment(headers); ends && decoded.kind != Decoded::Kind::Dropped)
      if (!packet.fragment || packet.source != sluice::Address::from_words(ends->first()) ||
          packet.destination != sluice::Address::from_words(ends->second()))
        std::abort();
  }
  if (decoded.kind != Decoded::Kind::Ip) return 0;
  // What decode says lies in the frame does.
  if (uint64_t{packet.payload_offset} + packet.payload_size > frame_size) std::abort();
  if (packet.payload_offset > headers.size()) std::abort();
  const auto payload = headers.subspan(packet.payload_offset);
  (void)sluice::link_control(packet, payload.first(std::min<size_t>(payload.size(), packet.payload_size)));
  (void)sluice::is_icmp_error(packet);
  return 0;
}
