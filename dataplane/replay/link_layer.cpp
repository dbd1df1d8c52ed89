// replay: frames of other link layers become Ethernet, so that one pipeline takes them all.
#include "dataplane/replay/link_layer.h"

#include <pcap/pcap.h>

#include <algorithm>
#include <cstring>
#include <optional>

namespace sluice::replay {
namespace {

using Frame = std::span<const uint8_t>;

constexpr uint16_t kIpv4 = 0x0800, kIpv6 = 0x86dd;

// LINKTYPE values, which captures hold; DLT values differ from them for raw IP only.
enum Link : uint32_t {
  kNull = 0,
  kEthernet = 1,
  kPpp = 9,
  kRawOnLinux = 12,
  kRawOnOpenBsd = 14,
  kPppHdlc = 50,
  kRaw = 101,
  kCiscoHdlc = 104,
  kLoop = 108,
  kCooked = 113,
  kArcnetLinux = 129,
  kIpv4Only = 228,
  kIpv6Only = 229,
  kNflog = 239,
  kCooked2 = 276,
};

/// What a link header says: the ethertype of what follows it, and where that is.
struct Inside {
  uint16_t ethertype;
  size_t offset;
};

uint16_t be16(Frame frame, size_t at) {
  return static_cast<uint16_t>(frame[at] << 8 | frame[at + 1]);
}

std::optional<uint16_t> ip_ethertype(Frame frame, size_t at) {
  if (at >= frame.size()) return {};
  const uint8_t version = frame[at] >> 4;
  if (version == 4) return kIpv4;
  if (version == 6) return kIpv6;
  return {};
}

std::optional<Inside> ip_at(Frame frame, size_t at) {
  const auto type = ip_ethertype(frame, at);
  if (!type) return {};
  return Inside{*type, at};
}

std::optional<Inside> typed(Frame frame, size_t type_at, size_t offset) {
  if (frame.size() < offset) return {};
  return Inside{be16(frame, type_at), offset};
}

/// PPP, with or without address and control (RFC 1662 3.1), its protocol one byte or two (RFC 1661 6.5).
std::optional<Inside> ppp(Frame frame) {
  size_t at = frame.size() >= 2 && frame[0] == 0xff && frame[1] == 0x03 ? 2 : 0;
  if (frame.size() < at + 2) return {};
  const bool one_byte = frame[at] & 1;
  const uint16_t protocol = one_byte ? frame[at] : be16(frame, at);
  at += one_byte ? 1 : 2;
  if (protocol != 0x0021 && protocol != 0x0057) return {};
  return Inside{protocol == 0x0021 ? kIpv4 : kIpv6, at};
}

/// Source, destination, two bytes of offset, protocol; RFC 1201 adds a split flag and a sequence number, and
/// its exception frames four bytes before them. Split packets are left out.
std::optional<Inside> arcnet(Frame frame) {
  constexpr size_t kOldHeader = 5, kNewHeader = 8, kException = 4;
  constexpr uint8_t kOldIp = 240, kNewIp = 212, kNewIpv6 = 196;
  if (frame.size() < kNewHeader) return {};
  const uint8_t protocol = frame[4];
  if (protocol == kOldIp) return ip_at(frame, kOldHeader);
  if (protocol != kNewIp && protocol != kNewIpv6) return {};
  if (frame[5] == 0xff) return ip_at(frame, kNewHeader + kException);
  return frame[5] == 0 ? ip_at(frame, kNewHeader) : std::nullopt;
}

/// Four bytes, then attributes of a length and a type in the capturing host's byte order, padded to four.
std::optional<Inside> nflog(Frame frame) {
  constexpr uint16_t kPayload = 9;
  size_t at = 4;
  while (at + 4 <= frame.size()) {
    uint16_t size, type;
    std::memcpy(&size, frame.data() + at, 2);
    std::memcpy(&type, frame.data() + at + 2, 2);
    if (type == kPayload) return ip_at(frame, at + 4);
    if (size < 4) return {};
    at += (size + 3U) & ~3U;
  }
  return {};
}

std::optional<Inside> look_inside(uint32_t link, Frame frame) {
  switch (link) {
    case kNull:
    case kLoop:
      return ip_at(frame, 4);  // the family's number differs between systems: the version tells
    case kRawOnLinux:
    case kRawOnOpenBsd:
    case kRaw:
    case kIpv4Only:
    case kIpv6Only:
      return ip_at(frame, 0);
    case kPpp:
    case kPppHdlc:
      return ppp(frame);
    case kCiscoHdlc:
      return typed(frame, 2, 4);
    case kCooked:
      return typed(frame, 14, 16);
    case kCooked2:
      return typed(frame, 0, 20);
    case kArcnetLinux:
      return arcnet(frame);
    case kNflog:
      return nflog(frame);
    default:
      return {};
  }
}

}  // namespace

bool link_is_known(uint32_t link) {
  switch (link) {
    case kNull:
    case kEthernet:
    case kPpp:
    case kRawOnLinux:
    case kRawOnOpenBsd:
    case kPppHdlc:
    case kRaw:
    case kCiscoHdlc:
    case kLoop:
    case kCooked:
    case kArcnetLinux:
    case kIpv4Only:
    case kIpv6Only:
    case kNflog:
    case kCooked2:
      return true;
    default:
      return false;
  }
}

std::string link_name(uint32_t link) {
  const char* name = pcap_datalink_val_to_name(static_cast<int>(link));
  return std::string(name != nullptr ? name : "unknown") + " (" + std::to_string(link) + ")";
}

bool to_ethernet(uint32_t link, Frame frame, std::vector<uint8_t>& out) {
  out.clear();
  if (link == kEthernet) {
    out.assign(frame.begin(), frame.end());
    return true;
  }
  const auto inside = look_inside(link, frame);
  if (!inside || inside->ethertype < 0x0600) return false;
  out.resize(12);
  out.push_back(static_cast<uint8_t>(inside->ethertype >> 8));
  out.push_back(static_cast<uint8_t>(inside->ethertype));
  out.insert(out.end(), frame.begin() + static_cast<ptrdiff_t>(inside->offset), frame.end());
  return true;
}

void mend_lengths(std::vector<uint8_t>& frame) {
  constexpr uint16_t kVlan = 0x8100, kQinQ = 0x88a8;
  constexpr size_t kAddresses = 12, kType = 2, kTag = 4, kIpv4Header = 20, kIpv6Header = 40, kUdpHeader = 8;
  constexpr uint8_t kUdp = 17;
  const auto type_at = [&frame](size_t at) {
    return at + kType <= frame.size() ? be16(frame, at) : uint16_t{0};
  };
  size_t at = kAddresses;
  while (type_at(at) == kVlan || type_at(at) == kQinQ) at += kTag;
  const size_t ip = at + kType;
  const bool v4 = type_at(at) == kIpv4;
  if ((!v4 && type_at(at) != kIpv6) || frame.size() < ip + (v4 ? kIpv4Header : kIpv6Header)) return;
  const auto shorten = [&frame](size_t length_at, size_t counted_from) {
    const size_t there = std::min(frame.size() - counted_from, size_t{0xffff});
    const size_t told = be16(frame, length_at);
    if (told != 0 && told <= there) return false;
    frame[length_at] = static_cast<uint8_t>(there >> 8);
    frame[length_at + 1] = static_cast<uint8_t>(there);
    return true;
  };
  const bool mended = v4 ? shorten(ip + 2, ip) : shorten(ip + 4, ip + kIpv6Header);
  const size_t udp = ip + (v4 ? (frame[ip] & 0x0f) * 4U : kIpv6Header);
  if (mended && frame[ip + (v4 ? 9 : 6)] == kUdp && udp + kUdpHeader <= frame.size()) shorten(udp + 4, udp);
}

}  // namespace sluice::replay
