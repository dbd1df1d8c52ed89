// tests: builds frames of every shape, right by default and wrong where asked.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct rte_mbuf;
struct rte_mempool;

namespace sluice::test {

using Bytes = std::vector<uint8_t>;
using Mac = std::array<uint8_t, 6>;

inline constexpr Mac kClientMac = {2, 0, 0, 0, 0, 1};
inline constexpr Mac kServerMac = {2, 0, 0, 0, 0, 2};

/// The bytes of text, which may hold zeros.
Bytes bytes(std::string_view text);
/// 16 bits or 32 bits in network byte order, at the end of out.
void put16(Bytes& out, uint32_t value);
void put32(Bytes& out, uint32_t value);
void put(Bytes& out, const Bytes& more);
/// The 4 or 16 bytes of an address in text; ends the program where it is none.
Bytes address_bytes(std::string_view text);
/// The sum of RFC 1071, inverted, computed word by word: independent of the gateway's own.
uint16_t plain_checksum(const Bytes& data);

/// One frame under construction; each call sets one thing and returns the frame.
class Frame {
 public:
  Frame& mac(Mac from, Mac to);
  Frame& vlan(uint16_t id, uint16_t tpid = 0x8100, uint8_t priority = 0);  ///< outermost first
  Frame& ethertype(uint16_t type);  ///< not IP, or a lie about it; else it follows from ip()
  Frame& ip(std::string_view source, std::string_view destination);  ///< IPv4 or IPv6 by their form
  Frame& ttl(uint8_t hops);
  Frame& protocol(uint8_t number);   ///< instead of tcp(), udp() or icmp(): what follows is payload
  Frame& ip_options(Bytes options);  ///< IPv4; padded to 4 bytes
  /// An IPv6 extension header; body is what follows its first two bytes, and is padded to 8 bytes.
  Frame& extension(uint8_t type, Bytes body = {1, 4, 0, 0, 0, 0});
  Frame& fragment(uint16_t offset_bytes, bool more, uint32_t id = 7);
  Frame& tcp(uint16_t source, uint16_t destination, uint8_t flags, uint32_t seq = 1000, uint32_t ack = 5000);
  Frame& urgent(uint16_t pointer);    ///< sets URG too
  Frame& tcp_options(Bytes options);  ///< padded to 4 bytes
  Frame& udp(uint16_t source, uint16_t destination);
  Frame& icmp(uint8_t type, uint8_t code, uint32_t rest = 0);  ///< ICMPv6 over IPv6
  Frame& payload(Bytes data);
  Frame& payload(std::string_view data) { return payload(bytes(data)); }
  Frame& pad_to(size_t size);  ///< link padding behind the packet

  Frame& wrong_ip_checksum();
  Frame& wrong_l4_checksum();
  Frame& unfinished_checksum();  ///< the pseudo-header's sum, as a software port leaves it
  Frame& no_udp_checksum();
  Frame& ip_length(uint16_t value);  ///< IPv4 total length, IPv6 payload length
  Frame& ip_header_words(uint8_t value);
  Frame& udp_length(uint16_t value);
  Frame& tcp_header_words(uint8_t value);

  Bytes build() const;
  /// Offset of the IP header in build().
  size_t l3_offset() const { return 14 + 4 * tags_.size(); }

 private:
  struct Tag {
    uint16_t tpid, control;
  };
  struct Extension {
    uint8_t type;
    Bytes body;
  };
  enum class Transport : uint8_t {
    None,
    Tcp,
    Udp,
    Icmp
  };
  enum class Sum : uint8_t {
    Right,
    Wrong,
    Unfinished,
    None
  };

  bool v6() const { return source_.size() == 16; }
  uint8_t transport_number() const;
  Bytes transport_header() const;
  Bytes pseudo_header(size_t l4_size) const;
  void finish_checksum(Bytes& l4) const;
  Bytes ipv4_header(size_t l4_size) const;
  Bytes ipv6_headers(size_t l4_size) const;

  Mac from_ = kClientMac, to_ = kServerMac;
  std::vector<Tag> tags_;
  std::optional<uint16_t> ethertype_;
  Bytes source_, destination_, ip_options_, tcp_options_, payload_;
  std::vector<Extension> extensions_;
  Transport transport_ = Transport::None;
  Sum ip_sum_ = Sum::Right, l4_sum_ = Sum::Right;
  std::optional<uint8_t> protocol_;
  std::optional<uint16_t> ip_length_, udp_length_;
  std::optional<uint8_t> ip_header_words_, tcp_header_words_;
  uint16_t urgent_ = 0;
  uint8_t ttl_ = 64, tcp_flags_ = 0, icmp_type_ = 0, icmp_code_ = 0;
  uint16_t source_port_ = 0, destination_port_ = 0, fragment_ = 0;
  uint32_t fragment_id_ = 0x1234, seq_ = 0, ack_ = 0, icmp_rest_ = 0;
  size_t pad_to_ = 0;
};

/// The fragments of a frame whose IP header begins at l3_offset: cut at these bytes of what IP carries, which
/// are multiples of eight; those behind its end count for nothing. IPv6's fragment header comes behind
/// hop-by-hop options, before all else.
std::vector<Bytes> fragments_of(const Bytes& frame, size_t l3_offset, std::vector<size_t> cuts,
                                uint32_t id = 7);

/// frame in a chain of buffers with segment_bytes each (0: as few as hold it). The caller owns it.
rte_mbuf* to_mbuf(rte_mempool* pool, const Bytes& frame, size_t segment_bytes = 0);
/// frame in one buffer around a block of its exact size, so that the sanitizer sees a read beyond it.
rte_mbuf* to_exact_mbuf(rte_mempool* pool, const Bytes& frame);
/// All bytes of a chain.
Bytes to_bytes(const rte_mbuf* mbuf);

}  // namespace sluice::test
