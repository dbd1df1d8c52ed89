// control/pseudonyms: writes a vault.
#include "control/pseudonyms/vault.h"

#include <fcntl.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "control/base/files.h"
#include "control/base/hex.h"
#include "control/base/log_line.h"
#include "control/base/sha256.h"
#include "control/base/utc.h"
#include "control/sealed/sealed_form.h"

namespace sluice::control {
namespace {

constexpr mode_t kVaultMode = 0640;
constexpr size_t kIdBytes = 16;

/// The vault's key for each two keepers; false where the library fails.
bool wrap_all(VaultHead& head, std::string_view key) {
  for (const LogKeeper& first : head.keepers) {
    for (const LogKeeper& second : head.keepers) {
      if (first.name >= second.name) {
        continue;
      }
      WrappedKey pair{first.name, second.name, {}};
      const auto inner = seal_to(second.key, wrap_with(head, pair, "inner"), key);
      auto outer = inner ? seal_to(first.key, wrap_with(head, pair, "outer"), *inner) : std::nullopt;
      if (!outer) {
        return false;
      }
      pair.key = std::move(*outer);
      head.wrapped.push_back(std::move(pair));
    }
  }
  return true;
}

}  // namespace

std::unique_ptr<Vault> Vault::begin(const std::filesystem::path& log, const std::string& period,
                                    const std::vector<LogKeeper>& keepers, int64_t utc_ns,
                                    std::string& error) {
  std::unique_ptr<Vault> out(new Vault);
  out->log_ = log;
  uint8_t id[kIdBytes];
  const bool random = RAND_bytes(id, sizeof id) == 1 && out->key_.make();
  out->head_ = {hex_text(id), period, utc_text(utc_ns), keepers, {}};
  out->previous_ = std::string(kSha256Digits, '0');
  if (!random || !wrap_all(out->head_, out->key_.bytes())) {
    error = "cannot make a vault's key for its keepers";
    return nullptr;
  }
  return out;
}

std::string Vault::make_file() {
  for (unsigned number = 1; number <= kMaxVaultsOfPeriod; ++number) {
    path_ = log_ / vault_name(head_.period, number);
    file_.reset(
        ::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, kVaultMode));
    if (file_ && !sync_directory(log_)) {
      ::unlink(path_.c_str());
      file_.reset();
    }
    if (file_ || errno != EEXIST) {
      return file_ ? std::string() : errno_text("cannot make " + path_.string());
    }
  }
  return "there are " + std::to_string(kMaxVaultsOfPeriod) + " vaults of " + head_.period;
}

std::string Vault::append(const std::vector<Identity>& identities, const SigningKey& key) {
  if (std::string why = file_ ? std::string() : make_file(); !why.empty()) {
    return why;
  }
  std::string text = size_ == 0 ? head_line(head_) + "\n" : "";
  uint64_t number = identities_;
  for (const Identity& each : identities) {
    SealedIdentity sealed{each.of, each.pseudonym, ++number, {}};
    std::string padded = padded_identity(each.text);
    auto bytes = seal(key_.bytes(), identity_nonce(number), identity_with(head_, sealed), padded);
    wipe(padded);
    if (!bytes) {
      return "cannot encrypt an identity";
    }
    sealed.sealed = std::move(*bytes);
    text += identity_line(sealed) + "\n";
  }
  // A number is never used twice, also where the disk refuses: the next try may be of other identities.
  identities_ = number;
  const std::string body = seal_body({previous_, sha256_hex(text)});
  const std::string last = with_signature(body, key.sign(body));
  text += last + "\n";
  if (!write_all(file_.get(), text) || ::fdatasync(file_.get()) != 0) {
    std::string why = errno_text("cannot write " + path_.string());
    if (::ftruncate(file_.get(), static_cast<off_t>(size_)) != 0) {
      log_error("pseudonyms: " + errno_text("cannot cut back " + path_.string()));
    }
    return why;
  }
  size_ += text.size();
  previous_ = sha256_hex(last);
  return {};
}

bool Vault::is_whole() const {
  struct stat status {};
  return !file_ || (::fstat(file_.get(), &status) == 0 && status.st_nlink != 0 &&
                    static_cast<uint64_t>(status.st_size) == size_);
}

std::vector<std::filesystem::path> list_vaults(const std::filesystem::path& log, std::error_code& error) {
  std::vector<std::filesystem::path> out;
  for (const auto& each : std::filesystem::directory_iterator(log, error)) {
    if (vault_period(each.path().filename().string())) {
      out.push_back(each.path());
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

size_t remove_old_vaults(const std::filesystem::path& log, int64_t oldest_ns) {
  const std::string oldest = period_of(oldest_ns);
  std::error_code error;
  size_t removed = 0;
  for (const std::filesystem::path& each : list_vaults(log, error)) {
    if (*vault_period(each.filename().string()) < oldest) {
      removed += std::filesystem::remove(each, error);
    }
  }
  if (removed != 0) {
    log_info("pseudonyms: " + std::to_string(removed) +
             " vaults removed, as the log has nothing of their time");
  }
  return removed;
}

}  // namespace sluice::control
