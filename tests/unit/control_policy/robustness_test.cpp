// tests: no text, however broken, does more than be refused.
#include <gtest/gtest.h>

#include <algorithm>

#include "control/policy/utf8.h"
#include "control/policy/yaml_tree.h"
#include "dataplane/policy/policy.h"
#include "tests/unit/control_policy/compile_helper.h"
#include "tests/unit/control_policy/image_reader.h"

namespace sluice::control::test {
namespace {

const std::string kWhole =
    std::string(kBase) +
    "resolvers: [10.20.0.10]\n"
    "offices: {hq: {entity: E, prefixes: [10.64.0.0/12, \"fd00::/8\"]}}\n"
    "lists: {a: {names: [x.example, \"=y.example\", \"*.z.example\"], files: [a.names], format: names}}\n"
    "rules:\n"
    "  - {name: r, from: [staff, 10.20.1.0/24], to: [a, hq, w.example], ports: [tcp/1-2, 53], action: "
    "block}\n"
    "unidentified: {ech: allow}\n"
    "midstream-grace: 10m\n"
    "log: {keep: 200d, country: SG, fold: 9s, witness: {mail: {to: a@b.example, from: c@d.example, smtp: "
    "\"smtps://e.example\"}}, copies: {s: {syslog: \"tls://[fd00::1]:6514\", recipient: r, country: CN}}}\n";

/// A policy comes if and only if there is no error, its image keeps its promises, and every message is
/// printable.
void expect_sound(const std::string& text) {
  const Compiled compiled = compile({{"t", text}}, {{"dir/a.names", "n.example\n"}});
  const bool failed = std::ranges::any_of(compiled.diagnostics, [](const Diagnostic& diagnostic) {
    return diagnostic.severity == Severity::Error;
  });
  ASSERT_EQ(compiled.policy.has_value(), !failed);
  if (compiled.policy) {
    ASSERT_EQ(ImageReader(compiled.policy->image()).broken_promise(), "");
    ImageError error = ImageError::None;
    ASSERT_NE(Policy::open(compiled.policy->image(), error), nullptr) << text_of(error);
  }
  for (const Diagnostic& diagnostic : compiled.diagnostics) {
    const std::string shown = to_string(diagnostic);
    ASSERT_EQ(shown, printable(shown));
    ASSERT_LE(diagnostic.line, static_cast<int>(std::ranges::count(text, '\n')) + 1) << shown;
  }
}

TEST(PolicyText, CutAtEachLengthIsSound) {
  for (size_t size = 0; size <= kWhole.size(); ++size) expect_sound(kWhole.substr(0, size));
}

TEST(PolicyText, EachByteFlippedIsSound) {
  for (size_t at = 0; at < kWhole.size(); ++at) {
    for (const int mask : {0x01, 0x04, 0x10, 0x20, 0x80}) {
      std::string text = kWhole;
      text[at] = static_cast<char>(text[at] ^ mask);
      expect_sound(text);
    }
  }
}

/// Must be refused, and quickly: each of these once cost a YAML parser its memory or its stack.
std::string first_problem(const std::string& text) {
  const Compiled compiled = compile({{"t", text}});
  EXPECT_FALSE(compiled.policy);
  return compiled.diagnostics.empty() ? "" : to_string(compiled.diagnostics.front());
}

std::string repeat(std::string_view part, size_t count) {
  std::string out;
  for (size_t i = 0; i < count; ++i) out += part;
  return out;
}

TEST(PolicyText, DeepNestingIsRefused) {
  for (const char* part : {"[", "{", "- ", "? ", "[\n", "{a: "}) {
    EXPECT_NE(first_problem(repeat(part, 100000)).find("nested deeper"), std::string::npos) << part;
  }
}

TEST(PolicyText, AliasBombIsRefused) {
  EXPECT_EQ(first_problem("a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n"),
            "t:1:4: YAML anchors are not used in a policy; write the value out");
}

TEST(PolicyText, LongLineIsRefused) {
  EXPECT_EQ(first_problem("a: " + std::string(kMaxYamlLine, 'x')),
            "t:1:1048577: a line longer than 1 MiB; break it, or keep the names in a file under `files:`");
}

TEST(PolicyText, LargeFileIsRefused) {
  EXPECT_EQ(first_problem(std::string(kMaxYamlBytes + 1, '\n')),
            "t: larger than 64 MiB; keep long lists of names in files of their own, under `files:`");
}

TEST(PolicyText, TooManyValuesAreRefused) {
  EXPECT_NE(first_problem("a:\n" + repeat("- x\n", kMaxYamlNodes)).find("more than 2097152 values"),
            std::string::npos);
}

}  // namespace
}  // namespace sluice::control::test
