// control/dnstap: reads one dnstap message (protobuf) and the DNS answer in it (ldns).
#include "control/dnstap/answer_reader.h"

// stdbool.h: without it ldns makes `bool` and `false` macros.
#include <stdbool.h>

#include <dnstap.pb.h>
#include <ldns/ldns.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <string>

namespace sluice::control {
namespace {

constexpr uint16_t kEchVersion = 0xfe0d;
constexpr size_t kServiceFields = 3;  ///< of an SVCB or HTTPS record: priority, target, parameters

using Packet = std::unique_ptr<ldns_pkt, void (*)(ldns_pkt*)>;

/// The bindings of one answer, up to their bound.
class Bindings {
 public:
  explicit Bindings(std::vector<Binding>& out) : out_(out), end_(out.size() + kMaxAnswerBindings) {}
  void add(Binding::Kind kind, const Address& address, uint32_t ttl_s, std::string_view name) {
    if (out_.size() == end_) return;
    Binding& binding =
        out_.emplace_back(Binding{kind, address, ttl_s, static_cast<uint32_t>(name.size()), {}});
    std::memcpy(binding.name, name.data(), name.size());
  }

 private:
  std::vector<Binding>& out_;
  const size_t end_;
};

/// Bytes from the front. One that is not there makes all that follow empty.
class Reader {
 public:
  explicit Reader(std::span<const uint8_t> bytes) : left_(bytes) {}
  bool more() const { return !left_.empty(); }
  std::span<const uint8_t> take(size_t size) {
    if (size > left_.size()) return left_ = {};
    const auto out = left_.first(size);
    left_ = left_.subspan(size);
    return out;
  }
  size_t number(size_t bytes) {
    size_t out = 0;
    for (const uint8_t byte : take(bytes)) out = out << 8 | byte;
    return out;
  }
  /// What has its length before it, in so many bytes.
  std::span<const uint8_t> field(size_t length_bytes) { return take(number(length_bytes)); }

