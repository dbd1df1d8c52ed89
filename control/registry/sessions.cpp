// control/registry: what begins, goes on and ends.
#include "control/registry/sessions.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "control/policy/identity_policy.h"
#include "control/registry/kept_json.h"

namespace sluice::control {
namespace {

using nlohmann::json;
constexpr std::string_view kMachineUser = "host/";  ///< before a machine's name, where it logs in itself
constexpr int64_t kSessionSecondNs = 1'000'000'000;

std::vector<HoldingKey> keys_of(const RadiusRequest& request) {
  std::vector<HoldingKey> out;
  for (const Address& address : request.addresses) out.push_back({address, 0});
  // Whoever lets a port does not know the address yet: the machine is known.
  if (out.empty() && request.mac != 0) out.push_back({{}, request.mac});
  return out;
}

}  // namespace

void RadiusSessions::end(Session& session, int64_t at_ns) {
  for (const HoldingKey& key : session.keys) store_.end(key, HoldingSource::Radius, session.id, {}, at_ns);
  session.ended = true;
  session.last_ns = std::max(session.last_ns, at_ns);
}

bool RadiusSessions::take(const Address& client, const RadiusRequest& request, int64_t max_age_ns,
                          int64_t now_ns) {
  const int64_t time_ns = now_ns - int64_t{std::min(request.delay_s, kMaxRadiusDelayS)} * kSessionSecondNs;
  if (request.status == RadiusStatus::On || request.status == RadiusStatus::Off) {
    bool any = false;
    for (auto at = sessions_.lower_bound({client, {}}); at != sessions_.end() && at->first.first == client;
         ++at) {
      any = any || !at->second.ended;
      if (!at->second.ended) end(at->second, time_ns);
    }
    return any;
  }
  if (request.status == RadiusStatus::Other || request.session.empty()) return false;
  const Name name{client, request.session};
  auto found = sessions_.find(name);
  if (request.status == RadiusStatus::Stop) {
    if (found != sessions_.end() && found->second.ended) return false;
    if (found == sessions_.end()) {
      if (sessions_.size() >= kMaxSessions) return false;
      found = sessions_.emplace(name, Session{}).first;  // a start that comes after it is an older one
    }
    end(found->second, time_ns);
    return true;
  }
  if (found != sessions_.end() && found->second.ended) return false;
  std::vector<HoldingKey> keys = keys_of(request);
  if (keys.empty() || request.user.empty()) {
    store_.refuse(Refused::Nothing);
    return false;
  }
  if (found == sessions_.end()) {
    if (sessions_.size() >= kMaxSessions) return store_.refuse(Refused::Full), false;
    found = sessions_.emplace(name, Session{}).first;
    found->second.id = ++last_id_;
  }
  Session& session = found->second;
  if (!session.keys.empty() &&
      (session.keys != keys || session.user != request.user || session.mac != request.mac)) {
    end(session, time_ns);
    session.ended = false;
    session.id = ++last_id_;
  }
  Holding holding{.from_ns = time_ns, .until_ns = time_ns + max_age_ns};
  const bool machine = request.user.starts_with(kMachineUser);
  (machine ? holding.machine : holding.user) =
      machine ? request.user.substr(kMachineUser.size()) : request.user;
  holding.mac = request.mac;
  holding.id = session.id;
  holding.source = HoldingSource::Radius;
  for (HoldingKey& key : keys) {
    if (key.is_mac()) holding.mac = 0;
    store_.add(key, holding, now_ns);
  }
  session.keys = std::move(keys);
  session.user = request.user;
  session.mac = request.mac;
  session.last_ns = std::max(session.last_ns, time_ns);
  return false;
}

void RadiusSessions::prune(int64_t now_ns) {
  constexpr int64_t kOpenKeptNs = int64_t{IdentityRadius::kMaxMaxAgeS} * kSessionSecondNs;
  std::erase_if(sessions_, [&](const auto& each) {
    return each.second.last_ns < now_ns - (each.second.ended ? kEndedKeptNs : kOpenKeptNs);
  });
}

json RadiusSessions::to_json() const {
  json out = json::array();
  for (const auto& [name, session] : sessions_) {
    json keys = json::array();
    for (const HoldingKey& key : session.keys) keys.push_back(kept_key(key));
    out.push_back({{"client", kept_key({name.first, 0})},
                   {"session", kept_text(name.second)},
                   {"id", session.id},
                   {"keys", std::move(keys)},
                   {"user", kept_text(session.user)},
                   {"mac", session.mac},
                   {"last", session.last_ns},
                   {"ended", session.ended}});
  }
  return out;
}

bool RadiusSessions::restore(const json& value) {
  std::map<Name, Session> sessions;
  uint64_t last = 0;
  try {
    for (const json& each : value) {
      Session session{.id = each.at("id").get<uint64_t>(),
                      .keys = {},
                      .user = text_from_kept(each.at("user")),
                      .mac = each.at("mac").get<Mac>(),
                      .last_ns = each.at("last").get<int64_t>(),
                      .ended = each.at("ended").get<bool>()};
      for (const json& key : each.at("keys")) session.keys.push_back(key_from_kept(key));
      last = std::max(last, session.id);
      sessions[{key_from_kept(each.at("client")).address, text_from_kept(each.at("session"))}] =
          std::move(session);
    }
  } catch (const json::exception&) {
    return false;
  }
  sessions_ = std::move(sessions);
  last_id_ = last;
  return true;
}

}  // namespace sluice::control
