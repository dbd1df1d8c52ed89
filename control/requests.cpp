// control: what the daemon answers on its socket.
#include <nlohmann/json.hpp>
#include <utility>

#include "control/base/clock.h"
#include "control/base/json_fields.h"
#include "control/daemon.h"
#include "control/evidence/record.h"
#include "control/lines/lines_json.h"
#include "control/status.h"

namespace sluice::control {
namespace {

using nlohmann::json;
constexpr size_t kMaxReasonBytes = 1000;
constexpr int64_t kNsPerSecond = 1'000'000'000;

}  // namespace

void Daemon::on_request(uint64_t client, uid_t user, const json& request) {
  const json said = request.value("command", json());
  const std::string command = said.is_string() ? said.get<std::string>() : "";
  if (command == "status") {
    return api_->answer(client, status());
  }
  if (command == "check") {
    return reloader_->check(client);
  }
  if (command == "policy") {
    int image = -1;
    const json answer = reloader_->in_force(image);
    return api_->answer(client, answer, image);
  }
  if (command == "history") {
    return api_->answer(client, {{"policies", reloader_->history()}});
  }
  if (command == "lines") {
    return api_->answer(client, lines());
  }
  if (command == "hits") {
    return api_->answer(client, to_json(hits_->hits()));
  }
  if (command == "confirm") {
    return reloader_->confirm(user_name(user), client);
  }
  if (command == "apply" || command == "rollback" || command == "bypass") {
    return on_order(client, user, command, request);
  }
  if (command == "hold" || command == "release" || command == "holds") {
    api_->answer(client, keeper_->answer(command, request, user, user_name(user), utc_now_ns()));
    return metrics_->set_keep(keeper_->figures());
  }
  if (command == "bind") {
    return api_->answer(client, registry_->bind(request));
  }
  if (command == "unbind") {
    return api_->answer(client, registry_->unbind(request));
  }
  if (command == "who") {
    return api_->answer(client, registry_->who(request));
  }
  if (command == "disclose") {
    return api_->answer(client, record_disclosure(request, user, user_name(user), utc_now_ns(), sign_));
  }
  if (command == "finding" || command == "review") {
    api_->answer(client, reviews_->answer(request, user, user_name(user), utc_now_ns(), site_zone()));
    return metrics_->set_overdue_reviews(overdue().size());
  }
  if (command == "evidence") {
    return api_->answer(client, record_evidence(request, user, user_name(user), utc_now_ns(), sign_));
  }
  if (command == "reading") {
    return api_->answer(client, readings_->note(request, user, user_name(user), utc_now_ns()));
  }
  if (command.starts_with("feeds")) {
    return on_feeds_request(client, user, command, request);
  }
  api_->answer(client, {{"error", "a command that the API knows and the daemon does not"}});
}

void Daemon::on_feeds_request(uint64_t client, uid_t user, const std::string& command, const json& request) {
  const auto text = [&](const char* key) {
    const json value = request.value(key, json());
    return value.is_string() ? value.get<std::string>() : std::string();
  };
  const std::string list = text("list"), reason = text("reason");
  if (command == "feeds") {
    return api_->answer(client, {{"feeds", feeds_status()}});
  }
  if (command == "feeds-refresh") {
    return feeds_->refresh(list, client);
  }
  if (command != "feeds-accept" || list.empty() || reason.empty() || reason.size() > kMaxReasonBytes) {
    return api_->answer(
        client, {{"error", "feeds-accept needs a list, and a reason of 1 to " +
                               std::to_string(kMaxReasonBytes) + " bytes: it stands in the history"}});
  }
  feeds_->accept(list, user_name(user), reason, client);
}

json Daemon::feeds_status() const {
  json out = json::array();
  for (const FeedStatus& each : feeds_->status()) {
    out.push_back(to_json(each));
  }
  return out;
}

/// What changes the policy that is in force.
void Daemon::on_order(uint64_t client, uid_t user, const std::string& command, const json& request) {
  const json reason = request.value("reason", json()), steps = request.value("steps", json(1));
  const bool wait = request.value("wait", json()) == true;
  const std::string said = reason.is_string() ? reason.get<std::string>() : "";
  const bool apply = command == "apply", bypass = command == "bypass";
  if (((apply || (bypass && request.value("seconds", json()) != 0)) && said.empty()) ||
      said.size() > kMaxReasonBytes) {
    return api_->answer(client,
                        {{"error", command + " needs a reason of 1 to " + std::to_string(kMaxReasonBytes) +
                                       " bytes: it stands in the history"}});
  }
  if (apply) {
    return on_apply(client, user_name(user), said, request);
  }
  if (bypass) {
    const uint64_t seconds = number_at(request, "seconds");
    if (!request.contains("seconds") || !request["seconds"].is_number_unsigned() ||
        seconds > static_cast<uint64_t>(Reloader::kMaxBypass.count())) {
      return api_->answer(client, {{"error", "bypass takes seconds: 0 to end it, at most " +
                                                 std::to_string(Reloader::kMaxBypass.count())}});
    }
    return reloader_->bypass(user_name(user), said, std::chrono::seconds(seconds), client, wait);
  }
  if (!steps.is_number_unsigned() || steps < 1 || steps > StateStore::kPoliciesKept) {
    return api_->answer(client, {{"error", "rollback goes back 1 to " +
                                               std::to_string(StateStore::kPoliciesKept) + " policies"}});
  }
  reloader_->rollback(user_name(user), said, steps.get<size_t>(), client, wait);
}

void Daemon::on_apply(uint64_t client, const std::string& author, const std::string& reason,
                      const json& request) {
  ApplyTerms terms;
  if (const std::string only = text_at(request, "only"); !only.empty()) {
    terms.only = (options_.policies / only).string();
  }
  if (const auto confirm = request.find("confirm"); confirm != request.end()) {
    const uint64_t seconds = number_at(request, "confirm");
    if (!std::in_range<int64_t>(seconds) || std::chrono::seconds(seconds) < Reloader::kMinConfirm ||
        std::chrono::seconds(seconds) > Reloader::kMaxConfirm) {
      return api_->answer(
          client, {{"error", "confirm takes " + std::to_string(Reloader::kMinConfirm.count()) + " to " +
                                 std::to_string(Reloader::kMaxConfirm.count()) + " seconds"}});
    }
    terms.confirm = std::chrono::seconds(seconds);
  }
  reloader_->apply(author, reason, client, request.value("wait", json()) == true, terms);
}

/// The register of the policy in force, and how each line is.
json Daemon::lines() const {
  const auto registers = reloader_->registers();
  if (!registers) {
    return {{"error", "the policy in force is not known yet"}};
  }
  const PolicyTerms terms = reloader_->terms();
  const int64_t utc_s = utc_now_ns() / kNsPerSecond;
  json out = lines_register(*registers, terms, utc_s);
  add_line_states(out, lines_status(line_watch_, LineTime::clock::now(), link_->up(),
                                    reloader_->counts().generation, terms, utc_s));
  out["generation"] = reloader_->counts().wanted_generation;
  out["blobs"] = std::filesystem::absolute(store_->blob_directory()).string();
  return out;
}

}  // namespace sluice::control
