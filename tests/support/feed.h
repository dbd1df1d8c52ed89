// tests: a resumable reader fed in pieces, and what it said.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <ostream>
#include <span>
#include <string>
#include <vector>

#include "dataplane/extract/extract.h"

namespace sluice::test {

/// One result other than NeedMore.
struct Event {
  Extract result;
  std::string host;  ///< of a Name
  size_t offset;     ///< where in the stream it was given; 0 where the reader takes no more
  bool operator==(const Event&) const = default;
};

inline const char* word_of(Extract result) {
  constexpr const char* kWords[] = {"NeedMore", "Name", "NoName", "Complete", "Done", "NotMine", "Malformed"};
  return kWords[static_cast<size_t>(result)];
}

inline std::string to_string(const std::vector<Event>& events) {
  std::string out;
  for (const Event& event : events) {
    if (!out.empty()) out += ' ';
    out += event.result == Extract::Name ? event.host : word_of(event.result);
  }
  return out;
}

inline std::ostream& operator<<(std::ostream& out, const Event& event) {
  return out << word_of(event.result) << ' ' << event.host << '@' << event.offset;
}

/// A copy in a heap block of the exact size, so that a sanitizer sees an overrun.
class ExactCopy {
 public:
  explicit ExactCopy(std::span<const uint8_t> bytes)
      : size_(bytes.size()), block_(new uint8_t[bytes.size()]) {
    if (!bytes.empty()) std::memcpy(block_.get(), bytes.data(), bytes.size());
  }
  operator std::span<const uint8_t>() const { return {block_.get(), size_}; }

 private:
  size_t size_;
  std::unique_ptr<uint8_t[]> block_;
};

/// Feeds bytes in pieces; next_size(left) gives each one's size, 1..left. Aborts where the reader breaks its
/// contract on consumed. Stops at a result that takes no more.
template <class Reader, class NextSize>
std::vector<Event> feed_pieces(Reader& reader, std::span<const uint8_t> bytes, NextSize next_size) {
  std::vector<Event> events;
  for (size_t at = 0; at < bytes.size();) {
    const ExactCopy copy(bytes.subspan(at, next_size(bytes.size() - at)));
    std::span<const uint8_t> piece = copy;
    for (;;) {
      size_t consumed = 0;
      const Extract result = reader.feed(piece, consumed);
      const bool over = result == Extract::Done || result == Extract::NotMine || result == Extract::Malformed;
      const bool all = result == Extract::NeedMore || (over && result != Extract::Done);
      if (consumed > piece.size() || (all && consumed != piece.size())) std::abort();
      at += consumed;
      piece = piece.subspan(consumed);
      if (result == Extract::NeedMore) break;
      events.push_back(
          {result, result == Extract::Name ? std::string(reader.host().view()) : "", over ? 0 : at});
      if (over) return events;
    }
  }
  return events;
}

template <class Reader>
std::vector<Event> feed_whole(std::span<const uint8_t> bytes) {
  Reader reader{};
  return feed_pieces(reader, bytes, [](size_t left) { return left; });
}

template <class Reader>
std::vector<Event> feed_by(std::span<const uint8_t> bytes, size_t size) {
  Reader reader{};
  return feed_pieces(reader, bytes, [size](size_t left) { return std::min(size, left); });
}

/// In two pieces, the first of size cut (0 or all: one piece).
template <class Reader>
std::vector<Event> feed_cut(std::span<const uint8_t> bytes, size_t cut) {
  Reader reader{};
  bool first = true;
  return feed_pieces(reader, bytes, [&](size_t left) {
    const bool cuts = first && cut > 0 && cut < left;
    first = false;
    return cuts ? cut : left;
  });
}

}  // namespace sluice::test
