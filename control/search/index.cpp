// control/search: builds, writes and reads indexes.
#include "control/search/index.h"

#include <xxhash.h>

#include <algorithm>
#include <cstring>

#include "control/base/files.h"
#include "control/base/hex.h"
#include "control/base/sha256.h"
#include "control/search/fields.h"
#include "control/search/filter.h"
#include "control/segment/reader.h"

namespace sluice::control {
namespace {

constexpr std::string_view kMagic = "SLUICEIX1\n";
/// Far above what a segment's can be; so much is read at most.
constexpr size_t kMaxIndex = size_t{64} << 20;

void sort_once(std::vector<uint64_t>& keys) {
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
}

template <typename Number>
void append_bytes(std::string& out, Number number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

void append_filter(std::string& out, const std::vector<uint32_t>& filter) {
  append_bytes(out, static_cast<uint64_t>(filter.size()));
  out.append(reinterpret_cast<const char*>(filter.data()), filter.size() * sizeof(uint32_t));
}

/// Takes numbers and filters off the front of bytes, as far as they reach.
class Taker {
 public:
  explicit Taker(std::string_view bytes) : bytes_(bytes) {}
  template <typename Number>
  bool take(Number& out) {
    if (bytes_.size() < sizeof out) {
      return false;
    }
    std::memcpy(&out, bytes_.data(), sizeof out);
    bytes_.remove_prefix(sizeof out);
    return true;
  }
  bool take(std::vector<uint32_t>& out) {
    uint64_t words = 0;
    if (!take(words) || words == 0 || words % (kFilterBlock / sizeof(uint32_t)) != 0 ||
        words > bytes_.size() / sizeof(uint32_t)) {
      return false;
    }
    out.resize(words);
    std::memcpy(out.data(), bytes_.data(), words * sizeof(uint32_t));
    bytes_.remove_prefix(words * sizeof(uint32_t));
    return true;
  }
  bool take(std::string& out, size_t size) {
    if (bytes_.size() < size) {
      return false;
    }
    out = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return true;
  }
  bool empty() const { return bytes_.empty(); }

 private:
  std::string_view bytes_;
};

}  // namespace

std::vector<const IndexGroup*> SegmentIndex::groups_with(std::span<const uint64_t> keys) const {
  const auto has_all = [&](const std::vector<uint32_t>& set) {
    return std::all_of(keys.begin(), keys.end(), [&](uint64_t key) { return filter_has(set, key); });
  };
  std::vector<const IndexGroup*> out;
  for (const IndexGroup& group : has_all(filter) ? std::span(groups) : std::span<const IndexGroup>()) {
    if (has_all(group.filter)) {
      out.push_back(&group);
    }
  }
  return out;
}

std::filesystem::path index_path(const std::filesystem::path& segment) {
  std::filesystem::path out = segment;
  return out.replace_extension().replace_extension(".idx");
}

void append_keys(std::string_view line, std::vector<uint64_t>& out) {
  LineFields fields;
  if (!read_fields(line, fields)) {
    return;
  }
  const auto add = [&](KeyKind kind, std::string_view text) {
    if (!text.empty()) {
      out.push_back(key_of(
          kind, text.find('\\') == std::string_view::npos ? text : std::string_view(field_text(text))));
    }
  };
  add(KeyKind::From, fields.source_ip);
  add(KeyKind::From, fields.user);
  add(KeyKind::To, fields.destination_ip);
  add(KeyKind::Rule, fields.rule);
  const std::string domain = field_text(fields.domain);
  for (std::string_view name = domain; !name.empty();) {
    add(KeyKind::To, name);
    const size_t dot = name.find('.');
    name.remove_prefix(dot == std::string_view::npos ? name.size() : dot + 1);
  }
}

std::string build_index(const std::filesystem::path& segment) {
  using Step = SegmentReader::Step;
  std::string error;
  const auto reader = SegmentReader::open(segment, error);
  if (!reader) {
    return error;
  }
  SegmentIndex index;
  std::vector<uint64_t> all, keys;
  uint64_t text = 0;
  const auto end_group = [&] {
    sort_once(keys);
    index.groups.back().filter = make_filter(keys);
    all.insert(all.end(), keys.begin(), keys.end());
    keys.clear();
    text = 0;
  };
  Step step = reader->next();
  for (; step == Step::Frame; step = reader->next()) {
    const FrameHeader& header = reader->header();
    if (text != 0 && text + header.text_bytes > kGroupText) {
      end_group();
    }
    if (text == 0) {
      index.groups.push_back({reader->offset(), 0, header.first_ns, header.last_ns, {}});
    }
    IndexGroup& group = index.groups.back();
    group.end = reader->next_offset();
    group.first_ns = std::min(group.first_ns, header.first_ns);
    group.last_ns = std::max(group.last_ns, header.last_ns);
    text += header.text_bytes;
    for (std::string_view rest = reader->lines(); !rest.empty();) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(line.size() + 1);
      append_keys(line, keys);
    }
    index.header_sha256 = reader->header_sha256();
  }
  if (step != Step::End || index.groups.empty()) {
    return segment.string() + (step == Step::Damaged ? " is damaged: " + reader->why() : " is not closed");
  }
  end_group();
  sort_once(all);
  index.filter = make_filter(all);
  const std::string bytes = index_bytes(index);
  return replace_file(index_path(segment), std::as_bytes(std::span(bytes)));
}

std::string index_bytes(const SegmentIndex& index) {
  std::string out(kMagic);
  out += index.header_sha256;
  append_filter(out, index.filter);
  append_bytes(out, static_cast<uint64_t>(index.groups.size()));
  for (const IndexGroup& group : index.groups) {
    append_bytes(out, group.offset);
    append_bytes(out, group.end);
    append_bytes(out, group.first_ns);
    append_bytes(out, group.last_ns);
    append_filter(out, group.filter);
  }
  append_bytes(out, static_cast<uint64_t>(XXH3_64bits(out.data(), out.size())));
  return out;
}

std::optional<SegmentIndex> parse_index(std::string_view bytes) {
  uint64_t sum = 0;
  if (bytes.size() < kMagic.size() + sizeof sum || !bytes.starts_with(kMagic)) {
    return std::nullopt;
  }
  std::memcpy(&sum, bytes.data() + bytes.size() - sizeof sum, sizeof sum);
  bytes.remove_suffix(sizeof sum);
  if (XXH3_64bits(bytes.data(), bytes.size()) != sum) {
    return std::nullopt;
  }
  SegmentIndex out;
  Taker taker(bytes.substr(kMagic.size()));
  uint64_t groups = 0;
  if (!taker.take(out.header_sha256, kSha256Digits) || !is_sha256_text(out.header_sha256) ||
      !taker.take(out.filter) || !taker.take(groups)) {
    return std::nullopt;
  }
  for (uint64_t i = 0; i < groups; ++i) {
    IndexGroup group;
    if (!taker.take(group.offset) || !taker.take(group.end) || !taker.take(group.first_ns) ||
        !taker.take(group.last_ns) || !taker.take(group.filter)) {
      return std::nullopt;
    }
    out.groups.push_back(std::move(group));
  }
  return taker.empty() && groups != 0 ? std::optional(std::move(out)) : std::nullopt;
}

std::optional<SegmentIndex> read_index(const std::filesystem::path& segment, uint64_t& bytes) {
  const std::optional<std::string> text = read_tail(index_path(segment), kMaxIndex);
  bytes += text ? text->size() : 0;
  return text ? parse_index(*text) : std::nullopt;
}

}  // namespace sluice::control
