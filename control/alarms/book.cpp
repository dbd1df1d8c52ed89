// control/alarms: counts, raises, repeats, closes.
#include "control/alarms/book.h"

#include <algorithm>
#include <utility>

#include "dataplane/contract/reasons.h"

namespace sluice::control {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;
constexpr std::string_view kGateway = "gateway";

int64_t in_ns(uint32_t seconds) {
  return int64_t{seconds} * kSecondNs;
}

/// A tunnel that the policy does not register: refused, or only observed.
bool is_tunnel_attempt(const AccessFields& fields) {
  if (fields.reason == word_of(Reason::Tunnel)) return true;
  const auto found = std::ranges::find(kProtocolWords, fields.protocol);
  return fields.action == "blocked" && found != std::end(kProtocolWords) &&
         is_tunnel(static_cast<Protocol>(found - std::begin(kProtocolWords)));
}

}  // namespace

const AlarmRule* AlarmBook::rule_of(const std::string& name) const {
  const auto found = std::ranges::find(policy_.rules, name, &AlarmRule::name);
  return found == policy_.rules.end() ? nullptr : &*found;
}

void AlarmBook::set(const AlarmPolicy& policy, int64_t now_ns) {
  if (started_ns_ == 0) started_ns_ = heard_ns_ = away_since_ns_ = now_ns;
  const AlarmPolicy before = std::exchange(policy_, policy);
  // One that has become another alarm begins anew.
  const auto is_gone = [&](const std::string& name) {
    const AlarmRule* const rule = rule_of(name);
    const auto old = std::ranges::find(before.rules, name, &AlarmRule::name);
    return rule == nullptr || (old != before.rules.end() && old->kind != rule->kind);
  };
  std::erase_if(windows_, [&](const auto& each) { return is_gone(each.first.first); });
  std::erase_if(open_, [&](const auto& each) { return is_gone(each.first.first); });
  std::erase_if(raised_, [&](const auto& each) { return rule_of(each.first) == nullptr; });
  for (const AlarmRule& rule : policy_.rules) raised_.try_emplace(rule.name, 0);
  if (policy_.webhook.empty()) taken(AlarmSink::Webhook, next_number_);
  if (policy_.mail.smtp.empty()) taken(AlarmSink::Mail, next_number_);
}

void AlarmBook::take(const AccessFields& fields, int64_t time_ns, int64_t now_ns) {
  heard_ns_ = now_ns;
  asked_known_ = false;
  if (!fields.kind.empty() || !fields.ended.empty() || fields.action.empty()) return;
  time_ns = std::min(time_ns, now_ns);  // else what another clock says would never be quiet
  const bool inbound = fields.direction == "inbound";
  if (fields.reason == word_of(Reason::UnregisteredSource)) {
    return meet_source(field_text(inbound ? fields.destination_ip : fields.source_ip), time_ns, now_ns);
  }
  const bool tunnel = is_tunnel_attempt(fields), blocked = fields.action == "blocked";
  if (inbound || fields.network.empty() || (!tunnel && !blocked)) return;
  const std::string client = field_text(fields.user.empty() ? fields.source_ip : fields.user);
  for (const AlarmRule& rule : policy_.rules) {
    if ((rule.kind == AlarmKind::Blocks && blocked) || (rule.kind == AlarmKind::Tunnels && tunnel))
      count(rule, client, fields.network, fields.count, time_ns, now_ns);
  }
}

void AlarmBook::count(const AlarmRule& rule, const std::string& subject, std::string_view network,
                      uint64_t times, int64_t time_ns, int64_t now_ns) {
  const Key key{rule.name, subject};
  auto found = windows_.find(key);
  if (found == windows_.end()) {
    if (windows_.size() >= kMaxClients) {
      windows_.erase(
          std::ranges::min_element(windows_, {}, [](const auto& each) { return each.second.last_ns; }));
    }
    found = windows_.emplace(key, Window{}).first;
  }
  Window& window = found->second;
  const int64_t within_ns = in_ns(rule.within_s),
                part_ns = std::max<int64_t>(kSecondNs, within_ns / static_cast<int64_t>(kParts));
  window.last_ns = std::max(window.last_ns, time_ns);
  if (window.parts.empty() || time_ns >= window.parts.back().begin_ns + part_ns)
    window.parts.push_back({time_ns, 0});
  window.parts.back().count += times;
  const uint64_t sum = sum_since(window, window.last_ns - within_ns);
  if (open_.contains(key)) return note(rule, subject, network, times, time_ns, time_ns, now_ns);
  if (sum >= rule.count) note(rule, subject, network, sum, window.parts.front().begin_ns, time_ns, now_ns);
}

/// Forgets what is older.
uint64_t AlarmBook::sum_since(Window& window, int64_t since_ns) {
  while (!window.parts.empty() && window.parts.front().begin_ns <= since_ns) window.parts.pop_front();
  uint64_t sum = 0;
  for (const Part& part : window.parts) sum += part.count;
  return sum;
}

/// Fewer than half as many as the alarm wants, within its time; a source: none for an hour.
bool AlarmBook::is_quiet(const AlarmRule& rule, const OpenAlarm& alarm, int64_t now_ns) {
  if (rule.kind == AlarmKind::NewSource) return now_ns - alarm.last_ns >= kSourceQuietNs;
  const auto found = windows_.find({alarm.alarm, alarm.subject});
  return found == windows_.end() ||
         sum_since(found->second, now_ns - in_ns(rule.within_s)) < (uint64_t{rule.count} + 1) / 2;
}

