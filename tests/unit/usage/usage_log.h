// usage tests: an access log of a few lines.
#pragma once

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "control/base/utc.h"
#include "control/usage/reader.h"
#include "tests/unit/segment/segments.h"

namespace sluice::control {

struct UsageLog : Segments {
  std::vector<nlohmann::json> written;

  /// An access at kNow + at_s.
  nlohmann::json& access(double at_s, const std::string& client, const std::string& name,
                         const std::string& action = "allowed", const std::string& reason = "default") {
    const auto time = kNow + static_cast<int64_t>(at_s * static_cast<double>(kSecond));
    written.push_back({{"@timestamp", utc_text(time)},
                       {"event", {{"action", action}, {"reason", reason}}},
                       {"network", {{"protocol", "tls"}}},
                       {"source", {{"ip", client}, {"port", 50000}, {"bytes", 517}}},
                       {"destination", {{"ip", "198.51.100.9"}, {"port", 443}, {"bytes", 0}}},
                       {"sluice", {{"network", "finance"}}}});
    if (!name.empty()) {
      written.back()["destination"]["domain"] = name;
    }
    return written.back();
  }
  /// One that a rule decided.
  nlohmann::json& ruled(double at_s, const std::string& client, const std::string& name,
                        const std::string& action, const std::string& rule, const std::string& list = "") {
    nlohmann::json& out = access(at_s, client, name, action, "rule");
    out["rule"] = {{"name", rule}};
    if (!list.empty()) {
      out["rule"]["ruleset"] = list;
    }
    return out;
  }
  void end(double at_s, const std::string& client, const std::string& name, uint64_t up, uint64_t down) {
    nlohmann::json& out = access(at_s, client, name);
    out["sluice"]["ended"] = "fin";
    out["source"]["bytes"] = up;
    out["destination"]["bytes"] = down;
  }
  /// Brings what is written, since it did so before, to the log, as one frame.
  void save() {
    if (saved_ == written.size()) {
      return;
    }
    const auto writer = open();
    LogBatch out;
    for (; saved_ < written.size(); ++saved_) {
      out.lines += written[saved_].dump() + "\n";
      out.note(*parse_utc(written[saved_]["@timestamp"].get<std::string>()), {kBoot, 0, saved_ + 1});
    }
    EXPECT_EQ(writer->append(out, kNow), "");
  }
  UsageScope scope(QueryOptions query = {}) const {
    return {.log = log, .query = std::move(query), .progress = {}};
  }
  static std::string at(double at_s) {
    return utc_text(kNow + static_cast<int64_t>(at_s * static_cast<double>(kSecond)));
  }

 private:
  size_t saved_ = 0;
};

}  // namespace sluice::control
