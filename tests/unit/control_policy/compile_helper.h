// tests: compiles policies that are in memory.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "control/policy/policy_compiler.h"
#include "control/policy/prefix.h"
#include "dataplane/contract/address.h"

namespace sluice::control::test {

/// A policy that is right, without rules.
inline constexpr std::string_view kBase =
    "site: office\n"
    "lines: {l: {operator: o, licence: l, contract: c, filing: f, purpose: internal-office,"
    " valid: {from: 2020-01-01, until: 2090-01-01}}}\n"
    "networks: {staff: {prefixes: [10.20.0.0/16], line: l, default: allow}}\n";

/// When the policies of these tests are compiled: a Monday, 12:00 UTC.
inline constexpr std::chrono::sys_seconds kNow =
    std::chrono::sys_days{std::chrono::year{2026} / 11 / 23} + std::chrono::hours{12};

using Files = std::map<std::string, std::string>;

/// Compiles texts in the order of their names; files are what list files hold.
inline Compiled compile(const Files& yaml, const Files& files = {}) {
  std::vector<SourceText> texts;
  for (const auto& [name, text] : yaml) texts.push_back({name, text});
  const ReadListFile read = [&](const std::string& path, std::string& text, std::string& error) {
    const auto found = files.find(path);
    if (found == files.end()) {
      error = "No such file or directory";
      return false;
    }
    text = found->second;
    return true;
  };
  return compile_texts(texts, "dir", read, 7, {.now = kNow});
}

/// What is wrong with kBase and text together. text is the file "t".
inline std::vector<std::string> problems(const std::string& text, const Files& files = {}) {
  std::vector<std::string> out;
  for (const Diagnostic& diagnostic :
       compile({{"base", std::string(kBase)}, {"t", text}}, files).diagnostics) {
    out.push_back(to_string(diagnostic));
  }
  return out;
}

/// A policy, and everything that is wrong with it; for parameterised tests.
struct Case {
  const char* name;
  std::string yaml;
  std::vector<std::string> expected;
};

inline std::string name_of(const testing::TestParamInfo<Case>& info) {
  return info.param.name;
}

inline Address address(std::string_view text) {
  Address out;
  EXPECT_TRUE(parse_address(text, out)) << text;
  return out;
}

}  // namespace sluice::control::test
