// control/search: builds, writes and reads indexes.
#include "control/search/index.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "control/base/files.h"
#include "control/base/hex.h"
#include "control/base/sha256.h"
#include "control/base/unique_fd.h"
#include "control/search/fields.h"
#include "control/search/filter.h"
#include "control/segment/reader.h"

namespace sluice::control {
namespace {

constexpr std::string_view kMagic = "SLUICEIX1\n";
constexpr size_t kStart = kMagic.size() + sizeof(uint64_t);  ///< and how long the head is
/// Far above what a segment's can be; so much is read at most.
constexpr size_t kMaxIndex = size_t{64} << 20;

/// Leaves out most of the keys that came already, so that few have to be sorted.
class RecentKeys {
 public:
  RecentKeys() : slots_(size_t{1} << kBits) { forget(); }
  /// Takes keys that came already off the end of keys, from index first on.
  void keep_new(std::vector<uint64_t>& keys, size_t first) {
    keys.erase(
        std::remove_if(keys.begin() + static_cast<ptrdiff_t>(first), keys.end(),
                       [this](uint64_t key) { return std::exchange(slots_[slot_of(key)], key) == key; }),
        keys.end());
  }
  /// Every slot then holds a key that belongs into another one.
  void forget() {
    for (size_t i = 0; i < slots_.size(); ++i) {
      slots_[i] = (uint64_t{i} ^ 1) << (64 - kBits);
    }
  }

 private:
  static constexpr unsigned kBits = 15;
  static size_t slot_of(uint64_t key) { return key >> (64 - kBits); }
  std::vector<uint64_t> slots_;
};

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

uint64_t sum_of(std::string_view bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

/// Takes the sum off the end; false where it is another one.
bool take_sum(std::string& bytes) {
  uint64_t sum = 0;
  if (bytes.size() < sizeof sum) {
    return false;
  }
  std::memcpy(&sum, bytes.data() + bytes.size() - sizeof sum, sizeof sum);
  bytes.resize(bytes.size() - sizeof sum);
  return sum_of(bytes) == sum;
}

/// Reads size bytes more; false where there are fewer.
bool append_read(int fd, uint64_t size, std::string& out) {
  const size_t before = out.size();
  out.resize(before + size);
  for (size_t done = before; done < out.size();) {
    const ssize_t got = ::read(fd, out.data() + done, out.size() - done);
    if (got <= 0 && !(got < 0 && errno == EINTR)) {
      return false;
    }
    done += static_cast<size_t>(std::max<ssize_t>(got, 0));
  }
  return true;
}

bool take_groups(std::string_view bytes, std::vector<IndexGroup>& out) {
  Taker taker(bytes);
  uint64_t count = 0;
  if (!taker.take(count) || count == 0) {
    return false;
  }
  for (uint64_t i = 0; i < count; ++i) {
    IndexGroup group;
    if (!taker.take(group.offset) || !taker.take(group.end) || !taker.take(group.first_ns) ||
        !taker.take(group.last_ns) || !taker.take(group.filter)) {
      return false;
    }
    out.push_back(std::move(group));
  }
  return taker.empty();
}

}  // namespace

bool may_have(const std::vector<uint32_t>& filter, std::span<const uint64_t> keys) {
  return std::all_of(keys.begin(), keys.end(), [&](uint64_t key) { return filter_has(filter, key); });
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
  const std::string unescaped =
      fields.domain.find('\\') == std::string_view::npos ? std::string() : field_text(fields.domain);
  for (std::string_view name = unescaped.empty() ? fields.domain : unescaped; !name.empty();) {
    add(KeyKind::To, name);
    const size_t dot = name.find('.');
    name.remove_prefix(dot == std::string_view::npos ? name.size() : dot + 1);
  }
}

std::string build_index(const std::filesystem::path& segment, const std::atomic<bool>& stop) {
  using Step = SegmentReader::Step;
  std::string error;
  const auto reader = SegmentReader::open(segment, error);
  if (!reader) {
    return error;
  }
  SegmentIndex index;
  std::vector<uint64_t> all, keys;
  RecentKeys recent;
  uint64_t text = 0;
  const auto end_group = [&] {
    recent.forget();
    sort_once(keys);
    index.groups.back().filter = make_filter(keys);
    all.insert(all.end(), keys.begin(), keys.end());
    keys.clear();
    text = 0;
  };
  Step step = reader->next();
  for (; step == Step::Frame && !stop; step = reader->next()) {
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
      const size_t before = keys.size();
      append_keys(line, keys);
      recent.keep_new(keys, before);
    }
    index.header_sha256 = reader->header_sha256();
    index.last_offset = reader->offset();
  }
  if (step != Step::End || index.groups.empty()) {
    return segment.string() + (step == Step::Damaged ? " is damaged: " + reader->why() : " has no end yet");
  }
  end_group();
  sort_once(all);
  index.filter = make_filter(all);
  const std::string bytes = index_bytes(index);
  return replace_file(index_path(segment), std::as_bytes(std::span(bytes)));
}

std::string index_bytes(const SegmentIndex& index) {
  std::string head = index.header_sha256, groups;
  append_bytes(head, index.last_offset);
  append_filter(head, index.filter);
  append_bytes(groups, static_cast<uint64_t>(index.groups.size()));
  for (const IndexGroup& group : index.groups) {
    append_bytes(groups, group.offset);
    append_bytes(groups, group.end);
    append_bytes(groups, group.first_ns);
    append_bytes(groups, group.last_ns);
    append_filter(groups, group.filter);
  }
  std::string out(kMagic);
  append_bytes(out, static_cast<uint64_t>(head.size()));
  out += head;
  append_bytes(out, sum_of(out));
  append_bytes(groups, sum_of(groups));
  return out + groups;
}

std::optional<SegmentIndex> read_index(const std::filesystem::path& segment, std::span<const uint64_t> keys,
                                       uint64_t& bytes) {
  const UniqueFd fd(::open(index_path(segment).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat status {};
  std::string text;
  uint64_t head = 0;
  if (!fd || ::fstat(fd.get(), &status) != 0 || status.st_size < 0 ||
      static_cast<uint64_t>(status.st_size) > kMaxIndex || !append_read(fd.get(), kStart, text) ||
      !text.starts_with(kMagic)) {
    return std::nullopt;
  }
  std::memcpy(&head, text.data() + kMagic.size(), sizeof head);
  const auto size = static_cast<uint64_t>(status.st_size);
  SegmentIndex out;
  if (head > size || !append_read(fd.get(), head + sizeof(uint64_t), text) || !take_sum(text)) {
    return std::nullopt;
  }
  bytes += text.size();
  Taker taker(std::string_view(text).substr(kStart));
  if (!taker.take(out.header_sha256, kSha256Digits) || !is_sha256_text(out.header_sha256) ||
      !taker.take(out.last_offset) || !taker.take(out.filter) || !taker.empty()) {
    return std::nullopt;
  }
  if (!may_have(out.filter, keys)) {
    return out;
  }
  const uint64_t before = text.size() + sizeof(uint64_t);
  text.clear();
  if (!append_read(fd.get(), size - before, text) || !take_sum(text) || !take_groups(text, out.groups)) {
    return std::nullopt;
  }
  bytes += text.size();
  return out;
}

bool ends_closed(const std::filesystem::path& segment) {
  const auto tail = read_tail(segment, sizeof kSeekTableEndMagic);
  return tail && tail->size() == sizeof kSeekTableEndMagic && number_of(*tail) == kSeekTableEndMagic;
}

}  // namespace sluice::control
