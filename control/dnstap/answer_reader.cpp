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

using Packet = std::unique_ptr<ldns_pkt, void (*)(ldns_pkt*)>;

bool is_host_byte(uint8_t byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-' || byte == '_';
}

/// The name in lower case and without its final dot; nothing where it could be no host's.
std::optional<std::string> host_name(const ldns_rdf* name) {
  const std::span<const uint8_t> wire(ldns_rdf_data(name), ldns_rdf_size(name));
  std::string out;
  for (size_t at = 0; at < wire.size() && wire[at] != 0;) {
    const size_t label = wire[at++];
    if (label > wire.size() - at) return std::nullopt;
    if (!out.empty()) out += '.';
    for (size_t end = at + label; at < end; ++at) {
      const auto byte = static_cast<uint8_t>(wire[at] >= 'A' && wire[at] <= 'Z' ? wire[at] | 0x20 : wire[at]);
      if (!is_host_byte(byte)) return std::nullopt;
      out += static_cast<char>(byte);
    }
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

/// One question for an address in the Internet's class, and an answer without an error.
bool may_bind(const ldns_pkt* packet) {
  if (!ldns_pkt_qr(packet) || ldns_pkt_get_opcode(packet) != LDNS_PACKET_QUERY ||
      ldns_pkt_get_rcode(packet) != LDNS_RCODE_NOERROR ||
      ldns_rr_list_rr_count(ldns_pkt_question(packet)) != 1)
    return false;
  const ldns_rr* question = ldns_rr_list_rr(ldns_pkt_question(packet), 0);
  const ldns_rr_type type = ldns_rr_get_type(question);
  return ldns_rr_get_class(question) == LDNS_RR_CLASS_IN &&
         (type == LDNS_RR_TYPE_A || type == LDNS_RR_TYPE_AAAA);
}

void add_bindings(const ldns_pkt* packet, std::vector<Binding>& out) {
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
  Binding binding{};
  binding.name_size = static_cast<uint32_t>(name->size());
  std::memcpy(binding.name, name->data(), name->size());
  size_t bound = 0;
  for (size_t i = 0; i < ldns_rr_list_rr_count(answers) && bound < kMaxAnswerAddresses; ++i) {
    const ldns_rr* record = ldns_rr_list_rr(answers, i);
    const std::optional<Address> address = address_of(record);
    if (!address || ldns_dname_compare(ldns_rr_owner(record), owner) != 0) continue;
    binding.address = *address;
    binding.ttl_s = std::min(ttl_s, ldns_rr_ttl(record));
    out.push_back(binding);
    ++bound;
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
  if (may_bind(packet.get())) add_bindings(packet.get(), out);
  return out.size() > before ? FrameKind::Answer : FrameKind::Other;
}

}  // namespace sluice::control
