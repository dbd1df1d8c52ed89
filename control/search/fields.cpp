// control/search: reads a line once, without making anything of what is not asked for.
#include "control/search/fields.h"

#include <emmintrin.h>

#include <bit>
#include <charconv>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <type_traits>
#include <utility>

namespace sluice::control {
namespace {

/// Walks over one line. Every function leaves at_ behind what it read, and returns false at the line's end.
class Walker {
 public:
  explicit Walker(std::string_view line) : line_(line) {}

  template <typename Fields>
  bool read(Fields& out) {
    return expect('{') && object([&](std::string_view outer) {
             if (peek() == '"') {
               std::string_view value;
               return string(value) && (outer == "@timestamp" ? take(out.time, value) : true);
             }
             if (peek() != '{') {
               return skip();
             }
             ++at_;
             return object([&](std::string_view inner) { return member(out, outer, inner); });
           });
  }

 private:
  template <typename Fields>
  bool member(Fields& out, std::string_view outer, std::string_view inner) {
    const char first = peek();
    if (first == '"') {
      std::string_view value;
      if (!string(value)) {
        return false;
      }
      std::string_view* const field = field_of(out, outer, inner);
      return field == nullptr || take(*field, value);
    }
    if constexpr (std::is_same_v<Fields, AccessFields>) {
      if (first == '{' && outer == "network" && inner == "vlan") {
        ++at_;
        return object([&](std::string_view deepest) {
          std::string_view value;
          if (deepest != "id" || peek() != '"') {
            return skip();
          }
          return string(value) && take(out.vlan, value);
        });
      }
    }
    uint64_t* const field = number_of(out, outer, inner);
    return field == nullptr ? skip() : number(*field);
  }

  static std::string_view* field_of(LineFields& out, std::string_view outer, std::string_view inner) {
    if (outer == "event") {
      return inner == "action" ? &out.action
             : inner == "kind" ? &out.kind
             : inner == "end"  ? &out.end
                               : nullptr;
    }
    if (outer == "source") {
      return inner == "ip" || inner == "address" ? &out.source_ip : nullptr;
    }
    if (outer == "destination") {
      return inner == "ip" || inner == "address" ? &out.destination_ip
             : inner == "domain"                 ? &out.domain
                                                 : nullptr;
    }
    if (outer == "rule") {
      return inner == "name" ? &out.rule : nullptr;
    }
    return outer == "user" && inner == "name" ? &out.user : nullptr;
  }

  static std::string_view* field_of(AccessFields& out, std::string_view outer, std::string_view inner) {
    if (outer == "network") {
      return inner == "transport"   ? &out.transport
             : inner == "protocol"  ? &out.protocol
             : inner == "direction" ? &out.direction
                                    : nullptr;
    }
    if (outer == "sluice") {
      return inner == "network"  ? &out.network
             : inner == "line"   ? &out.line
             : inner == "seen"   ? &out.seen
             : inner == "would"  ? &out.would
             : inner == "ended"  ? &out.ended
             : inner == "access" ? &out.access
             : inner == "folded" ? &out.folded
                                 : nullptr;
    }
    if (outer == "event" && (inner == "id" || inner == "reason")) {
      return inner == "id" ? &out.id : &out.reason;
    }
    if (outer == "source" && inner == "mac") {
      return &out.mac;
    }
    if (outer == "rule" && inner == "ruleset") {
      return &out.list;
    }
    return field_of(static_cast<LineFields&>(out), outer, inner);
  }

  static uint64_t* number_of(LineFields& out, std::string_view outer, std::string_view inner) {
    return outer == "event" && inner == "count" ? &out.count : nullptr;
  }

