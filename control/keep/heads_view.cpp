// control/keep: what heads.jsonl says, read on while the log's thread writes it.
#include "control/keep/heads_view.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <utility>

#include "control/base/files.h"
#include "control/base/json_fields.h"
#include "control/base/unique_fd.h"
#include "control/base/utc.h"
#include "control/sealed/sealed_file.h"
#include "control/sealed/sealed_form.h"

namespace sluice::control {

using nlohmann::json;

HeadsView::HeadsView(std::filesystem::path lines, std::unique_ptr<const SigningKey> key)
    : lines_(std::move(lines)), key_(std::move(key)) {}

std::string HeadsView::refresh() {
  const UniqueFd fd(::open(lines_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return errno_text("cannot read " + lines_.string());
  }
  if (static_cast<uint64_t>(status.st_size) < offset_) {
    return lines_.string() + " is shorter than it was";  // the holds that were read stand
  }
  std::string pending, block(size_t{1} << 18, '\0');
  for (uint64_t at = offset_;;) {
    const ssize_t got = ::pread(fd.get(), block.data(), block.size(), static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return errno_text("cannot read " + lines_.string());
    }
    if (got == 0) {
      return {};  // what is pending is being written
    }
    at += static_cast<uint64_t>(got);
    pending.append(block, 0, static_cast<size_t>(got));
    size_t begin = 0;
    for (size_t end; (end = pending.find('\n', begin)) != std::string::npos; begin = end + 1) {
      take(std::string_view(pending).substr(begin, end - begin));
    }
    pending.erase(0, begin);
    if (pending.size() > kMaxSealedLine) {
      pending.clear();  // no line of ours
    }
    offset_ = at - pending.size();
  }
}

void HeadsView::take(std::string_view text) {
  const json line = json::parse(text, nullptr, false);
  if (!line.is_object()) {
    return;
  }
  const std::string kind = text_at(line, "kind");
  if (kind == "segment" || kind == "damage") {
    return take_ended(line, kind == "segment");
  }
  if (kind == "deletion") {
    return take_deletion(text, line);
  }
  if (kind != "hold" && kind != "release") {
    return;
  }
  const bool good = is_good(text, line);
  if (kind == "hold" || good) {
    holds_.take(line);
  }
}

/// Of a segment whose file is gone nothing is to be known any more, whoever wrote the line; one whose file is
/// there will be deleted for it, so it must be ours.
void HeadsView::take_deletion(std::string_view text, const json& line) {
  const auto found = ended_.find(number_at(line, "segment"));
  std::error_code failure;
  if (found == ended_.end()) {
    return;
  }
  if (!std::filesystem::exists(lines_.parent_path() / found->second.file, failure)) {
    ended_.erase(found);
  } else if (is_good(text, line)) {
    found->second.deleted = true;
  }
}

/// A line that was signed once and copied to another place has a number that was there already.
bool HeadsView::is_good(std::string_view text, const json& line) {
  const auto parts = take_apart(text);
  const uint64_t number = number_at(line, "line");
  if (!parts || number <= last_good_line_ || !key_->verify(parts->body, parts->signature)) {
    return false;
  }
  last_good_line_ = number;
  return true;
}

/// These lines only say where to look: a segment's own headers are asked before it is deleted.
void HeadsView::take_ended(const json& line, bool closed) {
  const uint64_t number = number_at(line, "segment");
  const auto time = parse_utc(text_at(line, "time"));
  const auto first = parse_utc(text_at(line, "first")), last = parse_utc(text_at(line, "last"));
  if (number == 0 || !time || (closed && (!first || !last))) {
    return;
  }
  EndedSegment& segment = ended_[number];
  segment.file = text_at(line, "file");
  segment.ended_ns = *time;
  segment.last_ns = std::max(segment.last_ns, closed ? *last : *time);
  if (!closed) {
    return;
  }
  segment.header = text_at(line, "header");
  segment.first_ns = *first;
  segment.bytes = number_at(line, "size");
  if (number >= newest_closed_) {
    newest_closed_ = number;
    newest_record_ns_ = *last;
    newest_closed_ns_ = *time;
  }
}

void HeadsView::note_deleted(uint64_t number) {
  if (const auto found = ended_.find(number); found != ended_.end()) {
    found->second.deleted = true;
  }
}

void HeadsView::keep_only(const std::vector<SegmentFile>& files) {
  auto file = files.begin();
  for (auto it = ended_.begin(); it != ended_.end();) {
    file = std::find_if(file, files.end(), [&](const SegmentFile& each) { return each.number >= it->first; });
    it = file != files.end() && file->number == it->first ? std::next(it) : ended_.erase(it);
  }
}

}  // namespace sluice::control
