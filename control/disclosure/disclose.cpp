// control/disclosure: takes lines out of the log so that they prove themselves.
#include "control/disclosure/disclose.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "control/base/hex.h"
#include "control/base/json_fields.h"
#include "control/disclosure/form.h"
#include "control/policy/utf8.h"
#include "control/sealed/sealed_form.h"
#include "control/search/fields.h"
#include "control/search/stretches.h"
#include "control/segment/merkle.h"

namespace sluice::control {
namespace {

using nlohmann::json;
using Step = SegmentReader::Step;
constexpr const char* kStopped = "stopped before the end";
constexpr const char* kChanged = " was changed while it was read";

/// Told how far in a segment's file it is; false stops it.
using More = std::function<bool(uint64_t offset)>;

/// A frame with lines that fit.
struct Touched {
  uint64_t offset = 0;
  std::vector<uint32_t> lines;  ///< their places in it
};

/// What leads from a frame to the signed line of its segment.
struct Chain {
  uint64_t from = UINT64_MAX;  ///< offset of the first header that leads there; UINT64_MAX: none does
  std::string signed_line;
  bool closed = false;
  std::string why;  ///< it does not begin with the first frame; empty: it does
};

uint64_t count_of(const std::vector<Touched>& touched) {
  uint64_t out = 0;
  for (const Touched& each : touched) {
    out += each.lines.size();
  }
  return out;
}

bool is_utf8(std::string_view text) {
  for (size_t size; !text.empty(); text.remove_prefix(size)) {
    if ((size = utf8_size(text)) == 0) {
      return false;
    }
  }
  return true;
}

/// Whether text is the key's line about the segment that ends with header.
bool speaks_of(const std::string& text, const SigningKey& key, const FrameHeader& header,
               const std::string& header_sha256) {
  const auto parts = take_apart(text);
  const json said = parts ? json::parse(parts->body, nullptr, false) : json();
  return said.is_object() && text_at(said, "kind") == "segment" &&
         number_at(said, "segment") == header.segment && text_at(said, "header") == header_sha256 &&
         key.verify(parts->body, parts->signature);
}

/// Walks from the frame at first to the segment's end.
Chain chain_of(SegmentReader& reader, uint64_t first, const SigningKey& key) {
  Chain out;
  std::string last;
  reader.seek(first);
  Step step = reader.next_header();
  for (; step == Step::Frame || step == Step::Damaged; step = reader.next_header()) {
    const std::string where = "byte " + std::to_string(reader.offset()) + ": ";
    if (step == Step::Damaged) {
      out.from = UINT64_MAX;
      out.why = where + reader.why();
      continue;
    }
    if (out.from == UINT64_MAX || reader.header().previous != last) {
      out.why = out.from == UINT64_MAX ? out.why : where + "it does not follow the frame before it";
      out.from = reader.offset();
    }
    last = reader.header_sha256();
  }
  out.closed = step == Step::End;
  out.signed_line = reader.head_line();
  if (out.closed && !speaks_of(out.signed_line, key, reader.header(), last)) {
    out.from = UINT64_MAX;
    out.why = "its end is not what the key signed of it";
  }
  return out;
}

class Discloser {
 public:
  Discloser(const Query& query, const SigningKey& key, const TakeEntry& take, DisclosureFindings& out)
      : query_(query), key_(key), take_(take), out_(out) {}

  /// Returns an empty string, or why it ended early.
  std::string segment(const SegmentFile& file, const More& more) {
    std::string error;
    name_ = file.path.filename().string();
    const auto reader = SegmentReader::open(file.path, error);
    if (!reader) {
      out_.search.problem(error);
      return {};
    }
    std::vector<Touched> touched;
    if (!find(file, *reader, more, touched)) {
      return kStopped;
    }
    if (touched.empty()) {
      return {};
    }
    // A reader that met damage at a file's end is stuck there, so each walk has its own.
    const auto walker = SegmentReader::open(file.path, error), writer = SegmentReader::open(file.path, error);
    if (!walker || !writer) {
      out_.search.problem(error);
      return {};
    }
    const Chain chain = chain_of(*walker, touched.front().offset, key_);
    keep_proved(chain, touched);
    return touched.empty() ? std::string() : put(*writer, chain, touched, more);
  }

 private:
  /// Returns false where it was stopped.
  bool find(const SegmentFile& file, SegmentReader& reader, const More& more, std::vector<Touched>& touched) {
    uint64_t ignored = 0;
    for (const LogStretch& stretch : stretches_of(file, query_, ignored, out_.search)) {
      reader.seek(stretch.offset);
      while (reader.next_offset() < stretch.end) {
        const Step step = reader.next();
        if (!more(reader.offset())) {
          return false;
        }
        if (step == Step::Damaged) {
          out_.search.problem(name_ + ", byte " + std::to_string(reader.offset()) + ": " + reader.why());
        } else if (step != Step::Frame) {
          break;
        } else if (query_.overlaps(reader.header().first_ns, reader.header().last_ns)) {
          find_lines(reader, touched);
        }
      }
    }
    return true;
  }

