// control/usage: how often each rule decided, kept by its name.
#include "control/usage/hits.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <span>

#include "control/base/files.h"
#include "control/base/json_fields.h"
#include "control/base/utc.h"
#include "control/search/fields.h"

namespace sluice::control {
namespace {

using nlohmann::json;
constexpr size_t kMaxHitsFile = size_t{64} << 20;

std::optional<RuleHits> hits_of(const json& said) {
  const auto rules = said.is_object() ? said.find("rules") : said.end();
  const auto place = place_of(object_at(said, "place"));
  if (!place || rules == said.end() || !rules->is_object() || rules->size() > RuleHits::kMaxRules) {
    return std::nullopt;
  }
  RuleHits out{.since_ns = static_cast<int64_t>(number_at(said, "since")),
               .until_ns = static_cast<int64_t>(number_at(said, "until")),
               .place = *place};
  for (const auto& [name, hit] : rules->items()) {
    if (!hit.is_object()) {
      return std::nullopt;
    }
    out.rules[name] = {number_at(hit, "hits"), static_cast<int64_t>(number_at(hit, "last"))};
  }
  return out;
}

void count_names(const AccessFields& fields, AccessCounts& counts) {
  const auto* const action = std::find(std::begin(kActionWords), std::end(kActionWords), fields.action);
  if (action == std::end(kActionWords)) {
    return;
  }
  const auto index = static_cast<size_t>(action - std::begin(kActionWords));
  if (!fields.rule.empty()) {
    counts.rules.add(field_text(fields.rule), index, fields.count);
  }
  if (!fields.network.empty()) {
    counts.networks.add(field_text(fields.network), index, fields.count);
  }
}

}  // namespace

void RuleHits::add(std::string_view lines, AccessCounts& also) {
  AccessFields fields;
  while (!lines.empty()) {
    const size_t end = lines.find('\n');
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
    const auto time = read_access(line, fields) ? parse_utc(fields.time) : std::nullopt;
    if (!time || !fields.ended.empty() || !fields.kind.empty()) {
      continue;
    }
    const int64_t last = fields.end.empty() ? *time : parse_utc(fields.end).value_or(*time);
    since_ns = since_ns == 0 ? *time : std::min(since_ns, *time);
    until_ns = std::max(until_ns, last);
    count_names(fields, also);
    if (fields.rule.empty()) {
      continue;
    }
    std::string name = field_text(fields.rule);
    auto found = rules.find(name);
    if (found == rules.end()) {
      if (rules.size() >= kMaxRules) {
        rules.erase(std::min_element(rules.begin(), rules.end(), [](const auto& a, const auto& b) {
          return a.second.last_ns < b.second.last_ns;
        }));
      }
      found = rules.emplace(std::move(name), RuleHit{}).first;
    }
    found->second.hits += fields.count;
    found->second.last_ns = std::max(found->second.last_ns, last);
  }
}

RuleHits read_hits(const std::filesystem::path& file, std::string& error) {
  error.clear();
  std::error_code failure;
  if (std::filesystem::symlink_status(file, failure).type() == std::filesystem::file_type::not_found) {
    return {};
  }
  const auto text = read_tail(file, kMaxHitsFile);
  auto out = text ? hits_of(json::parse(*text, nullptr, false)) : std::nullopt;
  if (!out) {
    error = (text ? file.string() + " holds no hits of rules" : "cannot read " + file.string());
    return {};
  }
  return std::move(*out);
}

std::string write_hits(const std::filesystem::path& file, const RuleHits& what) {
  json rules = json::object();
  for (const auto& [name, hit] : what.rules) {
    rules[name] = {{"hits", hit.hits}, {"last", static_cast<uint64_t>(hit.last_ns)}};
  }
  const json said{{"since", static_cast<uint64_t>(what.since_ns)},
                  {"until", static_cast<uint64_t>(what.until_ns)},
                  {"place", place_json(what.place)},
                  {"rules", std::move(rules)}};
  const std::string text = said.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  return replace_file(file, std::as_bytes(std::span(text)));
}

json to_json(const RuleHits& hits) {
  json rules = json::array();
  for (const auto& [name, hit] : hits.rules) {
    rules.push_back({{"name", name}, {"hits", hit.hits}, {"last", utc_text(hit.last_ns)}});
  }
  return {{"since", hits.since_ns == 0 ? json() : json(utc_text(hits.since_ns))},
          {"until", hits.until_ns == 0 ? json() : json(utc_text(hits.until_ns))},
          {"rules", std::move(rules)}};
}

}  // namespace sluice::control
