// control/pseudonyms: makes, reads and destroys a period's key.
#include "control/pseudonyms/period_key.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "control/base/files.h"
#include "control/base/hex.h"
#include "control/base/log_line.h"
#include "control/base/unique_fd.h"
#include "control/pseudonyms/seal.h"

namespace sluice::control {
namespace {

constexpr size_t kMaxPeriodFile = 256;

}  // namespace

PeriodKey::~PeriodKey() {
  OPENSSL_cleanse(key_.data(), key_.size());
}

/// `2026-11 <64 hexadecimal digits>`. Returns false where the file holds something else.
bool PeriodKey::read(const std::string& period) {
  std::string text = read_tail(file_, kMaxPeriodFile).value_or("");
  const bool good = text.size() == period.size() + 1 + kSha256Digits + 1 && text.starts_with(period + " ") &&
                    text.ends_with('\n') &&
                    bytes_of_hex(std::string_view(text).substr(period.size() + 1, kSha256Digits), key_);
  wipe(text);
  return good;
}

std::string PeriodKey::turn(const std::string& period) {
  if (period == period_) {
    return {};
  }
  if (read(period)) {
    period_ = period;
    return {};
  }
  if (std::string why = destroy(); !why.empty()) {
    return why;
  }
  if (RAND_priv_bytes(key_.data(), static_cast<int>(key_.size())) != 1) {
    return "cannot make a key for pseudonyms";
  }
  std::string text = period + " " + hex_text(key_) + "\n";
  std::string why = make_private_file(file_, text);
  wipe(text);
  if (why.empty()) {
    period_ = period;
    log_info("pseudonyms: a new key for " + period);
  }
  return why;
}

std::string PeriodKey::destroy() {
  period_.clear();
  OPENSSL_cleanse(key_.data(), key_.size());
  const std::string path = file_.string();
  struct stat status {};
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd && errno == ENOENT) {
    return {};
  }
  if (!fd || ::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return errno_text("cannot destroy " + path);
  }
  const std::string zeros(std::min<size_t>(static_cast<size_t>(status.st_size), kMaxPeriodFile), '\0');
  if (!write_all(fd.get(), zeros) || ::fsync(fd.get()) != 0 || ::unlink(path.c_str()) != 0 ||
      !sync_directory(file_.parent_path())) {
    return errno_text("cannot destroy " + path);
  }
  log_info("pseudonyms: the last key is destroyed");
  return {};
}

}  // namespace sluice::control
