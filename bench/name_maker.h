// bench: host names of a realistic shape, the same ones for the same seed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::bench {

/// Names as long lists have them: some 22 bytes long; six in ten registrable domains, the others below one,
/// mostly one label deep; some domains with very many names below them; a few top-level domains with most of
/// all names.
class NameMaker {
 public:
  explicit NameMaker(uint64_t seed) : state_(seed * 2 + 1) {}

  /// Appends the next name. top: stands in place of its top-level domain where not empty.
  void append(std::string& out, std::string_view top = {}) {
    const uint64_t kind = below(100);
    if (kind >= 95) append_label(out, 2 + below(8)), out += '.';
    if (kind >= 60) append_below(out), out += '.';
    // Squared: the domains with small numbers have many names below them.
    const uint64_t domain = kind < 60 ? next() : below(1000) * below(1000) * below(1000) / 1000;
    append_domain(out, domain, top);
  }

 private:
  uint64_t next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_ * 0x2545f4914f6cdd1d;
  }
  uint64_t below(uint64_t limit) { return (next() >> 32) * limit >> 32; }

  static void append_letters(std::string& out, uint64_t from, size_t size) {
    static constexpr std::string_view kLetters = "etaoinsrhdlcumfgpywbvkxjqz0123456789";
    for (; size > 0; --size, from = from * 6364136223846793005 + 1442695040888963407)
      out += kLetters[((from >> 33) * (from >> 33) >> 31) * kLetters.size() >> 31];
  }
  void append_label(std::string& out, size_t size) { append_letters(out, next(), size); }

  void append_below(std::string& out) {
    static constexpr std::string_view kCommon[] = {"www", "ads",  "track",  "cdn", "api",
                                                   "m",   "mail", "static", "img"};
    const uint64_t which = below(24);
    if (which < std::size(kCommon)) out += kCommon[which];
    append_label(out, which < std::size(kCommon) ? below(3) : 4 + below(9));
  }

  static void append_domain(std::string& out, uint64_t number, std::string_view top) {
    static constexpr std::string_view kTops[] = {"com",  "com",    "com",    "com",   "com", "com", "com",
                                                 "net",  "org",    "cn",     "de",    "ru",  "xyz", "top",
                                                 "info", "online", "com.cn", "co.uk", "io",  "shop"};
    const uint64_t mixed = (number + 1) * 0x9e3779b97f4a7c15;
    append_letters(out, mixed, 7 + (mixed >> 40) % 12);
    out += '.';
    out += top.empty() ? kTops[(mixed >> 20) % std::size(kTops)] : top;
  }

  uint64_t state_;
};

}  // namespace sluice::bench
