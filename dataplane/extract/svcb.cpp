// extract: the parameters of SVCB and HTTPS records, and the ECH configurations among them.
#include "dataplane/extract/svcb.h"

#include <algorithm>
#include <cstring>

#include "dataplane/extract/dns_reader.h"

namespace sluice {
namespace {

constexpr uint16_t kEchVersion = 0xfe0d;
constexpr size_t kParamHeader = 4;

bool is_address_list(const SvcParam& param, size_t size) {
  return !param.value.empty() && param.value.size() % size == 0;
}

void put16(uint8_t* at, size_t value) {
  at[0] = static_cast<uint8_t>(value >> 8);
  at[1] = static_cast<uint8_t>(value);
}

/// Where the parameter that takes the place of `ech` goes, and under which key.
struct Place {
  uint16_t key = kSvcLastPrivate;
  size_t before = 0;  ///< bytes of the parameters that stay before it, `ech` itself not counted
};

/// The last private key that the record has not got. Parameters of such keys stand at the end and have been
/// counted down from the last key on; whatever is smaller stays before.
Place place_for(std::span<const uint8_t> params) {
  bool taken[kSvcLastPrivate - kSvcFirstPrivate + 1] = {};
  SvcParams walk(params);
  SvcParam param;
  while (walk.next(param) == Extract::Name)
    if (param.key >= kSvcFirstPrivate && param.key <= kSvcLastPrivate)
      taken[param.key - kSvcFirstPrivate] = true;
  Place place;
  while (place.key >= kSvcFirstPrivate && taken[place.key - kSvcFirstPrivate]) --place.key;
  walk = SvcParams(params);
  while (walk.next(param) == Extract::Name)
    if (param.key != kSvcEch && param.key < place.key) place.before += kParamHeader + param.value.size();
  return place;
}

/// Returns false where there is no key to put in its place.
bool strip_param(std::span<uint8_t> params, const SvcParam& ech) {
  const Place place = place_for(params);
  if (place.key < kSvcFirstPrivate) return false;
  uint8_t* const from = params.data() + (ech.value.data() - params.data()) - kParamHeader;
  const size_t size = kParamHeader + ech.value.size();
  uint8_t* const to = params.data() + place.before;
  std::memmove(from, from + size, static_cast<size_t>(to - from));
  put16(to, place.key);
  put16(to + 2, ech.value.size());
  std::fill_n(to + kParamHeader, ech.value.size(), uint8_t{0});
  return true;
}

}  // namespace

Extract SvcParams::next(SvcParam& out) {
  if (left_.empty()) return Extract::Complete;
  DnsReader reader(left_, 0);
  out.key = reader.u16();
  out.value = reader.take(reader.u16());
  if (!reader.ok() || out.key <= last_key_) return Extract::Malformed;
  if (out.key == kSvcIpv4Hint && !is_address_list(out, 4)) return Extract::Malformed;
  if (out.key == kSvcIpv6Hint && !is_address_list(out, 16)) return Extract::Malformed;
  last_key_ = out.key;
  left_ = left_.subspan(reader.at());
  return Extract::Name;
}

bool SvcHints::next(Address& out) {
  if (left_.empty()) return false;
  out = size_ == 4 ? Address::from_v4(left_.data()) : Address::from_v6(left_.data());
  left_ = left_.subspan(size_);
  return true;
}

EchConfigs::EchConfigs(std::span<const uint8_t> list) {
  DnsReader reader(list, 0);
  left_ = reader.take(reader.u16());
  ok_ = reader.at_end() && !left_.empty();
}

Extract EchConfigs::next(HostName& public_name) {
  if (!ok_) return Extract::Malformed;
  if (left_.empty()) return Extract::Complete;
  ok_ = false;
  DnsReader list(left_, 0);
  const uint16_t version = list.u16();
  const auto contents = list.take(list.u16());
  if (!list.ok()) return Extract::Malformed;
  public_name.clear();
  if (version == kEchVersion) {
    DnsReader config(contents, 0);
    config.take(3);             // config_id, kem_id
    config.take(config.u16());  // public_key
    config.take(config.u16());  // cipher_suites
    config.u8();                // maximum_name_length
    const auto name = config.take(config.u8());
    config.take(config.u16());  // extensions
    if (!config.at_end() || name.empty()) return Extract::Malformed;
    const std::string_view text(reinterpret_cast<const char*>(name.data()), name.size());
    if (!public_name.assign(text) || public_name.is_address()) public_name.clear();
  }
  left_ = left_.subspan(list.at());
  ok_ = true;
  return public_name.empty() ? Extract::NoName : Extract::Name;
}

size_t strip_ech(std::span<uint8_t> message, const DnsMessage& parsed) {
  size_t changed = 0;
  DnsAnswers records = DnsAnswers::of_all_sections(message, parsed);
  DnsAnswer record;
  Extract next;
  while ((next = records.next(record)) == Extract::Name) {
    SvcParams walk(record.params);
    SvcParam param;
    while (walk.next(param) == Extract::Name) {
      if (param.key != kSvcEch) continue;
      const auto at = static_cast<size_t>(record.params.data() - message.data());
      if (!strip_param(message.subspan(at, record.params.size()), param)) return kStripFailed;
      ++changed;
      break;
    }
  }
  return next == Extract::Complete ? changed : kStripFailed;
}

}  // namespace sluice
