// extract: the frames of a QUIC Initial.
#include "dataplane/extract/quic.h"
#include "dataplane/extract/quic_wire.h"

namespace sluice {
namespace {

// RFC 9000 19.
constexpr uint8_t kPadding = 0, kPing = 1, kAck = 2, kAckEcn = 3, kCrypto = 6, kClose = 0x1c;
// Google's frames up to version 50.
constexpr uint8_t kGoogleClose = 2, kGooglePing = 7, kGoogleCrypto = 8, kGoogleAck = 0x40,
                  kGoogleAckMask = 0xc0;

}  // namespace

Extract QuicFrames::next(QuicCrypto& out) {
  while (!rest_.empty()) {
    const uint8_t type = rest_[0];
    rest_ = rest_.subspan(1);
    bool fits = true;
    if (type == kPadding || type == (google_ ? kGooglePing : kPing)) continue;
    if (type == (google_ ? kGoogleCrypto : kCrypto))
      return take_crypto(out) ? Extract::NeedMore : Extract::Malformed;
    if (google_) {
      if ((type & kGoogleAckMask) == kGoogleAck) {
        fits = skip_google_ack(type);
      } else {
        fits = type == kGoogleClose && skip_google_close();
      }
    } else if (type == kAck || type == kAckEcn) {
      fits = skip_ack(type == kAckEcn);
    } else {
      fits = type == kClose && skip_close();
    }
    if (!fits) return Extract::Malformed;
  }
  return Extract::Complete;
}

bool QuicFrames::take_crypto(QuicCrypto& out) {
  uint64_t offset = 0, size = 0;
  if (!take_varint(rest_, offset) || !take_varint(rest_, size) || !take(rest_, size, out.bytes)) return false;
  if (offset + size > kMaxQuicCrypto) return false;
  out.offset = static_cast<uint32_t>(offset);
  return true;
}

bool QuicFrames::skip_ack(bool counts_ecn) {
  uint64_t value = 0, ranges = 0;
  // Largest acknowledged, delay; how many more ranges; the first range.
  if (!take_varint(rest_, value) || !take_varint(rest_, value)) return false;
  if (!take_varint(rest_, ranges) || !take_varint(rest_, value)) return false;
  // A gap and a range each. Every one takes a byte at least, so a lie about their number ends with the bytes.
  uint64_t numbers = ranges > rest_.size() ? rest_.size() + 1 : 2 * ranges;
  if (counts_ecn) numbers += 3;
  for (; numbers > 0; --numbers)
    if (!take_varint(rest_, value)) return false;
  return true;
}

bool QuicFrames::skip_close() {
  uint64_t value = 0, reason = 0;  // error code, type of the frame at fault, length of the reason
  return take_varint(rest_, value) && take_varint(rest_, value) && take_varint(rest_, reason) &&
         skip(rest_, reason);
}

/// 01ntllmm: n, more than one block; ll, size of the largest number; mm, size of a block's length. Then the
/// number, a delay, the blocks, and the times of receipt.
bool QuicFrames::skip_google_ack(uint8_t type) {
  constexpr uint8_t kSizes[] = {1, 2, 4, 6};
  const uint64_t number = kSizes[type >> 2 & 3], length = kSizes[type & 3];
  uint64_t blocks = 0, times = 0;
  if (!skip(rest_, number + 2)) return false;
  if ((type & 0x20) && !take_number(rest_, 1, blocks)) return false;
  if (!skip(rest_, length + blocks * (1 + length))) return false;
  if (!take_number(rest_, 1, times)) return false;
  return times == 0 || skip(rest_, 5 + (times - 1) * 3);
}

bool QuicFrames::skip_google_close() {
  uint64_t reason = 0;
  return skip(rest_, 4) && take_number(rest_, 2, reason) && skip(rest_, reason);
}

}  // namespace sluice
