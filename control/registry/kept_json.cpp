// control/registry: holdings as JSON and back.
#include "control/registry/kept_json.h"

#include "control/base/hex.h"

namespace sluice::control {
namespace {

using nlohmann::json;

[[noreturn]] void refuse_kept() {
  throw json::other_error::create(501, "none of ours", nullptr);
}

}  // namespace

json kept_text(const std::string& text) {
  return hex_text({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

std::string text_from_kept(const json& value) {
  const auto digits = value.get<std::string>();
  std::string out(digits.size() / 2, '\0');
  if (!bytes_of_hex(digits, {reinterpret_cast<uint8_t*>(out.data()), out.size()})) refuse_kept();
  return out;
}

json kept_key(const HoldingKey& key) {
  if (key.is_mac()) return key.mac;
  return hex_text(key.address.bytes);
}

HoldingKey key_from_kept(const json& value) {
  HoldingKey out;
  if (value.is_number_unsigned()) {
    out.mac = value.get<Mac>();
  } else if (!bytes_of_hex(value.get<std::string>(), out.address.bytes)) {
    refuse_kept();
  }
  return out;
}

json kept_holding(const HoldingStore::Found& found) {
  const Holding& holding = found.holding;
  return {{"key", kept_key(found.key)},
          {"from", holding.from_ns},
          {"until", holding.until_ns},
          {"user", kept_text(holding.user)},
          {"machine", kept_text(holding.machine)},
          {"mac", holding.mac},
          {"id", holding.id},
          {"source", static_cast<unsigned>(holding.source)}};
}

HoldingStore::Found holding_from_kept(const json& value) {
  HoldingStore::Found out{key_from_kept(value.at("key")), {}};
  Holding& holding = out.holding;
  holding.from_ns = value.at("from").get<int64_t>();
  holding.until_ns = value.at("until").get<int64_t>();
  holding.user = text_from_kept(value.at("user"));
  holding.machine = text_from_kept(value.at("machine"));
  holding.mac = value.at("mac").get<Mac>();
  holding.id = value.at("id").get<uint64_t>();
  const auto source = value.at("source").get<uint8_t>();
  if (source >= kHoldingSourceCount) refuse_kept();
  holding.source = static_cast<HoldingSource>(source);
  return out;
}

}  // namespace sluice::control
