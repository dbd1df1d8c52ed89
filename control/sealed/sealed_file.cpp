// control/sealed: writes the chain of the history.
#include "control/sealed/sealed_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "control/base/clock.h"
#include "control/base/files.h"
#include "control/base/log_line.h"
#include "control/base/sha256.h"
#include "control/base/utc.h"
#include "control/sealed/sealed_form.h"

namespace sluice::control {

using nlohmann::json;

SealedPaths history_paths(const std::filesystem::path& state) {
  return {state / "history.jsonl", state / "history.head", state / "history.key", state / "history.pub"};
}

std::unique_ptr<SealedFile> SealedFile::open(const SealedPaths& paths, std::string name, const TakeLine& take,
                                             std::string& error) {
  std::unique_ptr<SealedFile> out(new SealedFile(paths, std::move(name)));
  out->key_ = SigningKey::open_or_make(paths.key, paths.public_key, error);
  if (out->key_) {
    error = out->open_files(take);
  }
  return error.empty() ? std::move(out) : nullptr;
}

std::string SealedFile::open_files(const TakeLine& take) {
  const std::string path = paths_.lines.string(), head = paths_.head.string();
  constexpr int kFlags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW;
  file_.reset(::open(path.c_str(), kFlags | O_APPEND, 0640));
  const bool first = ::access(head.c_str(), F_OK) != 0;
  if (!file_) {
    return errno_text("cannot read " + path);
  }
  if (std::string why = read_sealed(paths_, *key_, take, findings_); !why.empty()) {
    return why;
  }
  size_t cut = 0;
  if (!cut_torn_line(file_.get(), cut)) {
    return errno_text("cannot read " + path);
  }
  if (cut != 0) {
    log_warning(name_ + ": cut an unfinished line of " + std::to_string(cut) + " bytes off " + path);
  }
  struct stat status {};
  head_.reset(::open(head.c_str(), kFlags, 0640));
  if (!head_ || ::fstat(file_.get(), &status) != 0) {
    return errno_text("cannot use " + head);
  }
  size_ = static_cast<uint64_t>(status.st_size);
  for (const std::string& problem : findings_.problems) {
    log_error(name_ + ": " + problem);
  }
  log_info(name_ + ": " + std::to_string(findings_.lines) + " lines, " +
           (findings_.problem_count == 0 ? "unaltered" : "ALTERED") + ", signed by the key " + fingerprint());
  if (findings_.unrecorded) {
    note_altered(findings_.problems);
  }
  std::string why = write_head();
  if (why.empty() && first && (::fsync(head_.get()) != 0 || !sync_directory(paths_.head.parent_path()))) {
    why = errno_text("cannot write " + head);
  }
  return why;
}

/// The missing lines keep their numbers, so that the gap shows for ever.
void SealedFile::note_altered(std::vector<std::string> what) {
  findings_.last_number = std::max(findings_.last_number, findings_.head_number);
  const std::string why = append(json{{"altered", std::move(what)}, {"time", utc_text(utc_now_ns())}});
  if (!why.empty()) {
    log_error(name_ + ": " + why);
  }
}

std::string SealedFile::append(json line, std::string* written) {
  const std::lock_guard lock(appending_);
  struct stat status {};
  if (::fstat(file_.get(), &status) == 0 && static_cast<uint64_t>(status.st_size) != size_ &&
      !line.contains("altered")) {
    const std::string what = "somebody else wrote to the file: it has " + std::to_string(status.st_size) +
                             " bytes, and had " + std::to_string(size_);
    log_error(name_ + ": " + what);
    note_altered({what});
  }
  line["line"] = findings_.last_number + 1;
  line["previous"] = findings_.last_sha256;
  const std::string body = line.dump(-1, ' ', false, json::error_handler_t::replace);
  const std::string text = with_signature(body, key_->sign(body));
  if (text.size() > kMaxSealedLine) {
    return "a line of " + std::to_string(text.size()) + " bytes is too long";
  }
  if (std::string why = write_line(text + "\n"); !why.empty()) {
    return why;
  }
  ++findings_.last_number;
  findings_.last_sha256 = sha256_hex(text);
  if (written != nullptr) {
    *written = text;
  }
  // The line is there and signed whether its head can be written or not: who asks again would write it twice.
  if (std::string why = write_head(); !why.empty()) {
    log_error(name_ + ": " + why);
  }
  return {};
}

std::string SealedFile::write_line(const std::string& text) {
  struct stat status {};
  const bool known = ::fstat(file_.get(), &status) == 0;
  if (known && write_all(file_.get(), text) && ::fdatasync(file_.get()) == 0) {
    size_ = static_cast<uint64_t>(status.st_size) + text.size();
    return {};
  }
  std::string why = errno_text("cannot write " + paths_.lines.string());
  if (known) {
    [[maybe_unused]] const int cut = ::ftruncate(file_.get(), status.st_size);
  }
  return why;
}

/// Not synced: after a crash the head may be of an older line, which is no alarm, for the lines after it bear
/// signatures of their own. Its size never changes, so what is on the disk is one whole head or another.
std::string SealedFile::write_head() {
  const std::string text = head_text({findings_.last_number, findings_.last_sha256}, *key_);
  if (::pwrite(head_.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    return errno_text("cannot write " + paths_.head.string());
  }
  findings_.head_number = findings_.last_number;
  return {};
}

}  // namespace sluice::control
