// extract: the frames of a QUIC Initial.
#include "dataplane/extract/gquic.h"
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
        fits = skip_google_ack(rest_, type);
      } else {
        fits = type == kGoogleClose && skip_google_close(rest_);
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

}  // namespace sluice
