// control/policy: what a policy says of the access log.
#include "control/policy/log_policy.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "control/policy/feed_url.h"
#include "control/policy/policy_source.h"

namespace sluice::control {
namespace {

using nlohmann::json;

/// By its first letter, the second letters of every code that ISO 3166-1 has assigned.
constexpr std::string_view kCountries[26] = {"DEFGILMOQRSTUWXZ",
                                             "ABDEFGHIJLMNOQRSTVWYZ",
                                             "ACDFGHIKLMNORUVWXYZ",
                                             "EJKMOZ",
                                             "CEGHRST",
                                             "IJKMOR",
                                             "ABDEFGHILMNPQRSTUWY",
                                             "KMNRTU",
                                             "DELMNOQRST",
                                             "EMOP",
                                             "EGHIMNPRWYZ",
                                             "ABCIKRSTUVY",
                                             "ACDEFGHKLMNOPQRSTUVWXYZ",
                                             "ACEFGILOPRUZ",
                                             "M",
                                             "AEFGHKLMNRSTWY",
                                             "A",
                                             "EOSUW",
                                             "ABCDEGHIJKLMNORSTVXYZ",
                                             "CDFGHJKLMNORTVWZ",
                                             "AGMSYZ",
                                             "ACEGINU",
                                             "FS",
                                             "",
                                             "ET",
                                             "AMW"};

/// The members of one object; remembers whether any was missing or of another kind.
class Members {
 public:
  explicit Members(const json& object) : object_(object), good_(object.is_object()) {}
  std::string text(const char* key) {
    const json* value = find(key);
    good_ = good_ && value->is_string();
    return good_ ? value->get<std::string>() : std::string();
  }
  template <typename Number>
  Number number(const char* key) {
    const json* value = find(key);
    good_ = good_ && value->is_number_unsigned() &&
            value->get<uint64_t>() <= uint64_t{std::numeric_limits<Number>::max()};
    return good_ ? value->get<Number>() : Number{};
  }
  const json* find(const char* key) {
    const auto found = good_ ? object_.find(key) : object_.end();
    good_ = good_ && found != object_.end();
    return good_ ? &*found : nullptr;
  }
  bool good() const { return good_; }

 private:
  const json& object_;
  bool good_;
};

json witness_json(const LogWitness& witness) {
  return {{"kind", static_cast<unsigned>(witness.kind)},
          {"where", witness.where},
          {"to", witness.to},
          {"from", witness.from}};
}

std::optional<LogWitness> witness_from(const json& value) {
  Members members(value);
  const auto kind = members.number<uint8_t>("kind");
  LogWitness out{{}, members.text("where"), members.text("to"), members.text("from")};
  if (!members.good() || kind >= std::size(kWitnessWords)) return std::nullopt;
  out.kind = static_cast<LogWitness::Kind>(kind);
  const bool fits = [&] {
    switch (out.kind) {
      case LogWitness::Kind::None:
        return out == LogWitness{};
      case LogWitness::Kind::Url:
        return out.where.starts_with("https://") && url_problem(out.where).empty();
      case LogWitness::Kind::Folder:
        return is_rooted_path(out.where);
      case LogWitness::Kind::Mail:
        return parse_endpoint(out.where, "smtps").has_value() && is_mail_address(out.to) &&
               is_mail_address(out.from);
    }
    return false;
  }();
  return fits ? std::optional(std::move(out)) : std::nullopt;
}

json copy_json(const LogCopy& copy) {
  return {{"name", copy.name},
          {"kind", static_cast<unsigned>(copy.kind)},
          {"host", copy.host},
          {"port", copy.port},
          {"ca", copy.ca},
          {"certificate", copy.certificate},
          {"key", copy.key},
          {"database", copy.database},
          {"user", copy.user},
          {"password_file", copy.password_file},
          {"recipient", copy.recipient},
          {"country", copy.country},
          {"basis", copy.basis}};
}

std::optional<LogCopy> copy_from(const json& value) {
  Members members(value);
  const auto kind = members.number<uint8_t>("kind");
  LogCopy out{members.text("name"),      {},
              members.text("host"),      members.number<uint16_t>("port"),
              members.text("ca"),        members.text("certificate"),
              members.text("key"),       members.text("database"),
              members.text("user"),      members.text("password_file"),
              members.text("recipient"), members.text("country"),
              members.text("basis")};
  if (!members.good() || kind >= std::size(kCopyWords)) return std::nullopt;
  out.kind = static_cast<LogCopy::Kind>(kind);
  const auto is_path_or_empty = [](const std::string& text) { return text.empty() || is_rooted_path(text); };
  if (out.name.empty() || !is_host(out.host) || out.port == 0 || !is_country(out.country) ||
      out.recipient.empty() || out.certificate.empty() != out.key.empty() || !is_path_or_empty(out.ca) ||
      !is_path_or_empty(out.certificate) || !is_path_or_empty(out.key) ||
      !is_path_or_empty(out.password_file)) {
    return std::nullopt;
  }
  return out;
}

}  // namespace

bool is_country(std::string_view text) {
  return text.size() == 2 && text[0] >= 'A' && text[0] <= 'Z' &&
         kCountries[text[0] - 'A'].find(text[1]) != std::string_view::npos;
}

bool gets_pseudonyms(const LogPolicy& log, const LogCopy& copy) {
  return copy.country != log.country && copy.basis.empty();
}

bool is_mail_address(std::string_view text) {
  constexpr size_t kMaxLocal = 64;  // RFC 5321 4.5.3.1.1
  const size_t at = text.find('@');
  if (at == 0 || at > kMaxLocal || at == text.npos) return false;
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("._%+=-").find(c) != std::string_view::npos;
  };
  const std::string_view domain = text.substr(at + 1);
  return std::ranges::all_of(text.substr(0, at), fits) && is_host(domain) && domain.find(':') == domain.npos;
}

