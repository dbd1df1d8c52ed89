// control/policy: reads list files of any format.
#include "control/policy/lists/list_reader.h"

#include "control/policy/lists/list_formats.h"
#include "control/policy/lists/list_sniff.h"

namespace sluice::control {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

struct Reader {
  std::string_view word;
  void (*read)(ListLines&);
};
/// In the order of ListFormat.
constexpr Reader kReaders[] = {
    {"names", read_names},     {"hosts", read_hosts},       {"adblock", read_adblock},
    {"dnsmasq", read_dnsmasq}, {"prefixes", read_prefixes},
};
constexpr size_t kFormatCount = std::size(kReaders);

constexpr auto kWords = [] {
  std::array<std::string_view, kFormatCount> words;
  for (size_t i = 0; i < kFormatCount; ++i) words[i] = kReaders[i].word;
  return words;
}();

/// Another format than the one that was said, if the file has it.
std::string other_format(std::string_view text, ListFormat said) {
  const auto likely = likely_format(text);
  if (!likely || *likely == said) return {};
  const std::string word(kWords[static_cast<size_t>(*likely)]);
  return "it looks like " + word + ": write format: " + word;
}

}  // namespace

std::span<const std::string_view> list_format_words() {
  return kWords;
}

size_t read_list(ListText& text, ListFormat format, uint32_t file, Report& report, ListTaker& taker) {
  // Other bytes are no line's, so that a place in a message is the editor's.
  if (text.text.starts_with(kByteOrderMark)) text.text.replace(0, kByteOrderMark.size(), "");
  ListLines lines(text, file, report, taker);
  if (const std::string_view why = why_no_list(text.text); !why.empty()) {
    lines.fail(std::string(why), "save the list as plain text in UTF-8");
    return 0;
  }
  const Reader& reader = kReaders[static_cast<size_t>(format)];
  reader.read(lines);
  if (lines.failed()) return lines.taken();
  if (lines.taken() == 0 && lines.left_out() > 0) {
    lines.fail("not one line is right", other_format(text.text, format));
  } else if (lines.left_out() > lines.taken()) {
    const std::string other = other_format(text.text, format);
    if (!other.empty()) lines.fail("most of it cannot be understood", other);
  } else if (lines.taken() == 0) {
    report.warn({file, 0, 0}, "there is nothing in it", "");
  }
  lines.summarise();
  return lines.taken();
}

}  // namespace sluice::control