void AlarmBook::meet_source(const std::string& address, int64_t time_ns, int64_t now_ns) {
  auto known = sources_.find(address);
  const bool is_new = known == sources_.end() || time_ns - known->second > kSourceKnownNs;
  if (known == sources_.end()) {
    if (sources_.size() >= kMaxSources) {
      sources_.erase(std::ranges::min_element(sources_, {}, [](const auto& each) { return each.second; }));
    }
    known = sources_.emplace(address, time_ns).first;
  }
  known->second = std::max(known->second, time_ns);
  for (const AlarmRule& rule : policy_.rules) {
    if (rule.kind == AlarmKind::NewSource && (is_new || open_.contains({rule.name, address})))
      note(rule, address, "", 1, time_ns, time_ns, now_ns);
  }
}

/// Adds to an alarm that is open, or raises it. times: of the first call, all that led to it.
void AlarmBook::note(const AlarmRule& rule, const std::string& subject, std::string_view network,
                     uint64_t times, int64_t since_ns, int64_t time_ns, int64_t now_ns) {
  const Key key{rule.name, subject};
  if (const auto found = open_.find(key); found != open_.end()) {
    found->second.count += times;
    found->second.last_ns = std::max(found->second.last_ns, time_ns);
    return;
  }
  ++raised_[rule.name];
  if (open_.size() >= kMaxOpen) {
    ++unnamed_;
    return;
  }
  OpenAlarm& alarm = open_[key];
  alarm = {.alarm = rule.name,
           .subject = subject,
           .network = field_text(network),
           .count = times,
           .since_ns = since_ns,
           .last_ns = time_ns,
           .raised_ns = now_ns};
  tell(rule, alarm, NoticeState::Raised, now_ns);
}

void AlarmBook::tick(int64_t now_ns, const GatewayState& gateway) {
  if (gateway.up) away_since_ns_ = now_ns;
  if (!asked_known_ || gateway.asked < asked_then_) {
    asked_then_ = gateway.asked;
    asked_known_ = true;
  }
  for (auto each = open_.begin(); each != open_.end();) {
    OpenAlarm& alarm = each->second;
    const AlarmRule& rule = *rule_of(alarm.alarm);
    if (rule.kind != AlarmKind::NoRecords && is_quiet(rule, alarm, now_ns)) {
      tell(rule, alarm, NoticeState::Ended, now_ns);
      each = open_.erase(each);
      continue;
    }
    if (now_ns - alarm.told_ns >= in_ns(policy_.repeat_s)) tell(rule, alarm, NoticeState::Still, now_ns);
    ++each;
  }
  for (const AlarmRule& rule : policy_.rules) {
    if (rule.kind == AlarmKind::NoRecords) look_for_silence(rule, now_ns, gateway);
  }
  prune(now_ns);
}

void AlarmBook::look_for_silence(const AlarmRule& rule, int64_t now_ns, const GatewayState& gateway) {
  const int64_t limit_ns = in_ns(rule.within_s);
  const uint64_t asked = gateway.asked - asked_then_;
  const bool away = !gateway.up && now_ns - away_since_ns_ >= limit_ns;
  const bool mute = gateway.up && now_ns - heard_ns_ >= limit_ns && asked >= kLeastAsked;
  const std::string subject(kGateway);
  const auto found = open_.find({rule.name, subject});
  if (away || mute) {
    if (found == open_.end()) {
      return note(rule, subject, "", away ? 0 : asked, away ? away_since_ns_ : heard_ns_, now_ns, now_ns);
    }
    found->second.count = away ? 0 : asked;
    found->second.last_ns = now_ns;
  } else if (found != open_.end()) {
    // Whoever has just started has not waited long enough to say that it is over.
    const bool waited = heard_ns_ > started_ns_ || now_ns - started_ns_ >= limit_ns;
    if (!gateway.up || !waited) return;
    tell(rule, found->second, NoticeState::Ended, now_ns);
    open_.erase(found);
  }
}

/// Forgets what no alarm can come of any more.
void AlarmBook::prune(int64_t now_ns) {
  if (now_ns - pruned_ns_ < in_ns(kMinAlarmWithinS)) return;
  pruned_ns_ = now_ns;
  std::erase_if(windows_, [&](const auto& each) {
    return now_ns - each.second.last_ns >= in_ns(rule_of(each.first.first)->within_s);
  });
  std::erase_if(sources_, [&](const auto& each) { return now_ns - each.second > kSourceKnownNs; });
}

void AlarmBook::tell(const AlarmRule& rule, OpenAlarm& alarm, NoticeState state, int64_t now_ns) {
  alarm.told_ns = now_ns;
  const bool webhook = !policy_.webhook.empty(), mail = !policy_.mail.smtp.empty();
  if (!webhook && !mail) return;
  if (notices_.size() >= kMaxNotices) {
    notices_.pop_front();
    ++dropped_;
  }
  notices_.push_back({.number = next_number_++,
                      .alarm = rule.name,
                      .kind = rule.kind,
                      .state = state,
                      .subject = alarm.subject,
                      .network = alarm.network,
                      .count = alarm.count,
                      .within_s = rule.within_s,
                      .since_ns = alarm.since_ns,
                      .last_ns = alarm.last_ns,
                      .made_ns = now_ns,
                      .waits = {webhook, mail}});
}

void AlarmBook::taken(AlarmSink sink, uint64_t number) {
  for (Notice& each : notices_) {
    if (each.number <= number) each.waits[static_cast<size_t>(sink)] = false;
  }
  std::erase_if(notices_,
                [](const Notice& each) { return std::ranges::none_of(each.waits, std::identity()); });
}

}  // namespace sluice::control
