// extract: the name in Google's own handshake.
#include "dataplane/extract/gquic.h"

#include <algorithm>
#include <string_view>

#include "dataplane/extract/quic_wire.h"

namespace sluice {
namespace {

__extension__ using Uint128 = unsigned __int128;

constexpr size_t kHash = 12;
constexpr uint8_t kPadding = 0, kClose = 2, kStopWaiting = 6, kPing = 7;
constexpr uint8_t kStream = 0x80, kAck = 0x40, kFrameMask = 0xc0;
constexpr uint64_t kCryptoStream = 1;
constexpr uint32_t kMaxEntries = 128;

uint32_t read_le(std::span<const uint8_t> bytes, size_t size) {
  uint32_t value = 0;
  for (size_t at = size; at-- > 0;) value = value << 8 | bytes[at];
  return value;
}

bool begins_with(std::span<const uint8_t> bytes, std::string_view text) {
  return std::equal(text.begin(), text.end(), bytes.begin());
}

/// FNV-1a of 128 bits.
class Hash {
 public:
  void add(std::span<const uint8_t> bytes) {
    for (const uint8_t byte : bytes) value_ = (value_ ^ byte) * kPrime;
  }
  bool is(std::span<const uint8_t> wire) const {
    for (size_t at = 0; at < kHash; ++at)
      if (wire[at] != static_cast<uint8_t>(value_ >> (8 * at))) return false;
    return true;
  }

 private:
  static constexpr Uint128 kPrime = Uint128{1} << 88 | 0x13b;
  Uint128 value_ = Uint128{0x6c62272e07bb0142} << 64 | 0x62b821756295c58d;
};

/// What precedes the hash: up to the packet number and with it. Returns 0 where the packet is shorter.
size_t header_size(std::span<const uint8_t> packet, int number, size_t& number_size) {
  size_t size = 0;
  if (number >= 44) {
    if (packet.size() < 6) return 0;
    const size_t to = packet[5] >> 4, from = packet[5] & 15;
    number_size = (packet[0] & 3U) + 1;
    size = 6 + (to ? to + 3 : 0) + (from ? from + 3 : 0) + number_size;
  } else {
    constexpr size_t kSizes[] = {1, 2, 4, 6};
    number_size = kSizes[packet[0] >> 4 & 3];
    size = 1 + 8 + 4 + number_size;
  }
  return size <= packet.size() ? size : 0;
}

/// A STREAM frame of the handshake: 1fdooossB, where d says that it has a length, ooo and ss how long its
/// offset and its id are.
bool take_crypto_stream(std::span<const uint8_t>& rest, uint8_t type, bool little_endian,
                        std::span<const uint8_t>& data) {
  uint64_t id = 0, size = 0;
  const uint64_t offset_size = type >> 2 & 7;
  if ((type & 3) != 0 || !take_number(rest, 1, id) || id != kCryptoStream) return false;
  if (!skip(rest, offset_size ? offset_size + 1 : 0)) return false;
  if (!(type & 0x20)) return take(rest, rest.size(), data);
  if (!take_number(rest, 2, size)) return false;
  return take(rest, little_endian ? (size & 0xff) << 8 | size >> 8 : size, data);
}

/// Name, NoName, Complete (no hello) or Malformed.
Extract read_frames(std::span<const uint8_t> rest, int number, size_t number_size, HostName& host) {
  if (number < 34 && !skip(rest, 1)) return Extract::Malformed;  // private flags
  Extract found = Extract::Complete;
  while (!rest.empty()) {
    const uint8_t type = rest[0];
    rest = rest.subspan(1);
    if (type == kPadding || type == kPing) continue;
    bool fits = false;
    if (type & kStream) {
      std::span<const uint8_t> data;
      size_t size = 0;
      // Servers refuse a hello that is cut, or a second one beside it.
      fits = found == Extract::Complete && take_crypto_stream(rest, type, number < 39, data);
      if (fits) found = read_google_hello(data, host, size);
      fits = fits && (found == Extract::Name || found == Extract::NoName);
    } else if ((type & kFrameMask) == kAck) {
      fits = skip_google_ack(rest, type);
    } else if (type == kStopWaiting) {
      fits = skip(rest, number_size);
    } else if (type == kClose) {
      fits = skip_google_close(rest);
    }
    if (!fits) return Extract::Malformed;
  }
  return found;
}

}  // namespace

Extract read_google_hello(std::span<const uint8_t> bytes, HostName& host, size_t& size) {
  constexpr std::string_view kTag = "CHLO", kName{"SNI\0", 4};
  constexpr size_t kHeader = 8, kEntry = 8;
  if (bytes.size() < kHeader) return Extract::NeedMore;
  const uint32_t entries = read_le(bytes.subspan(4), 2);
  if (!begins_with(bytes, kTag) || entries > kMaxEntries) return Extract::Malformed;
  const size_t values = kHeader + kEntry * entries;
  if (bytes.size() < values) return Extract::NeedMore;
  uint32_t from = 0;
  Extract found = Extract::NoName;
  for (uint32_t i = 0; i < entries; ++i) {
    const auto entry = bytes.subspan(kHeader + kEntry * i, kEntry);
    const uint32_t to = read_le(entry.subspan(4), 4);
    if (to < from || to > kMaxGoogleHello) return Extract::Malformed;
    if (bytes.size() < values + to) return Extract::NeedMore;
    if (begins_with(entry, kName)) {
      const auto text = bytes.subspan(values + from, to - from);
      if (found == Extract::Name || !host.assign({reinterpret_cast<const char*>(text.data()), text.size()}))
        return Extract::Malformed;
      if (!host.is_address()) found = Extract::Name;
    }
    from = to;
  }
  size = values + from;
  return found;
}

Extract read_google_packet(std::span<const uint8_t> packet, uint32_t version, HostName& host) {
  const int number = static_cast<int>((version >> 8 & 15) * 10 + (version & 15));
  size_t number_size = 0;
  const size_t header = header_size(packet, number, number_size);
  if (header == 0 || packet.size() < header + kHash) return Extract::Malformed;
  const auto frames = packet.subspan(header + kHash);
  const Extract found = read_frames(frames, number, number_size, host);
  if (found == Extract::Name || found == Extract::NoName) return found;
  Hash hash;
  hash.add(packet.first(header));
  hash.add(frames);
  constexpr uint8_t kPerspective[] = {'C', 'l', 'i', 'e', 'n', 't'};
  if (number > 36) hash.add(kPerspective);
  return hash.is(packet.subspan(header)) ? found : Extract::NotMine;
}

/// 01ntllmm: n, more than one block; ll, size of the largest number; mm, size of a block's length. Then the
/// number, a delay, the blocks, and the times of receipt.
bool skip_google_ack(std::span<const uint8_t>& bytes, uint8_t type) {
  constexpr uint8_t kSizes[] = {1, 2, 4, 6};
  const uint64_t number = kSizes[type >> 2 & 3], length = kSizes[type & 3];
  uint64_t blocks = 0, times = 0;
  if (!skip(bytes, number + 2)) return false;
  if ((type & 0x20) && !take_number(bytes, 1, blocks)) return false;
  if (!skip(bytes, length + blocks * (1 + length))) return false;
  if (!take_number(bytes, 1, times)) return false;
  return times == 0 || skip(bytes, 5 + (times - 1) * 3);
}

bool skip_google_close(std::span<const uint8_t>& bytes) {
  uint64_t reason = 0;
  return skip(bytes, 4) && take_number(bytes, 2, reason) && skip(bytes, reason);
}

}  // namespace sluice
