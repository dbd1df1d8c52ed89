// control/reload: what the reloader tells people.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "control/accesslog/format.h"
#include "control/base/clock.h"
#include "control/reload/reload_json.h"
#include "control/reload/reloader.h"

namespace sluice::control {
namespace {

using nlohmann::json;

/// More problems than these are counted, not listed: an answer has to stay readable.
constexpr size_t kProblemsListed = 200;
constexpr int64_t kNsPerS = 1'000'000'000;

}  // namespace

size_t error_count(const Diagnostics& diagnostics) {
  return static_cast<size_t>(std::count_if(diagnostics.begin(), diagnostics.end(), [](const Diagnostic& d) {
    return d.severity == Severity::Error;
  }));
}

json to_json(const Diagnostics& diagnostics) {
  json out = json::array();
  for (size_t i = 0; i < std::min(diagnostics.size(), kProblemsListed); ++i) {
    const Diagnostic& each = diagnostics[i];
    out.push_back({{"file", each.file},
                   {"line", each.line},
                   {"column", each.column},
                   {"severity", each.severity == Severity::Error ? "error" : "warning"},
                   {"what", each.what},
                   {"instead", each.instead},
                   {"text", to_string(each)}});
  }
  return out;
}

json to_json(const PolicyFacts& facts) {
  return {{"site", facts.site},         {"reload_on_save", facts.reload_on_save},
          {"networks", facts.networks}, {"rules", facts.rules},
          {"lists", facts.lists},       {"names", facts.names},
          {"prefixes", facts.prefixes}, {"patterns", facts.patterns}};
}

/// What ends by itself: a bypass, and what is not confirmed.
json Reloader::ends_json() const {
  json out{{"bypass", nullptr}, {"confirm", nullptr}};
  const int64_t now_ns = utc_now_ns();
  if (current_ && current_->origin.bypass.holds(now_ns / kNsPerS)) {
    const int64_t until_s = current_->origin.bypass.until_s;
    out["bypass"] = {{"until", utc_text(until_s * kNsPerS)}, {"seconds_left", until_s - now_ns / kNsPerS}};
  }
  if (const Confirmation confirm = store_.unconfirmed(); confirm) {
    out["confirm"] = {{"until", utc_text(confirm.until_ns)},
                      {"seconds_left", std::max<int64_t>(0, (confirm.until_ns - now_ns) / kNsPerS)},
                      {"back_to", confirm.back_to}};
  }
  return out;
}

json Reloader::in_force(int& fd) const {
  fd = current_ ? current_->image->fd() : -1;
  if (!current_) {
    return {{"error", "no policy is in force"}};
  }
  const uint32_t generation = current_->image->generation();
  const std::vector<AppliedPolicy> kept = store_.applied();
  const auto applied = std::ranges::find(kept, generation, &AppliedPolicy::generation);
  return {{"generation", generation},
          {"enforced", link_up_ && current_->confirmed && plane_generation_ == generation},
          {"directory", std::filesystem::absolute(directory_).string()},
          {"blobs", std::filesystem::absolute(store_.blob_directory()).string()},
          {"feeds", std::filesystem::absolute(store_.feeds()).string()},
          {"sources", to_json(applied == kept.end() ? SourceList{} : applied->sources)}};
}

json Reloader::status() const {
  json out{{"directory", std::filesystem::absolute(directory_).string()},
           {"policy", nullptr},
           {"pending", nullptr},
           {"error", nullptr}};
  if (current_) {
    json policy{
        {"generation", current_->image->generation()},
        {"bytes", current_->image->size()},
        {"sha256", current_->sha256},
        {"author", current_->origin.author},
        {"reason", current_->origin.reason},
        {"since", utc_text(current_->origin.time_ns)},
        {"rollback_to", current_->origin.rollback_to},
        {"enforced", link_up_ && current_->confirmed && plane_generation_ == current_->image->generation()}};
    policy.update(current_->facts ? to_json(*current_->facts)
                                  : json{{"site", store_.names_of(current_->image->generation())->site()}});
    out["policy"] = std::move(policy);
  }
  if (saved_) {
    out["pending"] = {{"valid", saved_->valid},
                      {"since", utc_text(saved_->time_ns)},
                      {"errors", error_count(saved_->diagnostics)},
                      {"diagnostics", to_json(saved_->diagnostics)}};
  }
  if (problem_) {
    out["error"] = {{"what", problem_->what},
                    {"since", utc_text(problem_->time_ns)},
                    {"errors", error_count(problem_->diagnostics)},
                    {"diagnostics", to_json(problem_->diagnostics)}};
  }
  out.update(ends_json());
  out["history"] = {{"key", store_.fingerprint()}, {"altered", store_.alterations()}};
  out["dataplane_generation"] = plane_generation_;
  out["valid"] = counts_.valid;
  return out;
}

json Reloader::history() const {
  json out = json::array();
  for (const AppliedPolicy& each : store_.applied()) {
    out.push_back(
        {{"generation", each.generation},
         {"time", utc_text(each.origin.time_ns)},
         {"author", each.origin.author},
         {"reason", each.origin.reason},
         {"sha256", each.sha256},
         {"rollback_to", each.origin.rollback_to},
         {"sources", each.sources.size()},
         {"bypass_until",
          each.origin.bypass != Bypass() ? json(utc_text(each.origin.bypass.until_s * kNsPerS)) : json()},
         {"confirm_until", each.origin.confirm ? json(utc_text(each.origin.confirm.until_ns)) : json()},
         {"in_force", link_up_ && each.generation == plane_generation_}});
  }
  return out;
}

std::string Reloader::dnstap_socket() const {
  return current_ ? std::string(store_.names_of(current_->image->generation())->dnstap()) : std::string();
}

std::optional<std::vector<FeedSpec>> Reloader::feeds() const {
  return current_ && current_->facts ? std::optional(current_->facts->feeds) : std::nullopt;
}

std::optional<LogPolicy> Reloader::log_policy() const {
  return current_ && current_->facts ? std::optional(current_->facts->log) : std::nullopt;
}

std::optional<IdentityPolicy> Reloader::identity() const {
  return current_ && current_->facts ? std::optional(current_->facts->identity) : std::nullopt;
}

std::optional<AlarmPolicy> Reloader::alarms() const {
  return current_ && current_->facts ? std::optional(current_->facts->alarms) : std::nullopt;
}

PolicyTerms Reloader::terms() const {
  return current_ && current_->facts ? current_->facts->terms : PolicyTerms{};
}

std::optional<PolicyRegister> Reloader::registers() const {
  return current_ && current_->facts ? std::optional(current_->facts->registers) : std::nullopt;
}

std::string Reloader::site() const {
  return current_ ? std::string(store_.names_of(current_->image->generation())->site()) : std::string();
}

Reloader::Counts Reloader::counts() const {
  Counts out = counts_;
  out.generation = plane_generation_;
  out.wanted_generation = current_ ? current_->image->generation() : 0;
  out.alterations = store_.alterations().size();
  out.pending = saved_.has_value();
  out.bypass = current_ ? current_->origin.bypass : Bypass();
  out.unconfirmed = static_cast<bool>(store_.unconfirmed());
  return out;
}

}  // namespace sluice::control
