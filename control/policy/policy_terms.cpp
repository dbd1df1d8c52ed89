// control/policy: what of a policy ends by itself.
#include "control/policy/policy_terms.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "control/policy/policy_source.h"
#include "control/policy/time_resolver.h"

namespace sluice::control {

using nlohmann::json;

PolicyTerms terms_of(const PolicySource& source, const ResolvedTimes& times) {
  const auto second_of = [&](std::chrono::local_seconds local) {
    return static_cast<int64_t>(times.site.to_utc(local).time_since_epoch().count());
  };
  PolicyTerms out;
  if (source.timezone) out.timezone = source.timezone->text;
  for (const LineSource& line : source.lines) {
    const int64_t ends_s = line.valid_until ? second_of(*line.valid_until + std::chrono::days{1}) : 0;
    out.lines.push_back({line.name.text, line.bandwidth_bits_per_s, ends_s, line.ends_with_term});
  }
  for (size_t i = 0; i < source.exceptions.size() && i < times.exceptions.size(); ++i) {
    const ExceptionSource& each = source.exceptions[i];
    out.exceptions.push_back({each.rule.name.text, each.owner, each.ticket, times.exceptions[i]});
  }
  std::ranges::stable_sort(out.exceptions, {}, &ExceptionTerm::ends_s);
  if (out.exceptions.size() > kMaxExceptionTerms) out.exceptions.resize(kMaxExceptionTerms);
  return out;
}

json terms_json(const PolicyTerms& terms) {
  json lines = json::array(), exceptions = json::array();
  for (const LineTerm& line : terms.lines) {
    lines.push_back({{"name", line.name},
                     {"bandwidth", line.bandwidth_bits_per_s},
                     {"ends_s", line.ends_s},
                     {"refused_after", line.refused_after}});
  }
  for (const ExceptionTerm& each : terms.exceptions) {
    exceptions.push_back(
        {{"name", each.name}, {"owner", each.owner}, {"ticket", each.ticket}, {"ends_s", each.ends_s}});
  }
  return {{"timezone", terms.timezone}, {"lines", std::move(lines)}, {"exceptions", std::move(exceptions)}};
}

std::optional<PolicyTerms> terms_from(const json& value) {
  PolicyTerms out;
  try {
    out.timezone = value.at("timezone").get<std::string>();
    for (const json& line : value.at("lines")) {
      out.lines.push_back({line.at("name").get<std::string>(), line.at("bandwidth").get<uint64_t>(),
                           line.at("ends_s").get<int64_t>(), line.at("refused_after").get<bool>()});
    }
    for (const json& each : value.at("exceptions")) {
      out.exceptions.push_back({each.at("name").get<std::string>(), each.at("owner").get<std::string>(),
                                each.at("ticket").get<std::string>(), each.at("ends_s").get<int64_t>()});
    }
  } catch (const json::exception&) {
    return std::nullopt;
  }
  return out;
}

}  // namespace sluice::control
