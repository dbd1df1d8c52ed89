// control/policy: what the bytes of a list file look like.
#include "control/policy/lists/list_sniff.h"

#include <algorithm>
#include <array>

#include "control/policy/lists/list_lines.h"
#include "control/policy/written_name.h"

namespace sluice::control {
namespace {

constexpr size_t kLooked = size_t{64} << 10;  ///< bytes at the start of a file that tell its format
constexpr size_t kMaxLooked = 1000;           ///< bytes of one line

/// Splits a line at its blanks; what follows the third word is left in the last.
struct Words {
  explicit Words(std::string_view line) {
    for (size_t at = 0; count < word.size(); ++count) {
      at = line.find_first_not_of(ListLines::kBlank, at);
      if (at == line.npos) return;
      const size_t end = std::min(line.find_first_of(ListLines::kBlank, at), line.size());
      word[count] = line.substr(at, end - at);
      at = end;
    }
  }
  std::array<std::string_view, 4> word;
  size_t count = 0;
};

bool like_name(std::string_view word) {
  return word.find('.') != word.npos && read_written_name(word).error == NameError::None;
}

bool like_address(std::string_view word) {
  Prefix prefix;
  const PrefixError error = parse_prefix(word.substr(0, word.find('-')), prefix);
  return error == PrefixError::None || error == PrefixError::HostBits;
}

bool like_dnsmasq(std::string_view line) {
  static constexpr std::string_view kDirectives[] = {"address=/", "server=/", "local=/", "ipset=/",
                                                     "nftset=/"};
  return std::ranges::any_of(kDirectives, [&](std::string_view option) { return line.starts_with(option); });
}

bool like_adblock(std::string_view line) {
  static constexpr std::string_view kStarts[] = {"||", "@@|", "[Adblock", "! ", "##"};
  if (std::ranges::any_of(kStarts, [&](std::string_view start) { return line.starts_with(start); }))
    return true;
  const size_t hashes = line.find("##");  // a cosmetic rule, if no comment
  return hashes != line.npos && hashes > 0 && line.find_first_of(" \t#") == hashes;
}

bool like_rpz(const Words& words) {
  if (words.word[0] == "$TTL" || words.word[0] == "$ORIGIN") return true;
  static constexpr std::string_view kTypes[] = {"CNAME", "SOA", "NS", "cname", "soa"};
  return std::any_of(
      words.word.begin() + 1, words.word.begin() + static_cast<ptrdiff_t>(std::max<size_t>(words.count, 1)),
      [](std::string_view word) { return std::ranges::find(kTypes, word) != std::end(kTypes); });
}

std::optional<ListFormat> format_of_line(std::string_view line) {
  if (like_adblock(line)) return ListFormat::Adblock;
  if (like_dnsmasq(line)) return ListFormat::Dnsmasq;
  const Words words(line);
  if (like_rpz(words)) return ListFormat::Rpz;
  if (words.count == 0 || line.starts_with('#') || line.starts_with(';')) return std::nullopt;
  if (like_address(words.word[0]))
    return words.count > 1 && like_name(words.word[1]) ? ListFormat::Hosts : ListFormat::Prefixes;
  if (words.count == 1 && like_name(words.word[0])) return ListFormat::Names;
  return std::nullopt;
}

}  // namespace

std::string_view why_no_list(std::string_view text) {
  using namespace std::string_view_literals;
  static constexpr std::pair<std::string_view, std::string_view> kStarts[] = {
      {"\xff\xfe", "it is UTF-16"},
      {"\xfe\xff", "it is UTF-16"},
      {"\x1f\x8b", "it is compressed by gzip"},
      {"\xfd\x37zXZ", "it is compressed by xz"},
      {"\x28\xb5\x2f\xfd", "it is compressed by zstd"},
      {"BZh", "it is compressed by bzip2"},
      {"PK\3\4", "it is a ZIP archive"},
  };
  for (const auto& [start, why] : kStarts)
    if (text.starts_with(start)) return why;
  const std::string_view head = text.substr(0, kLooked);
  const auto zeros = static_cast<size_t>(std::ranges::count(head, '\0'));
  if (zeros * 3 > head.size()) return "it is UTF-16 or UTF-32, or no text";
  if (zeros > 0) return "it is no text: it has zero bytes";
  const std::string_view begin = head.substr(std::min(head.find_first_not_of(" \t\r\n"), head.size()), 14);
  for (const std::string_view page : {"<!doctype html"sv, "<html"sv, "<?xml"sv, "<head"sv}) {
    if (std::ranges::equal(begin.substr(0, page.size()), page, {}, [](char c) {
          return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        }))
      return "it is a web page";
  }
  return {};
}

std::optional<ListFormat> likely_format(std::string_view text) {
  text = text.substr(0, kLooked);
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == text.npos) return std::nullopt;
  if (text[first] == '{' || (text[first] == '[' && text.substr(first, 8) != "[Adblock"))
    return ListFormat::Microsoft365;
  std::array<size_t, 7> votes{};
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    if (const auto format = format_of_line(text.substr(at, std::min(end - at, kMaxLooked))))
      ++votes[static_cast<size_t>(*format)];
    at = end + 1;
  }
  const auto best = std::ranges::max_element(votes);
  if (*best == 0) return std::nullopt;
  return static_cast<ListFormat>(best - votes.begin());
}

}  // namespace sluice::control
