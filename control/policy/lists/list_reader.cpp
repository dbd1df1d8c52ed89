// control/policy: reads list files of any format.
#include "control/policy/lists/list_reader.h"

#include "control/policy/lists/list_formats.h"
#include "control/policy/lists/list_sniff.h"

namespace sluice::control {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

/// In the order of ListFormat.
constexpr void (*kReaders[])(ListLines&) = {read_names, read_hosts,    read_adblock,     read_dnsmasq,
                                            read_rpz,   read_prefixes, read_microsoft365};
static_assert(std::size(kReaders) == std::size(kListFormatWords));

/// Another format than the one that was said, if the file has it.
std::string other_format(std::string_view text, ListFormat said) {
  const auto likely = likely_format(text);
  if (!likely || *likely == said) return {};
  const std::string word(kListFormatWords[static_cast<size_t>(*likely)]);
  return "it looks like " + word + ": write format: " + word;
}

}  // namespace

size_t read_list(ListText& text, ListFormat format, uint32_t file, Report& report, ListTaker& taker) {
  // Other bytes are no line's, so that a place in a message is the editor's.
  if (text.text.starts_with(kByteOrderMark)) text.text.replace(0, kByteOrderMark.size(), "");
  ListLines lines(text, file, report, taker);
  if (const std::string_view why = why_no_list(text.text); !why.empty()) {
    lines.fail(std::string(why), "save the list as plain text in UTF-8");
    return 0;
  }
  kReaders[static_cast<size_t>(format)](lines);
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