bool is_rooted_path(std::string_view text) {
  return text.starts_with('/');
}

bool are_keepers(const std::vector<LogKeeper>& keepers) {
  for (size_t i = 0; i < keepers.size(); ++i) {
    if (keepers[i].name.empty() || (i != 0 && keepers[i - 1].name >= keepers[i].name)) return false;
    for (size_t k = 0; k < i; ++k)
      if (keepers[k].key == keepers[i].key) return false;
  }
  return keepers.empty() || (keepers.size() >= kMinKeepers && keepers.size() <= kMaxKeepers);
}

json keepers_json(const std::vector<LogKeeper>& keepers) {
  json out = json::object();
  for (const LogKeeper& each : keepers) out[each.name] = keeper_key_text(each.key);
  return out;
}

std::optional<std::vector<LogKeeper>> keepers_from(const json& value) {
  if (!value.is_object()) return std::nullopt;
  std::vector<LogKeeper> out;
  for (const auto& [name, text] : value.items()) {
    const auto key = text.is_string() ? parse_keeper_key(text.get<std::string>()) : std::nullopt;
    if (!key) return std::nullopt;
    out.push_back({name, *key});
  }
  return are_keepers(out) ? std::optional(std::move(out)) : std::nullopt;
}

json log_policy_json(const LogPolicy& log) {
  json copies = json::array();
  for (const LogCopy& copy : log.copies) copies.push_back(copy_json(copy));
  return {{"keep_s", log.keep_s},
          {"country", log.country},
          {"fold_s", log.fold_s},
          {"witness", witness_json(log.witness)},
          {"keepers", keepers_json(log.keepers)},
          {"copies", std::move(copies)}};
}

std::optional<LogPolicy> log_policy_from(const json& value) {
  Members members(value);
  LogPolicy out;
  out.keep_s = members.number<uint32_t>("keep_s");
  out.country = members.text("country");
  out.fold_s = members.number<uint32_t>("fold_s");
  const json *witness = members.find("witness"), *copies = members.find("copies"),
             *keepers = members.find("keepers");
  if (!members.good() || out.keep_s < kMinKeepS || out.keep_s > kMaxKeepS || !is_country(out.country) ||
      out.fold_s > kMaxFoldS || !copies->is_array()) {
    return std::nullopt;
  }
  std::optional<LogWitness> told = witness_from(*witness);
  std::optional<std::vector<LogKeeper>> held = keepers_from(*keepers);
  if (!told || !held) return std::nullopt;
  out.keepers = std::move(*held);
  out.witness = std::move(*told);
  for (const json& each : *copies) {
    std::optional<LogCopy> copy = copy_from(each);
    if (!copy) return std::nullopt;
    out.copies.push_back(std::move(*copy));
  }
  return out;
}

LogPolicy log_policy_of(const LogSource& source) {
  LogPolicy out = source.said;
  for (const LogCopySource& each : source.copies) out.copies.push_back(each.copy);
  std::ranges::sort(out.copies, {}, &LogCopy::name);
  return out;
}

}  // namespace sluice::control
