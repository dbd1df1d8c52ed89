// control/policy: the registers that an auditor asks for.
#include "control/policy/line_register.h"

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "control/base/hex.h"
#include "control/base/sha256.h"
#include "control/policy/policy_source.h"

namespace sluice::control {
namespace {

using nlohmann::json;

std::string day_text(const std::optional<std::chrono::local_days>& day) {
  if (!day) return {};
  const std::chrono::year_month_day date(*day);
  char out[16];
  std::snprintf(out, sizeof out, "%04d-%02u-%02u", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return out;
}

std::vector<std::string> networks_of(const PolicySource& source, const std::string& line) {
  std::vector<std::string> out;
  for (const NetworkSource& network : source.networks)
    if (network.line && network.line->text == line) out.push_back(network.name.text);
  return out;
}

json line_json(const RegisteredLine& line) {
  json papers = json::array();
  for (const Paper& each : line.papers)
    papers.push_back({{"file", each.file}, {"sha256", each.sha256}, {"bytes", each.bytes}});
  return {{"name", line.name},
          {"operator", line.operator_name},
          {"licence", line.licence},
          {"contract", line.contract},
          {"filing", line.filing},
          {"purpose", line.purpose},
          {"valid_from", line.valid_from},
          {"valid_until", line.valid_until},
          {"link", line.link},
          {"networks", line.networks},
          {"papers", std::move(papers)}};
}

std::string text_in(const json& object, const char* key) {
  return object.at(key).get<std::string>();
}

uint64_t number_in(const json& object, const char* key) {
  const json& value = object.at(key);
  if (!value.is_number_unsigned()) throw json::other_error::create(501, "no number", nullptr);
  return value.get<uint64_t>();
}

RegisteredLine line_from(const json& value) {
  RegisteredLine out{text_in(value, "name"),
                     text_in(value, "operator"),
                     text_in(value, "licence"),
                     text_in(value, "contract"),
                     text_in(value, "filing"),
                     text_in(value, "purpose"),
                     text_in(value, "valid_from"),
                     text_in(value, "valid_until"),
                     value.at("link").get<std::vector<std::string>>(),
                     value.at("networks").get<std::vector<std::string>>(),
                     {}};
  for (const json& each : value.at("papers")) {
    out.papers.push_back({text_in(each, "file"), text_in(each, "sha256"), number_in(each, "bytes")});
    if (!is_sha256_text(out.papers.back().sha256))
      throw json::other_error::create(501, "no SHA-256", nullptr);
  }
  return out;
}

}  // namespace

bool is_credit_code(std::string_view text) {
  constexpr std::string_view kCharacters = "0123456789ABCDEFGHJKLMNPQRTUWXY";
  constexpr size_t kLength = 18;
  if (text.size() != kLength) return false;
  size_t sum = 0, weight = 1;
  for (size_t i = 0; i < kLength; ++i) {
    const size_t value = kCharacters.find(text[i]);
    if (value == kCharacters.npos) return false;
    const bool check = i + 1 == kLength;  // it makes the sum up to a multiple
    sum += value * (check ? 1 : weight);
    weight = weight * 3 % kCharacters.size();
  }
  return sum % kCharacters.size() == 0;
}

PolicyRegister register_of(const PolicySource& source, const std::string& directory, const ReadPaper& read,
                           const TakePaper& take, Report& report) {
  PolicyRegister out{source.company.said,
                     source.timezone ? source.timezone->text : "",
                     source.networks.size(),
                     source.users.size(),
                     {}};
  for (const LineSource& line : source.lines) {
    RegisteredLine entry{line.name.text,
                         line.operator_name,
                         line.licence,
                         line.contract,
                         line.filing,
                         line.purpose,
                         day_text(line.valid_from),
                         day_text(line.valid_until),
                         {},
                         networks_of(source, line.name.text),
                         {}};
    for (const Address& router : line.link) entry.link.push_back(to_string(Prefix{router, 128}));
    for (const Word& paper : line.papers) {
      const std::string path = (std::filesystem::path(directory) / paper.text).string();
      std::string text, error;
      if (!read(path, text, error)) {
        report.error(paper.at, "cannot read the paper " + in_quotes(paper.text) + ": " + error,
                     std::string(kPaperHelp));
        continue;
      }
      if (text.size() > kMaxPaperBytes) {
        report.error(paper.at,
                     "the paper " + in_quotes(paper.text) + " is larger than " +
                         std::to_string(kMaxPaperBytes >> 20) + " MiB",
                     "scan it with fewer dots an inch, or in grey");
        continue;
      }
      take(path, text);
      entry.papers.push_back({paper.text, sha256_hex(text), text.size()});
    }
    out.lines.push_back(std::move(entry));
  }
  return out;
}

json register_json(const PolicyRegister& registers) {
  json lines = json::array();
  for (const RegisteredLine& each : registers.lines) lines.push_back(line_json(each));
  return {{"company",
           {{"name", registers.company.name},
            {"registration", registers.company.registration},
            {"responsible", registers.company.responsible},
            {"contact", registers.company.contact}}},
          {"timezone", registers.timezone},
          {"networks", registers.networks},
          {"users", registers.users},
          {"lines", std::move(lines)}};
}

std::optional<PolicyRegister> register_from(const json& value) {
  try {
    const json& company = value.at("company");
    PolicyRegister out{{text_in(company, "name"), text_in(company, "registration"),
                        text_in(company, "responsible"), text_in(company, "contact")},
                       text_in(value, "timezone"),
                       number_in(value, "networks"),
                       number_in(value, "users"),
                       {}};
    for (const json& each : value.at("lines")) out.lines.push_back(line_from(each));
    return out;
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

}  // namespace sluice::control
