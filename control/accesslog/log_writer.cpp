// accesslog: appends, syncs, and finds its place again after a crash.
#include "control/accesslog/log_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <set>

#include "control/accesslog/format.h"
#include "control/base/files.h"
#include "control/base/log_line.h"

namespace sluice::control {
namespace {

/// How many of the newest files are read back. One would do, if clocks never went back over midnight.
constexpr size_t kFilesReadBack = 3;
constexpr mode_t kFileMode = 0640;

bool is_log_file(const std::string& name) {
  return name.size() == 21 && name.starts_with("access-") && name.ends_with(".jsonl") &&
         std::all_of(name.begin() + 7, name.begin() + 15, [](char c) { return c >= '0' && c <= '9'; });
}

/// Reads `<boot>-<worker>-<number>"` from the start of text.
bool parse_event_id(std::string_view text, uint64_t& boot, uint32_t& worker, uint64_t& number) {
  const char* const end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, boot, 16);
  if (first.ec != std::errc() || first.ptr != text.data() + 16 || first.ptr == end || *first.ptr != '-') {
    return false;
  }
  const auto second = std::from_chars(first.ptr + 1, end, worker);
  if (second.ec != std::errc() || second.ptr == end || *second.ptr != '-') {
    return false;
  }
  const auto third = std::from_chars(second.ptr + 1, end, number);
  return third.ec == std::errc() && third.ptr != end && *third.ptr == '"';
}

}  // namespace

std::string log_file_name(int64_t now_ns) {
  const std::string now = utc_text(now_ns);
  return "access-" + now.substr(0, 4) + now.substr(5, 2) + now.substr(8, 2) + ".jsonl";
}

std::unique_ptr<LogWriter> LogWriter::open(const std::filesystem::path& directory, int64_t now_ns,
                                           std::string& error) {
  error = make_directory(directory);
  if (!error.empty()) {
    return nullptr;
  }
  std::unique_ptr<LogWriter> out(new LogWriter(directory));
  error = out->read_back(now_ns);
  return error.empty() ? std::move(out) : nullptr;
}

std::string LogWriter::read_back(int64_t now_ns) {
  std::error_code failure;
  std::set<std::string, std::greater<>> newest_first;
  for (const auto& entry : std::filesystem::directory_iterator(directory_, failure)) {
    if (is_log_file(entry.path().filename().string())) {
      newest_first.insert(entry.path().filename().string());
    }
  }
  if (failure) {
    return "cannot read " + directory_.string() + ": " + failure.message();
  }
  std::set<std::string> files;
  for (auto it = newest_first.begin(); it != newest_first.end() && files.size() < kFilesReadBack; ++it) {
    files.insert(*it);
  }
  if (newest_first.contains(log_file_name(now_ns))) {
    files.insert(log_file_name(now_ns));
  }
  for (const std::string& name : files) {
    const std::string path = (directory_ / name).string();
    const UniqueFd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
    size_t cut = 0;
    const bool whole = fd && cut_torn_line(fd.get(), cut);
    const std::optional<std::string> tail = read_tail(path, 2 * kMaxBatchBytes);
    // The lines found here count as logged, and a ring's tail moves past them: they must be on disk.
    if (!whole || !tail || ::fdatasync(fd.get()) != 0) {
      return errno_text("cannot read back " + path);
    }
    if (cut != 0) {
      log_warning("access log: cut an unfinished line of " + std::to_string(cut) + " bytes off " + path);
      torn_bytes_ += cut;
    }
    note_numbers(*tail);
  }
  return {};
}

void LogWriter::note_numbers(std::string_view lines) {
  constexpr std::string_view kEvent = "\"event\":{", kId = "\"id\":\"";
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(lines.size(), line.size() + 1));
    const size_t event = line.find(kEvent);
    const size_t id = event == std::string_view::npos ? event : line.find(kId, event);
    uint64_t boot, number;
    uint32_t worker;
    if (id != std::string_view::npos && parse_event_id(line.substr(id + kId.size()), boot, worker, number)) {
      uint64_t& last = last_numbers_[{boot, worker}];
      last = std::max(last, number);
    }
  }
}

uint64_t LogWriter::last_number(uint64_t boot, uint32_t worker) const {
  const auto found = last_numbers_.find({boot, worker});
  return found == last_numbers_.end() ? 0 : found->second;
}

/// Opens the file of the day where another one, or none, is open; finds how long it is.
std::string LogWriter::use_file_of(int64_t now_ns) {
  const std::string name = log_file_name(now_ns);
  struct stat status {};
  if (file_ && name == file_name_ && ::fstat(file_.get(), &status) == 0 && status.st_nlink > 0) {
    synced_size_ =
        std::min(synced_size_, static_cast<size_t>(status.st_size));  // somebody may have shortened it
    return {};
  }
  const std::string path = (directory_ / name).string();
  file_.reset(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kFileMode));
  if (!file_ || ::fstat(file_.get(), &status) != 0 || !sync_directory(directory_)) {
    std::string why = errno_text("cannot open " + path);
    file_.reset();
    return why;
  }
  size_t cut;
  if (!cut_torn_line(file_.get(), cut)) {
    std::string why = errno_text("cannot read " + path);
    file_.reset();
    return why;
  }
  synced_size_ = static_cast<size_t>(status.st_size) - cut;
  file_name_ = name;
  return {};
}

std::string LogWriter::append(std::string_view lines, int64_t now_ns) {
  if (std::string why = use_file_of(now_ns); !why.empty()) {
    return why;
  }
  const auto start = static_cast<off_t>(synced_size_);
  if (::lseek(file_.get(), start, SEEK_SET) == start && write_all(file_.get(), lines) &&
      ::fdatasync(file_.get()) == 0) {
    synced_size_ += lines.size();
    return {};
  }
  std::string why = errno_text("cannot write " + (directory_ / file_name_).string());
  // After a failed sync the kernel may hold the pages for clean: only writing them again is safe. So all of
  // it goes.
  if (::ftruncate(file_.get(), start) != 0) {
    file_.reset();
  }
  return why;
}

}  // namespace sluice::control