  static uint64_t* number_of(AccessFields& out, std::string_view outer, std::string_view inner) {
    if (outer == "source") {
      return inner == "port" ? &out.source_port : inner == "bytes" ? &out.source_bytes : nullptr;
    }
    if (outer == "destination") {
      return inner == "port" ? &out.destination_port : inner == "bytes" ? &out.destination_bytes : nullptr;
    }
    if (outer == "sluice") {
      return inner == "ttl" ? &out.ttl : nullptr;
    }
    if (outer == "event" && inner == "duration") {
      return &out.duration_ns;
    }
    return number_of(static_cast<LineFields&>(out), outer, inner);
  }

  static bool take(std::string_view& field, std::string_view value) {
    field = field.data() == nullptr ? value : field;
    return true;
  }

  char peek() {
    while (at_ < line_.size() && (line_[at_] == ' ' || line_[at_] == '\t')) {
      ++at_;
    }
    return at_ < line_.size() ? line_[at_] : '\0';
  }
  bool expect(char wanted) { return peek() == wanted && (++at_, true); }

  /// Moves at_ to the next quote or backslash. Most are near: so sixteen bytes at once, and no call.
  void to_quote() {
    for (; at_ + sizeof(__m128i) <= line_.size(); at_ += sizeof(__m128i)) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(line_.data() + at_));
      const __m128i found =
          _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
      if (const auto places = static_cast<uint32_t>(_mm_movemask_epi8(found)); places != 0) {
        at_ += static_cast<size_t>(std::countr_zero(places));
        return;
      }
    }
    while (at_ < line_.size() && line_[at_] != '"' && line_[at_] != '\\') {
      ++at_;
    }
  }

  /// What is between quotes, as it stands.
  bool string(std::string_view& out) {
    const size_t start = ++at_;
    for (to_quote(); at_ < line_.size(); to_quote()) {
      if (line_[at_] == '"') {
        out = line_.substr(start, at_ - start);
        ++at_;
        return true;
      }
      at_ += 2;
    }
    at_ = line_.size();
    return false;
  }

  /// Digits alone; what is no such number leaves out as it is.
  bool number(uint64_t& out) {
    const size_t start = at_;
    if (!skip()) {
      return false;
    }
    uint64_t read = 0;
    const char* const end = line_.data() + at_;
    const auto found = std::from_chars(line_.data() + start, end, read);
    out = found.ec == std::errc() && found.ptr == end && read != 0 ? read : out;
    return true;
  }

  /// Behind the opening brace; value: reads one member's value.
  template <typename Value>
  bool object(Value value) {
    if (expect('}')) {
      return true;
    }
    std::string_view key;
    do {
      if (peek() != '"' || !string(key) || !expect(':') || !value(key)) {
        return false;
      }
    } while (expect(','));
    return expect('}');
  }

  /// Passes over any value.
  bool skip() {
    size_t depth = 0;
    const size_t start = at_;
    std::string_view ignored;
    while (at_ < line_.size()) {
      const char c = line_[at_];
      if (c == '"') {
        if (!string(ignored)) {
          return false;
        }
        if (depth == 0) {
          return true;
        }
        continue;
      }
      if (depth == 0 && (c == ',' || c == '}' || c == ']')) {
        return at_ != start;  // behind a number or a word
      }
      if (c == '{' || c == '[') {
        ++depth;
      } else if (c == '}' || c == ']') {
        --depth;
        if (depth == 0) {
          ++at_;
          return true;
        }
      }
      ++at_;
    }
    return false;
  }

  const std::string_view line_;
  size_t at_ = 0;
};

}  // namespace

bool read_fields(std::string_view line, LineFields& out) {
  out = {};
  return Walker(line).read(out);
}

bool read_access(std::string_view line, AccessFields& out) {
  out = {};
  return Walker(line).read(out);
}

std::string field_text(std::string_view field) {
  if (field.find('\\') == std::string_view::npos) {
    return std::string(field);
  }
  const auto text = nlohmann::json::parse("\"" + std::string(field) + "\"", nullptr, false);
  return text.is_string() ? text.get<std::string>() : std::string(field);
}

}  // namespace sluice::control
