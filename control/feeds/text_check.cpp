// control/feeds: whether what was fetched is a list.
#include "control/feeds/text_check.h"

#include <algorithm>
#include <string_view>

#include "control/policy/list_reader.h"
#include "control/policy/source_files.h"

namespace sluice::control {
namespace {

/// Whether text begins like a page: what a portal, a proxy or a broken server sends with status 200.
bool is_page(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n\xef\xbb\xbf");
  if (begin == text.npos) {
    return false;
  }
  std::string head(text.substr(begin, 14));
  std::ranges::transform(head, head.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return head.starts_with("<!doctype") || head.starts_with("<html") || head.starts_with("<?xml");
}

}  // namespace

TextCheck check_text(const std::filesystem::path& path, ListFormat format) {
  TextCheck out;
  std::string text;
  if (!read_file(path.string(), kMaxListBytes, text, out.problem)) {
    return out;
  }
  if (is_page(text)) {
    out.problem = "it is a page, not a list";
    return out;
  }
  Report report;
  report.add_file("the feed");
  out.entries = read_list(text, format, 0, report, [](std::string_view, NameScope) {});
  const bool failed = report.failed();
  for (const Diagnostic& each : report.finish()) {
    if (failed && each.severity == Severity::Error) {
      out.problem = each.what + (each.instead.empty() ? "" : "; " + each.instead);
      return out;
    }
  }
  if (out.entries == 0) {
    out.problem = "there is no entry in it";
  }
  return out;
}

}  // namespace sluice::control