  void find_lines(const SegmentReader& reader, std::vector<Touched>& touched) {
    Touched out{reader.offset(), {}};
    uint32_t index = 0;
    std::string_view rest = reader.lines();
    const char* counted = rest.data();  // the lines before it are
    uint64_t accesses = 0;              // a line stands for: it is disclosed as it is
    for (std::string_view line; !(line = query_.next_match(rest, accesses)).empty();) {
      index += static_cast<uint32_t>(std::count(counted, line.data(), '\n'));
      counted = line.data();
      out.lines.push_back(index);
    }
    if (!out.lines.empty()) {
      touched.push_back(std::move(out));
    }
  }

  /// Takes off touched what cannot be proved, and says so.
  void keep_proved(const Chain& chain, std::vector<Touched>& touched) {
    const uint64_t all = count_of(touched);
    const bool none = !chain.closed || chain.from == UINT64_MAX;
    std::erase_if(touched, [&](const Touched& each) { return none || each.offset < chain.from; });
    const uint64_t left_out = all - count_of(touched);
    if (left_out == 0) {
      return;
    }
    if (!chain.closed && chain.why.empty()) {
      out_.unsigned_lines += left_out;
      return;
    }
    leave_out(left_out, chain.why);
  }

  std::string put(SegmentReader& reader, const Chain& chain, const std::vector<Touched>& touched,
                  const More& more) {
    if (!take_(segment_entry(chain.signed_line))) {
      return kStopped;
    }
    ++out_.segments;
    auto next = touched.begin();
    reader.seek(next->offset);
    for (;;) {
      const bool wanted = next != touched.end() && reader.next_offset() == next->offset;
      const Step step = wanted ? reader.next() : reader.next_header();
      if (step != Step::Frame) {
        return step == Step::End && next == touched.end() ? std::string() : name_ + kChanged;
      }
      if (!more(reader.offset()) || !take_(frame_entry(reader.header()))) {
        return kStopped;
      }
      if (wanted) {
        if (std::string error = put_lines(reader, *next++); !error.empty()) {
          return error;
        }
      }
    }
  }

  std::string put_lines(const SegmentReader& reader, const Touched& touched) {
    const MerkleTree tree(merkle_leaves(reader.salt(), reader.lines()));
    const std::string where = "byte " + std::to_string(reader.offset()) + ": ";
    if (hex_text(tree.root()) != reader.header().root) {
      leave_out(touched.lines.size(), where + "its lines have another Merkle root than its header says");
      return {};
    }
    const uint64_t before = out_.lines;
    uint32_t index = 0;
    auto next = touched.lines.begin();
    for (std::string_view rest = reader.lines(); !rest.empty() && next != touched.lines.end(); ++index) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(line.size() + 1);
      if (index != *next) {
        continue;
      }
      ++next;
      const std::string entry =
          is_utf8(line) ? line_entry(index, line_salt(reader.salt(), index), tree.path(index), line)
                        : std::string();
      if (entry.empty() || entry.size() > kMaxEntry) {
        leave_out(1, where + "line " + std::to_string(index) + " is no text, or too long");
        continue;
      }
      if (!take_(entry)) {
        return kStopped;
      }
      note(line);
    }
    out_.frames += out_.lines != before;
    return {};
  }

  void leave_out(uint64_t lines, const std::string& why) {
    out_.damaged_lines += lines;
    out_.search.problem(name_ + ": " + std::to_string(lines) + (lines == 1 ? " line is" : " lines are") +
                        " left out: " + why);
  }

  void note(std::string_view line) {
    LineFields fields;
    ++out_.lines;
    if (!read_fields(line, fields) || fields.time.empty()) {
      return;
    }
    out_.first =
        out_.first.empty() ? std::string(fields.time) : std::min(out_.first, std::string(fields.time));
    out_.last = std::max(out_.last, std::string(fields.time));
  }

  const Query& query_;
  const SigningKey& key_;
  const TakeEntry& take_;
  DisclosureFindings& out_;
  std::string name_;  ///< of the segment's file
};

}  // namespace

std::string disclose_log(const std::filesystem::path& log, const Query& query, const SigningKey& key,
                         const LogProgress& progress, const TakeEntry& take, DisclosureFindings& findings) {
  std::string error;
  const std::vector<SegmentFile> files = list_segments(log, error);
  const auto size_of = [](const SegmentFile& file) -> uint64_t {
    std::error_code failure;
    const auto size = std::filesystem::file_size(file.path, failure);
    return failure ? 0 : size;
  };
  uint64_t done = 0, all = 0;
  for (const SegmentFile& file : files) {
    all += size_of(file);
  }
  Discloser discloser(query, key, take, findings);
  for (const SegmentFile& file : files) {
    uint64_t reached = 0;  // it is walked through more than once
    error = discloser.segment(file, [&](uint64_t offset) {
      reached = std::max(reached, offset);
      return !progress || progress(done + reached, all);
    });
    if (!error.empty()) {
      break;
    }
    done += size_of(file);
  }
  return error;
}

}  // namespace sluice::control
