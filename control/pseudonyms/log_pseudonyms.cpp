// control/pseudonyms: makes the log's pseudonyms.
#include "control/pseudonyms/log_pseudonyms.h"

#include <cstring>
#include <nlohmann/json.hpp>
#include <span>
#include <utility>

#include "control/base/files.h"
#include "control/base/log_line.h"
#include "control/policy/prefix.h"

namespace sluice::control {
namespace {

using nlohmann::json;
constexpr size_t kMaxKeepersFile = 16384;

std::string shown_address(std::string_view bytes) {
  Address address;
  std::memcpy(address.bytes.data(), bytes.data(), address.bytes.size());
  return to_string(Prefix{address, 128});
}

/// As the log writes it.
std::string shown_mac(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char each : bytes) {
    out += out.empty() ? "" : "-";
    out += kDigits[static_cast<uint8_t>(each) >> 4];
    out += kDigits[static_cast<uint8_t>(each) & 15];
  }
  return out;
}

std::string shown_text(std::string_view text) {
  return std::string(text);
}

}  // namespace

LogPseudonyms::LogPseudonyms(std::filesystem::path log, const std::filesystem::path& state)
    : log_(std::move(log)), keepers_file_(state / "keepers.json"), period_(state / "pseudonyms.key") {}

std::unique_ptr<LogPseudonyms> LogPseudonyms::open(const std::filesystem::path& log,
                                                   const std::filesystem::path& state, std::string& error) {
  std::unique_ptr<LogPseudonyms> out(new LogPseudonyms(log, state));
  out->signing_ = SigningKey::open_or_make(state / "log.key", log / "log.pub", error);
  if (!out->signing_) {
    return nullptr;
  }
  std::error_code missing;
  if (!std::filesystem::exists(out->keepers_file_, missing)) {
    return out;
  }
  auto keepers =
      keepers_from(json::parse(read_tail(out->keepers_file_, kMaxKeepersFile).value_or(""), nullptr, false));
  out->unread_ = !keepers || keepers->empty();
  if (out->unread_) {
    log_error("pseudonyms: " + out->keepers_file_.string() +
              " does not say who the keepers are; nothing is written to the log until the policy does");
    return out;
  }
  out->keepers_ = std::move(*keepers);
  return out;
}

void LogPseudonyms::set(const std::vector<LogKeeper>& keepers) {
  const std::lock_guard lock(mutex_);
  wanted_ = keepers;
}

std::string LogPseudonyms::begin(int64_t utc_ns) {
  std::optional<std::vector<LogKeeper>> wanted;
  {
    const std::lock_guard lock(mutex_);
    wanted = wanted_;
  }
  if (unread_ && !wanted) {
    return "it is not known whether it has pseudonyms, until the policy says so";
  }
  if (wanted && (unread_ || *wanted != keepers_)) {
    if (std::string why = take_over(std::move(*wanted)); !why.empty()) {
      return why;
    }
  }
  if (!on()) {
    return {};
  }
  const std::string period = period_of(utc_ns);
  if (period != period_.period()) {
    if (std::string why = period_.turn(period); !why.empty()) {
      return why;
    }
    forget();
    pseudonyms_.emplace(period_.key());
  }
  if (vault_ && !vault_->is_whole()) {
    log_error("pseudonyms: somebody else changed " + vault_->path().string() + "; another vault is begun");
    forget();
  }
  if (known_.size() >= kMaxPseudonymsKnown) {
    known_.clear();
    log_warning("pseudonyms: more than " + std::to_string(kMaxPseudonymsKnown) +
                " clients came; the vault names them again");
  }
  return {};
}

/// Remembered first, then in force.
std::string LogPseudonyms::take_over(std::vector<LogKeeper> keepers) {
  std::string why;
  if (keepers.empty()) {
    pseudonyms_.reset();
    why = period_.destroy();
    std::error_code error;
    if (why.empty() && !std::filesystem::remove(keepers_file_, error) && error) {
      why = "cannot remove " + keepers_file_.string() + ": " + error.message();
    }
  } else {
    const std::string text = keepers_json(keepers).dump() + "\n";
    why = replace_file(keepers_file_, std::as_bytes(std::span(text)));
  }
  if (why.empty()) {
    log_info(keepers.empty() ? std::string("pseudonyms: the log has people from now on")
                             : "pseudonyms: the log has pseudonyms; " + std::to_string(keepers.size()) +
                                   " keepers, any two of whom can undo them");
    keepers_ = std::move(keepers);
    unread_ = false;
    forget();
  }
  return why;
}

/// What comes goes into another vault.
void LogPseudonyms::forget() {
  known_.clear();
  vault_.reset();
}

std::string_view LogPseudonyms::known(std::string_view key, std::string_view of,
                                      std::string (*shown)(std::string_view)) {
  if (const auto found = known_.find(key); found != known_.end()) {
    return found->second;
  }
  std::string text = shown(key.substr(1));
  std::string pseudonym = pseudonyms_->of(of, text);
  new_.push_back({std::string(of), pseudonym, std::move(text)});
  return known_.emplace(key, std::move(pseudonym)).first->second;
}

std::string_view LogPseudonyms::address(const Address& address) {
  char key[1 + sizeof address.bytes] = {'i'};
  std::memcpy(key + 1, address.bytes.data(), sizeof address.bytes);
  return known({key, sizeof key}, "ip", shown_address);
}

std::string_view LogPseudonyms::mac(const std::array<uint8_t, 6>& mac) {
  char key[1 + sizeof mac] = {'m'};
  std::memcpy(key + 1, mac.data(), sizeof mac);
  return known({key, sizeof key}, "mac", shown_mac);
}

std::string_view LogPseudonyms::text(std::string_view of, std::string_view text) {
  return known(std::string(1, of.front()) + std::string(text), of, shown_text);
}

std::string LogPseudonyms::sync(int64_t utc_ns) {
  if (new_.empty()) {
    return {};
  }
  std::string why;
  if (!vault_) {
    vault_ = Vault::begin(log_, period_.period(), keepers_, utc_ns, why);
  }
  if (why.empty()) {
    why = vault_->append(new_, *signing_);
  }
  if (why.empty()) {
    new_.clear();
  }
  return why;
}

}  // namespace sluice::control
