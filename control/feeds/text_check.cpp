// control/feeds: whether what was fetched is a list.
#include "control/feeds/text_check.h"

#include <string_view>

#include "control/policy/lists/list_reader.h"
#include "control/policy/source_files.h"

namespace sluice::control {
namespace {

/// Only the number of entries matters here.
class NothingTaken final : public ListTaker {
 public:
  void take_name(std::string_view, NameScope) override {}
  void take_exception(std::string_view, NameScope) override {}
  void take_pattern(std::string, Position) override {}
  void take_prefix(const Prefix&) override {}
  void begin_ports(std::span<const PortRange>) override {}
};

}  // namespace

TextCheck check_text(const std::filesystem::path& path, ListFormat format) {
  TextCheck out;
  ListText text;
  if (!read_file(path.string(), kMaxListBytes, text.text, out.problem)) {
    return out;
  }
  Report report;
  report.add_file("the feed");
  NothingTaken taker;
  out.entries = read_list(text, format, 0, report, taker);
  for (const Diagnostic& each : report.finish()) {
    if (each.severity == Severity::Error) {
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
