// tests: any bytes as a list file give canonical names only. The first byte chooses the format.
#include <cstdint>
#include <cstdlib>

#include "control/policy/list_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice::control;
  if (size == 0) return 0;
  std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  text.shrink_to_fit();
  Report report;
  report.add_file("f");
  read_list(text, static_cast<ListFormat>(data[0] % 2), 0, report, [](std::string_view name, NameScope) {
    std::string copy(name);
    const ParsedName again = parse_host_name(copy.data(), copy.size());
    if (again.error != NameError::None || again.name != name) std::abort();
  });
  report.finish();
  return 0;
}
