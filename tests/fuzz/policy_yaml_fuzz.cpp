// tests: any bytes as a policy file are refused or compile to an image that opens in the data plane.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "control/policy/policy_compiler.h"
#include "dataplane/policy/policy.h"
#include "tests/unit/control_policy/image_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice::control;
  const SourceText source{"f", std::string(reinterpret_cast<const char*>(data), size)};
  const ReadListFile read = [](const std::string&, std::string& text, std::string&) {
    text = "0.0.0.0 a.example\nb.example\n";
    return true;
  };
  const Compiled compiled = compile_texts({&source, 1}, "d", read, 1);
  bool failed = false;
  for (const Diagnostic& diagnostic : compiled.diagnostics) {
    failed |= diagnostic.severity == Severity::Error;
    if (to_string(diagnostic).empty()) std::abort();
  }
  if (failed == compiled.policy.has_value()) std::abort();
  if (!compiled.policy) return 0;
  sluice::ImageError error = sluice::ImageError::None;
  if (!test::ImageReader(compiled.policy->image()).broken_promise().empty()) std::abort();
  if (!sluice::Policy::open(compiled.policy->image(), error)) std::abort();
  return 0;
}
