// control/copies: begins, changes and ends copies.
#include "control/copies/copies.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "control/base/utc.h"
#include "control/copies/syslog_form.h"
#include "control/copies/transport.h"

namespace sluice::control {
namespace {

using nlohmann::json;

std::string host_name() {
  std::array<char, 256> name{};
  return syslog_host(::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "");
}

}  // namespace

Copies::Copies(CopyPaths paths, CopyLimits limits)
    : paths_(std::move(paths)), limits_(limits), host_(host_name()) {}

/// All are told before the first is waited for.
Copies::~Copies() {
  for (const auto& [name, thread] : running_) {
    thread->stop_soon();
  }
}

void Copies::set(const LogPolicy& log) {
  const std::lock_guard lock(mutex_);
  std::erase_if(leaving_, [](const auto& thread) { return thread->finished(); });
  std::map<std::string, CopyPlan> wanted;
  for (const LogCopy& copy : log.copies) {
    wanted[copy.name] = {copy, gets_pseudonyms(log, copy), host_};
  }
  for (auto it = running_.begin(); it != running_.end();) {
    const auto found = wanted.find(it->first);
    if (found != wanted.end() && found->second == it->second->plan()) {
      ++it;
      continue;
    }
    it->second->stop_soon();
    leaving_.push_back(std::move(it->second));
    it = running_.erase(it);
  }
  for (const auto& [name, plan] : wanted) {
    if (!running_.contains(name)) {
      running_[name] = std::make_unique<CopyThread>(paths_, plan, limits_, leaving(name));
    }
  }
}

/// The thread of that name which ends, for the one that follows it.
std::unique_ptr<CopyThread> Copies::leaving(const std::string& name) {
  const auto found =
      std::ranges::find_if(leaving_, [&](const auto& thread) { return thread->plan().copy.name == name; });
  if (found == leaving_.end()) {
    return nullptr;
  }
  auto out = std::move(*found);
  leaving_.erase(found);
  return out;
}

std::vector<CopyStatus> Copies::status() const {
  const std::lock_guard lock(mutex_);
  std::vector<CopyStatus> out;
  for (const auto& [name, thread] : running_) {
    out.push_back(thread->status());
  }
  return out;
}

json to_json(const CopyStatus& status) {
  const LogCopy& copy = status.plan.copy;
  json failures = json::object();
  for (size_t i = 1; i < kCopyFailureCount; ++i) {
    failures[std::string(kCopyFailureWords[i])] = status.failures[i];
  }
  const auto time = [](int64_t ns) { return ns == 0 ? std::string() : utc_text(ns); };
  return {{"name", copy.name},
          {"kind", kCopyWords[static_cast<size_t>(copy.kind)]},
          {"address", address_of(copy)},
          {"recipient", copy.recipient},
          {"country", copy.country},
          {"basis", copy.basis},
          {"pseudonyms", status.plan.pseudonyms},
          {"records", status.records},
          {"resent", status.resent},
          {"withheld", status.withheld},
          {"damaged", status.damaged},
          {"missed_segments", status.missed_segments},
          {"missed_records", status.missed_records},
          {"behind_records", status.behind_records},
          {"behind_bytes", status.behind_bytes},
          {"behind_since", time(status.behind_since_ns)},
          {"last_success", time(status.taken_ns)},
          {"failures", std::move(failures)},
          {"error", status.error}};
}

}  // namespace sluice::control