 private:
  std::span<const uint8_t> left_;
};

/// Adds bytes in lower case to name. False where one could be in no host's name.
bool append(std::string& name, std::span<const uint8_t> bytes, std::string_view also = {}) {
  for (const uint8_t byte : bytes) {
    const char small = static_cast<char>(byte >= 'A' && byte <= 'Z' ? byte | 0x20 : byte);
    const bool host =
        (small >= 'a' && small <= 'z') || (small >= '0' && small <= '9') || small == '-' || small == '_';
    if (!host && also.find(small) == also.npos) return false;
    name += small;
  }
  return true;
}

/// The name without its final dot; nothing where it could be no host's.
std::optional<std::string> host_name(const ldns_rdf* name) {
  std::string out;
  Reader wire({ldns_rdf_data(name), ldns_rdf_size(name)});
  for (auto label = wire.field(1); !label.empty(); label = wire.field(1)) {
    if (!out.empty()) out += '.';
    if (!append(out, label)) return std::nullopt;
  }
  if (out.empty() || out.size() > kMaxName) return std::nullopt;
  return out;
}

/// The record of this owner and type, or nullptr.
const ldns_rr* find(const ldns_rr_list* answers, const ldns_rdf* owner, ldns_rr_type type) {
  for (size_t i = 0; i < ldns_rr_list_rr_count(answers); ++i) {
    const ldns_rr* record = ldns_rr_list_rr(answers, i);
    if (ldns_rr_get_type(record) == type && ldns_rr_rd_count(record) == 1 &&
        ldns_dname_compare(ldns_rr_owner(record), owner) == 0)
      return record;
  }
  return nullptr;
}

/// The address of an A or AAAA record.
std::optional<Address> address_of(const ldns_rr* record) {
  if (ldns_rr_rd_count(record) != 1) return std::nullopt;
  const ldns_rdf* data = ldns_rr_rdf(record, 0);
  if (ldns_rr_get_type(record) == LDNS_RR_TYPE_A && ldns_rdf_size(data) == 4)
    return Address::from_v4(ldns_rdf_data(data));
  if (ldns_rr_get_type(record) == LDNS_RR_TYPE_AAAA && ldns_rdf_size(data) == 16)
    return Address::from_v6(ldns_rdf_data(data));
  return std::nullopt;
}

/// One question in the Internet's class, and an answer without an error.
bool may_teach(const ldns_pkt* packet) {
  return ldns_pkt_qr(packet) && ldns_pkt_get_opcode(packet) == LDNS_PACKET_QUERY &&
         ldns_pkt_get_rcode(packet) == LDNS_RCODE_NOERROR &&
         ldns_rr_list_rr_count(ldns_pkt_question(packet)) == 1 &&
         ldns_rr_get_class(ldns_rr_list_rr(ldns_pkt_question(packet), 0)) == LDNS_RR_CLASS_IN;
}

void add_addresses(const ldns_pkt* packet, Bindings& out) {
  const ldns_rr_list* answers = ldns_pkt_answer(packet);
  const ldns_rdf* owner = ldns_rr_owner(ldns_rr_list_rr(ldns_pkt_question(packet), 0));
  const std::optional<std::string> name = host_name(owner);
  if (!name) return;
  uint32_t ttl_s = UINT32_MAX;
  size_t aliases = 0;
  while (const ldns_rr* alias = find(answers, owner, LDNS_RR_TYPE_CNAME)) {
    if (++aliases > kMaxAliases) return;
    ttl_s = std::min(ttl_s, ldns_rr_ttl(alias));
    owner = ldns_rr_rdf(alias, 0);
  }
  for (size_t i = 0; i < ldns_rr_list_rr_count(answers); ++i) {
    const ldns_rr* record = ldns_rr_list_rr(answers, i);
    const std::optional<Address> address = address_of(record);
    if (address && ldns_dname_compare(ldns_rr_owner(record), owner) == 0)
      out.add(Binding::Kind::Address, *address, std::min(ttl_s, ldns_rr_ttl(record)), *name);
  }
}

/// The public names of an ECHConfigList. Source: RFC 9849 4.
void add_ech_names(std::span<const uint8_t> list, Bindings& out) {
  for (Reader configs(Reader(list).field(2)); configs.more();) {
    const bool known = configs.number(2) == kEchVersion;
    Reader config(configs.field(2));
    config.take(1 + 2);  // config_id, kem_id
    config.field(2);     // public_key
    config.field(2);     // cipher_suites
    config.take(1);      // maximum_name_length
    std::string name;
    if (known && append(name, config.field(1), ".") && !name.empty() && name.size() <= kMaxName)
      out.add(Binding::Kind::EchName, {}, 0, name);
  }
}

void add_ech_names(const ldns_rr_list* records, Bindings& out) {
  for (size_t i = 0; i < ldns_rr_list_rr_count(records); ++i) {
    const ldns_rr* record = ldns_rr_list_rr(records, i);
    const ldns_rr_type type = ldns_rr_get_type(record);
    if ((type != LDNS_RR_TYPE_HTTPS && type != LDNS_RR_TYPE_SVCB) ||
        ldns_rr_rd_count(record) != kServiceFields)
      continue;
    const ldns_rdf* data = ldns_rr_rdf(record, kServiceFields - 1);
    for (Reader params({ldns_rdf_data(data), ldns_rdf_size(data)}); params.more();) {
      const size_t key = params.number(2);
      const auto value = params.field(2);
      if (key == LDNS_SVCPARAM_KEY_ECH) add_ech_names(value, out);
    }
  }
}

}  // namespace

FrameKind read_answer(std::span<const uint8_t> frame, std::vector<Binding>& out) {
  dnstap::Dnstap tap;
  if (!tap.ParseFromArray(frame.data(), static_cast<int>(frame.size())) || !tap.has_type())
    return FrameKind::NotDnstap;
  const dnstap::Message& message = tap.message();
  const bool response = message.type() == dnstap::Message::CLIENT_RESPONSE ||
                        message.type() == dnstap::Message::RESOLVER_RESPONSE;
  if (tap.type() != dnstap::Dnstap::MESSAGE || !response || !message.has_response_message())
    return FrameKind::Other;
  const std::string& wire = message.response_message();
  ldns_pkt* parsed = nullptr;
  if (ldns_wire2pkt(&parsed, reinterpret_cast<const uint8_t*>(wire.data()), wire.size()) != LDNS_STATUS_OK)
    return FrameKind::UnreadableDns;
  const Packet packet(parsed, ldns_pkt_free);
  const size_t before = out.size();
  if (may_teach(packet.get())) {
    Bindings bindings(out);
    add_addresses(packet.get(), bindings);
    add_ech_names(ldns_pkt_answer(packet.get()), bindings);
    add_ech_names(ldns_pkt_additional(packet.get()), bindings);
  }
  return out.size() > before ? FrameKind::Answer : FrameKind::Other;
}

}  // namespace sluice::control
