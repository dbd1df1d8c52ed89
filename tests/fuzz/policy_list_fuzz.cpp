// tests: any bytes as a list file give canonical names only. The first byte chooses the format.
#include <cstdint>
#include <cstdlib>

#include "control/policy/lists/list_reader.h"
#include "control/policy/pattern_table.h"

namespace {

using namespace sluice::control;

class Checker final : public ListTaker {
 public:
  void take_name(std::string_view name, NameScope) override {
    std::string copy(name);
    const ParsedName again = parse_bare_name(copy.data(), copy.size());
    if (again.error != NameError::None || again.name != name) std::abort();
  }
  void take_exception(std::string_view name, NameScope scope) override { take_name(name, scope); }
  void take_pattern(std::string pattern, Position) override {
    if (pattern.empty() || pattern.size() > kMaxPatternBytes) std::abort();
  }
  void take_prefix(const Prefix& prefix) override {
    Prefix again;
    if (prefix.length == 0 || parse_prefix(to_string(prefix), again) != PrefixError::None || again != prefix)
      std::abort();
  }
  void begin_ports(std::span<const sluice::PortRange> ports) override {
    for (const sluice::PortRange& range : ports)
      if (range.first == 0 || range.last < range.first) std::abort();
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  ListText text;
  text.text.assign(reinterpret_cast<const char*>(data) + 1, size - 1);
  text.text.shrink_to_fit();
  Report report;
  report.add_file("f");
  Checker checker;
  read_list(text, static_cast<ListFormat>(data[0] % std::size(kListFormatWords)), 0, report, checker);
  report.finish();
  return 0;
}
