// extract: SIP, by the first line of a message.
#include "dataplane/extract/sip.h"

#include <algorithm>

#include "dataplane/extract/http.h"

namespace sluice {
namespace {

constexpr std::string_view kMethods[] = {"INVITE ", "ACK ",       "BYE ",    "CANCEL ",  "REGISTER ",
                                         "PRACK ",  "SUBSCRIBE ", "NOTIFY ", "PUBLISH ", "INFO ",
                                         "REFER ",  "MESSAGE ",   "UPDATE ", "OPTIONS "};
constexpr std::string_view kSchemes[] = {"sip:", "sips:", "tel:", "urn:"};
constexpr std::string_view kEnds[] = {" SIP/2.0\r\n", " SIP/2.0\n"};
constexpr size_t kMaxBlanks = 2 * kMaxHttpBlankLines;

char as_is(char c) {
  return c;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

/// Complete where text begins with one of words, NeedMore where it may go on to.
template <size_t N>
Extract begins(std::string_view text, const std::string_view (&words)[N], char (*fold)(char) = as_is) {
  Extract out = Extract::NotMine;
  for (const std::string_view word : words) {
    const size_t size = std::min(text.size(), word.size());
    if (!std::ranges::equal(text.substr(0, size), word.substr(0, size), {}, fold)) continue;
    if (size == word.size()) return Extract::Complete;
    out = Extract::NeedMore;
  }
  return out;
}

Extract match_response(std::string_view text) {
  constexpr std::string_view kForm = "SIP/2.0 ddd ";
  for (size_t i = 0; i < std::min(text.size(), kForm.size()); ++i) {
    const bool fits = kForm[i] == 'd' ? text[i] >= '0' && text[i] <= '9' : text[i] == kForm[i];
    if (!fits) return Extract::NotMine;
  }
  return text.size() < kForm.size() ? Extract::NeedMore : Extract::Complete;
}

/// text: a target of printable characters, one space, the version, and the line's end.
Extract match_target(std::string_view text) {
  if (const Extract known = begins(text, kSchemes, lower); known != Extract::Complete) return known;
  const auto end = std::ranges::find_if(text, [](char c) { return c <= 0x20 || c > 0x7e; });
  text.remove_prefix(static_cast<size_t>(end - text.begin()));
  return begins(text, kEnds);
}

}  // namespace

Extract match_sip(std::string_view text) {
  const bool long_enough = text.size() >= kMaxSipStart;
  text = text.substr(0, kMaxSipStart);
  const size_t blanks = std::min(text.find_first_not_of("\r\n"), text.size());
  if (blanks > kMaxBlanks) return Extract::NotMine;
  text.remove_prefix(blanks);
  Extract match = begins(text, kMethods);
  if (match == Extract::NotMine) {
    match = match_response(text);
  } else if (match == Extract::Complete) {
    text.remove_prefix(text.find(' ') + 1);
    match = match_target(text);
  }
  return match == Extract::NeedMore && long_enough ? Extract::NotMine : match;
}

}  // namespace sluice
