// control/registry: what people ask and say over the API.
#include <algorithm>

#include "control/accesslog/format.h"
#include "control/base/json_fields.h"
#include "control/base/utc.h"
#include "control/policy/prefix.h"
#include "control/policy/time_text.h"
#include "control/registry/registry.h"

namespace sluice::control {
namespace {

using nlohmann::json;
constexpr size_t kMaxShown = 1000;  ///< holdings in one answer

json error_answer(const std::string& why) {
  return {{"error", why}};
}

/// A name of any bytes as the log shows it.
std::string shown_name(const std::string& bytes) {
  std::string text = "\"";
  append_json_text(text, bytes);
  return json::parse(text + '"').get<std::string>();
}

std::string shown_address(const Address& address) {
  return to_string(Prefix{address, 128});
}

bool read_key(const std::string& text, HoldingKey& out) {
  if (const auto mac = parse_mac(text)) return out.mac = *mac, true;
  return parse_address(text, out.address);
}

/// A moment of a request; nothing is said: otherwise. Returns false where it is none.
bool read_request_time(const json& request, const char* key, int64_t otherwise_ns, int64_t& out_ns) {
  const auto found = request.find(key);
  if (found == request.end() || found->is_null() || (found->is_string() && found->get<std::string>().empty()))
    return out_ns = otherwise_ns, true;
  if (!found->is_string()) return false;
  const auto text = found->get<std::string>();
  if (const auto exact = parse_utc(text)) return out_ns = *exact, true;
  const auto moment = parse_moment(text, TimeZone());
  constexpr int64_t kNs = 1'000'000'000;
  return moment && !__builtin_mul_overflow(int64_t{moment->time_since_epoch().count()}, kNs, &out_ns);
}

const char* const kTimeWanted = "is no time: write one as 2026-11-23T04:05:06Z";

json refused_answer(Refused why, const Holding& holding) {
  switch (why) {
    case Refused::No:
      return {{"bound", true},
              {"from", utc_text(holding.from_ns)},
              {"until", holding.until_ns == Holding::kOpen ? json() : json(utc_text(holding.until_ns))}};
    case Refused::Future:
      return error_answer("it begins in the future");
    case Refused::Backwards:
      return error_answer("it ends before it begins");
    case Refused::LongName:
      return error_answer("a name has more than " + std::to_string(kMaxIdentityName) + " bytes");
    case Refused::Full:
      return error_answer("no more can be held, of this address or in all");
    case Refused::Nothing:
      break;
  }
  return error_answer("bind needs a user or a machine");
}

}  // namespace

json Registry::bind(const json& request) {
  HoldingKey key;
  if (!read_key(text_at(request, "address"), key))
    return error_answer("bind needs an address, or a hardware address");
  const int64_t now_ns = clock_();
  Holding holding;
  holding.user = text_at(request, "user");
  holding.machine = text_at(request, "machine");
  holding.source = HoldingSource::Api;
  if (!read_request_time(request, "from", now_ns, holding.from_ns))
    return error_answer(std::string("from ") + kTimeWanted);
  if (!read_request_time(request, "until", Holding::kOpen, holding.until_ns))
    return error_answer(std::string("until ") + kTimeWanted);
  const std::lock_guard lock(mutex_);
  changed_ = ended_ = true;
  return refused_answer(store_.add(key, holding, now_ns), holding);
}

json Registry::unbind(const json& request) {
  HoldingKey key;
  if (!read_key(text_at(request, "address"), key))
    return error_answer("unbind needs an address, or a hardware address");
  const std::lock_guard lock(mutex_);
  changed_ = ended_ = true;
  return {{"unbound", store_.end(key, HoldingSource::Api, 0, text_at(request, "user"), clock_())}};
}

json Registry::shown(const HoldingStore::Found& found, int64_t at_ns) const {
  const Holding& holding = found.holding;
  json out{
      {"source", word_of(holding.source)},
      {"user", shown_name(holding.user)},
      {"machine", shown_name(holding.machine)},
      {"from", holding.from_ns < 0 ? json() : json(utc_text(holding.from_ns))},
      {"until",
       holding.until_ns == Holding::kOpen ? json() : json(utc_text(std::max<int64_t>(0, holding.until_ns)))},
      {"holds", holding.holds(at_ns)}};
  out["address"] = found.key.is_mac() ? json() : json(shown_address(found.key.address));
  const Mac mac = found.key.is_mac() ? found.key.mac : holding.mac;
  out["mac"] = mac == 0 ? json() : json(mac_text(mac));
  if (holding.source == HoldingSource::Lease && holding.origin < origins_.size())
    out["file"] = origins_[holding.origin];
  return out;
}

json Registry::who(const json& request) {
  const std::string asked_for = text_at(request, "who");
  int64_t at_ns = 0;
  if (asked_for.empty()) return error_answer("who needs an address, a hardware address or a user");
  if (!read_request_time(request, "at", 0, at_ns)) return error_answer(std::string("at ") + kTimeWanted);
  const int64_t moment_ns = at_ns == 0 ? clock_() : at_ns;
  HoldingKey key;
  const bool is_key = read_key(asked_for, key);
  const std::lock_guard lock(mutex_);
  const auto found = is_key ? store_.find(key, at_ns) : store_.find_user(asked_for, at_ns, kMaxShown + 1);
  json out{{"who", shown_name(asked_for)}, {"at", utc_text(moment_ns)}, {"bindings", json::array()}};
  for (const HoldingStore::Found& each : found)
    if (out["bindings"].size() < kMaxShown) out["bindings"].push_back(shown(each, moment_ns));
  out["cut"] = found.size() > kMaxShown;
  if (key.is_mac()) out["router"] = store_.is_router(key.mac, moment_ns);
  if (is_key && !key.is_mac()) {
    Who verdict;
    store_.who({key.address, 0, moment_ns, false}, verdict);
    out["verdict"] = {{"user", shown_name(verdict.user)},
                      {"machine", shown_name(verdict.machine)},
                      {"why", kNoUserWords[static_cast<size_t>(verdict.why)]}};
  }
  return out;
}

}  // namespace sluice::control
