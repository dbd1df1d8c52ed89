// tests: what a list file says, as words.
#pragma once

#include <gtest/gtest.h>

#include <span>
#include <string>
#include <vector>

#include "control/policy/lists/list_reader.h"

namespace sluice::control::test {

using Lines = std::vector<std::string>;

/// Reads one list file and keeps what it says: `name`, `=name`, `*.name`, `!` before an exception,
/// `/pattern`.
class ListTaken final : public ListTaker {
 public:
  ListTaken(std::string bytes, ListFormat format) {
    text.text = std::move(bytes);
    report.add_file("f");
    taken = read_list(text, format, 0, report, *this);
    failed = report.failed();
    for (const Diagnostic& diagnostic : report.finish()) problems.push_back(to_string(diagnostic));
  }
  void take_name(std::string_view name, NameScope scope) override { entries.push_back(shown(name, scope)); }
  void take_exception(std::string_view name, NameScope scope) override {
    entries.push_back('!' + shown(name, scope));
  }
  void take_pattern(std::string pattern, Position) override { entries.push_back('/' + pattern); }
  void take_prefix(const Prefix& prefix) override { entries.push_back(to_string(prefix)); }
  void begin_ports(std::span<const PortRange> ports) override {
    std::string shown = "on";
    for (const PortRange& range : ports) {
      shown += (range.transport == 6 ? " tcp/" : " udp/") + std::to_string(range.first);
      if (range.last != range.first) shown += '-' + std::to_string(range.last);
    }
    entries.push_back(shown);
  }

  ListText text;
  Report report;
  size_t taken = 0;
  bool failed = false;
  Lines entries, problems;

 private:
  static std::string shown(std::string_view name, NameScope scope) {
    const char* const before = scope == NameScope::Self ? "=" : scope == NameScope::Below ? "*." : "";
    return before + std::string(name);
  }
};

/// Each line begins as expected, and there are no others.
inline void expect_beginnings(std::span<const std::string> lines, std::span<const char* const> expected) {
  ASSERT_EQ(lines.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_TRUE(lines[i].starts_with(expected[i])) << lines[i];
}

}  // namespace sluice::control::test
