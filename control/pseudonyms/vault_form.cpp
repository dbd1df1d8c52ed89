// control/pseudonyms: writes and reads the lines of a vault.
#include "control/pseudonyms/vault_form.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "control/base/hex.h"
#include "control/base/json_fields.h"
#include "control/base/utc.h"

namespace sluice::control {
namespace {

using nlohmann::json;

constexpr std::string_view kPurpose = "sluice vault 1";
constexpr size_t kBlockBytes = 64, kIdDigits = 32, kPeriodSize = sizeof "2026-11" - 1;
constexpr std::string_view kNamePrefix = "vault-", kNameSuffix = ".jsonl";
constexpr size_t kNumberDigits = 4;
constexpr std::string_view kKinds[] = {"ip", "mac", "user", "host", "name"};

std::string hex_of(std::string_view bytes) {
  return hex_text({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
}

std::optional<std::string> from_hex(const std::string& digits) {
  std::string out(digits.size() / 2, '\0');
  const bool good = bytes_of_hex(digits, {reinterpret_cast<uint8_t*>(out.data()), out.size()});
  return good && !out.empty() ? std::optional(std::move(out)) : std::nullopt;
}

bool is_hex(std::string_view text, size_t digits) {
  return text.size() == digits && text.find_first_not_of("0123456789abcdef") == text.npos;
}

bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

std::string dumped(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

/// A line of that kind; a discarded value where it is none.
json parsed(std::string_view line, std::string_view kind) {
  json out =
      line.size() <= kMaxVaultLine ? json::parse(line, nullptr, false) : json(json::value_t::discarded);
  return out.is_object() && text_at(out, "kind") == kind ? out : json(json::value_t::discarded);
}

/// Texts that no others of another number, or other ones, make.
std::string joined_with(std::initializer_list<std::string_view> parts) {
  std::string out(kPurpose);
  for (const std::string_view part : parts) {
    out += '\0';
    out += part;
  }
  return out;
}

}  // namespace

std::string head_line(const VaultHead& head) {
  json wrapped = json::array();
  for (const WrappedKey& each : head.wrapped) {
    wrapped.push_back({{"first", each.first}, {"second", each.second}, {"key", hex_of(each.key)}});
  }
  return dumped({{"kind", "vault"},
                 {"vault", head.id},
                 {"period", head.period},
                 {"time", head.time},
                 {"keepers", keepers_json(head.keepers)},
                 {"wrapped", std::move(wrapped)}});
}

std::optional<VaultHead> read_head_line(std::string_view line) {
  const json said = parsed(line, "vault");
  if (said.is_discarded()) {
    return std::nullopt;
  }
  VaultHead out{text_at(said, "vault"), text_at(said, "period"), text_at(said, "time"), {}, {}};
  auto keepers = keepers_from(object_at(said, "keepers"));
  const auto wrapped = said.find("wrapped");
  if (!is_hex(out.id, kIdDigits) || !is_period(out.period) || !keepers || wrapped == said.end() ||
      !wrapped->is_array() || wrapped->size() > kMaxKeepers * kMaxKeepers) {
    return std::nullopt;
  }
  out.keepers = std::move(*keepers);
  for (const json& each : *wrapped) {
    std::optional<std::string> key = each.is_object() ? from_hex(text_at(each, "key")) : std::nullopt;
    if (!key) {
      return std::nullopt;
    }
    out.wrapped.push_back({text_at(each, "first"), text_at(each, "second"), std::move(*key)});
  }
  return head_line(out) == line ? std::optional(std::move(out)) : std::nullopt;
}

std::string identity_line(const SealedIdentity& identity) {
  return dumped({{"kind", "identity"},
                 {"of", identity.of},
                 {"pseudonym", identity.pseudonym},
                 {"number", identity.number},
                 {"sealed", hex_of(identity.sealed)}});
}

std::optional<SealedIdentity> read_identity_line(std::string_view line) {
  const json said = parsed(line, "identity");
  if (said.is_discarded()) {
    return std::nullopt;
  }
  SealedIdentity out{text_at(said, "of"), text_at(said, "pseudonym"), number_at(said, "number"), {}};
  std::optional<std::string> sealed = from_hex(text_at(said, "sealed"));
  if (!sealed || out.number == 0 || !is_pseudonym(out.pseudonym) ||
      std::find(std::begin(kKinds), std::end(kKinds), out.of) == std::end(kKinds)) {
    return std::nullopt;
  }
  out.sealed = std::move(*sealed);
  return identity_line(out) == line ? std::optional(std::move(out)) : std::nullopt;
}

std::string seal_body(const VaultSeal& seal) {
  return dumped({{"kind", "seal"}, {"previous", seal.previous}, {"sha256", seal.sha256}});
}

std::optional<VaultSeal> read_seal_body(std::string_view body) {
  const json said = parsed(body, "seal");
  if (said.is_discarded()) {
    return std::nullopt;
  }
  VaultSeal out{text_at(said, "previous"), text_at(said, "sha256")};
  return is_sha256_text(out.previous) && is_sha256_text(out.sha256) && seal_body(out) == body
             ? std::optional(std::move(out))
             : std::nullopt;
}

std::string wrap_with(const VaultHead& head, const WrappedKey& pair, std::string_view layer) {
  return joined_with({"key", head.id, head.period, pair.first, pair.second, layer});
}

std::string identity_with(const VaultHead& head, const SealedIdentity& identity) {
  return joined_with({"identity", head.id, head.period, identity.of, identity.pseudonym});
}

std::string identity_nonce(uint64_t number) {
  std::string out(12, '\0');
  for (size_t i = out.size(); number != 0; number >>= 8) {
    out[--i] = static_cast<char>(number & 0xff);
  }
  return out;
}

std::string padded_identity(std::string_view text) {
  std::string out(text);
  out.resize((text.size() / kBlockBytes + 1) * kBlockBytes, '\0');
  return out;
}

std::string unpadded_identity(std::string text) {
  text.resize(text.find_last_not_of('\0') + 1);  // npos + 1 is 0
  return text;
}

std::string vault_name(const std::string& period, unsigned number) {
  char digits[16];
  std::snprintf(digits, sizeof digits, "-%04u", number);
  return std::string(kNamePrefix) + period + digits + std::string(kNameSuffix);
}

std::optional<std::string> vault_period(std::string_view name) {
  if (name.size() != kNamePrefix.size() + kPeriodSize + 1 + kNumberDigits + kNameSuffix.size() ||
      !name.starts_with(kNamePrefix) || !name.ends_with(kNameSuffix)) {
    return std::nullopt;
  }
  const std::string_view period = name.substr(kNamePrefix.size(), kPeriodSize);
  const std::string_view rest = name.substr(kNamePrefix.size() + kPeriodSize, 1 + kNumberDigits);
  return is_period(period) && rest[0] == '-' && is_digits(rest.substr(1)) ? std::optional(std::string(period))
                                                                          : std::nullopt;
}

std::string period_of(int64_t utc_ns) {
  return utc_text(utc_ns).substr(0, kPeriodSize);
}

bool is_period(std::string_view text) {
  return text.size() == kPeriodSize && is_digits(text.substr(0, 4)) && text[4] == '-' &&
         is_digits(text.substr(5)) && text.substr(5) >= "01" && text.substr(5) <= "12";
}

bool is_pseudonym(std::string_view text) {
  return text.starts_with("p-") && is_hex(text.substr(2), 32);
}

}  // namespace sluice::control
