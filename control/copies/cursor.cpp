// control/copies: from frame to frame, and from segment to segment.
#include "control/copies/cursor.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "control/base/json_fields.h"

namespace sluice::control {
namespace {

using nlohmann::json;

std::string name_of(const SegmentFile& file) {
  return file.path.filename().string();
}

/// The order of list_segments.
bool stands_behind(const SegmentFile& file, const std::string& name) {
  const uint64_t number = segment_number(name).value_or(0);
  return file.number != number ? file.number > number : name_of(file) > name;
}

}  // namespace

void Cursor::seek(const LogPlace& place) {
  place_ = place;
  reader_.reset();
}

Cursor::Step Cursor::next(bool with_lines) {
  using Read = SegmentReader::Step;
  bool newer_seen = false;
  while (true) {
    error_.clear();
    if (!reader_ && !open()) {
      return error_.empty() ? Step::Idle : Step::Failed;
    }
    if (shrunk()) {
      // A frame that was read was not synced, and is cut off: what is written in its place is another one.
      tell(CursorNews::Kind::Again, place_.file + " was cut short");
      seek({place_.file, 0, 0, {}, place_.records});
      continue;
    }
    const Read read = with_lines ? reader_->next() : reader_->next_header();
    if (read == Read::Frame) {
      place_.frame = reader_->offset();
      place_.offset = reader_->next_offset();
      place_.header = reader_->header_sha256();
      place_.records += reader_->header().records;
      return Step::Frame;
    }
    if (read == Read::Damaged) {
      tell(CursorNews::Kind::Damaged,
           place_.file + ", byte " + std::to_string(reader_->offset()) + ": " + reader_->why());
      place_.offset = std::max(place_.offset, reader_->next_offset());
      continue;
    }
    const std::vector<SegmentFile>& files = segments_.files();
    if (error_ = segments_.error(); !error_.empty()) {
      return Step::Failed;
    }
    const bool newer = !files.empty() && stands_behind(files.back(), place_.file);
    if (!newer) {
      return Step::Idle;
    }
    // The writer may have ended this segment after it was read: what came until the newer one was seen is
    // read too.
    if (read == Read::NotYet && !std::exchange(newer_seen, true)) {
      continue;
    }
    newer_seen = false;
    if (!go_on(files)) {
      return Step::Failed;
    }
  }
}

/// Opens the segment of place_, or the next one that there is. Returns false where there is none yet, or with
/// error_.
bool Cursor::open() {
  const std::vector<SegmentFile>& files = segments_.files();
  error_ = segments_.error();
  if (files.empty()) {
    return false;
  }
  const auto same = std::find_if(files.begin(), files.end(),
                                 [&](const SegmentFile& each) { return name_of(each) == place_.file; });
  if (same == files.end()) {
    if (!place_.file.empty() && !stands_behind(files.back(), place_.file)) {
      tell(CursorNews::Kind::Again, "the log has no " + place_.file + " nor a later one: it is another log");
      place_ = {{}, 0, 0, {}, place_.records};
    }
    return go_on(files);
  }
  if (!open_file(*same)) {
    return false;
  }
  if (!place_.header.empty()) {
    reader_->seek(place_.frame);
    if (reader_->next_header() != SegmentReader::Step::Frame || reader_->header_sha256() != place_.header) {
      tell(CursorNews::Kind::Again, place_.file + " is another one than before");
      place_ = {place_.file, 0, 0, {}, place_.records};
      return open_file(*same);
    }
  }
  reader_->seek(place_.offset);
  return true;
}

bool Cursor::open_file(const SegmentFile& file) {
  reader_ = SegmentReader::open(file.path, error_);
  path_ = file.path;
  return reader_ != nullptr;
}

/// To the first segment behind place_; files: has one.
bool Cursor::go_on(const std::vector<SegmentFile>& files) {
  const auto next = std::find_if(files.begin(), files.end(),
                                 [&](const SegmentFile& each) { return stands_behind(each, place_.file); });
  auto reader = SegmentReader::open(next->path, error_);
  if (!reader) {
    return false;
  }
  tell_missed(next->number);
  reader_ = std::move(reader);
  path_ = next->path;
  place_ = {name_of(*next), 0, 0, {}, place_.records};
  return true;
}

/// Says which segments between place_ and the one numbered next were deleted before they were read to their
/// end. What heads.jsonl says of their ends tells how many records they had.
void Cursor::tell_missed(uint64_t next) {
  const uint64_t number = segment_number(place_.file).value_or(0);
  const bool gone = number != 0 && reader_ == nullptr;  // else it was read to its end just now
  if (number + 1 >= next && !gone) {
    return;
  }
  CursorNews news{CursorNews::Kind::Missed, next - std::min(next, number + 1), 0, {}};
  bool rest = gone;
  std::ifstream in(segments_.log() / "heads.jsonl", std::ios::binary);
  for (std::string line; std::getline(in, line);) {
    const json said = json::parse(line, nullptr, false);
    if (!said.is_object() || text_at(said, "kind") != "segment") {
      continue;
    }
    const uint64_t segment = number_at(said, "segment");
    if (segment > number && segment < next) {
      news.records += number_at(said, "records");
    } else if (gone && segment == number && !place_.header.empty() &&
               text_at(said, "header") == place_.header) {
      rest = false;
    }
  }
  news.segments += rest;
  if (news.segments != 0) {
    news.what = std::to_string(news.segments) + (news.segments == 1 ? " segment" : " segments") +
                " before number " + std::to_string(next) + (rest ? ", the first of them in part," : "") +
                " had been deleted, as the term was over, before being copied; with them at least " +
                std::to_string(news.records) + " records";
    take_news_(news);
  }
}

void Cursor::tell(CursorNews::Kind kind, std::string what) {
  take_news_({kind, 0, 0, std::move(what)});
}

bool Cursor::shrunk() const {
  std::error_code failure;
  const uint64_t size = std::filesystem::file_size(path_, failure);
  return !failure && size < place_.offset;
}

uint64_t Cursor::bytes_behind(SegmentList& segments, const LogPlace& place) {
  const std::vector<SegmentFile>& files = segments.files();
  // From behind, so that nothing is asked of what was copied.
  uint64_t out = 0;
  for (auto file = files.rbegin(); file != files.rend(); ++file) {
    const bool here = name_of(*file) == place.file;
    if (!here && !stands_behind(*file, place.file)) {
      break;
    }
    std::error_code failure;
    const uint64_t size = std::filesystem::file_size(file->path, failure);
    out += failure ? 0 : size - (here ? std::min(size, place.offset) : 0);
  }
  return out;
}

}  // namespace sluice::control
