// judge tests: a policy's directory that goes when it is no longer needed.
#pragma once

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

namespace sluice::control {

inline constexpr const char* kOffice = R"(
site: test-office
timezone: Asia/Shanghai
lines:
  one: {operator: Example Telecom, licence: A1, contract: C1, filing: F1, purpose: internal-office, bandwidth: 1M,
        link: [192.0.2.1, 192.0.2.2], valid: {from: 2026-01-01, until: 2039-12-31}, on-expiry: warn}
networks:
  staff: {prefixes: [10.20.0.0/16], line: one, default: allow, dns: {canaries: nxdomain}}
  finance: {prefixes: [10.20.8.0/21], line: one, default: block}
offices:
  hq: {entity: Example, prefixes: [10.64.0.0/12]}
resolvers: [10.20.0.10]
lists:
  bad: {names: [bad.example], files: [bad.names]}
  clouds: {prefixes: [203.0.113.0/24]}
  words: {patterns: ['^bet[0-9]+\.']}
exceptions:
  - {name: audit, from: [10.20.9.7], to: [vendor.example], action: allow, owner: li.wei, ticket: IT-1, expires: NEXT-06-30}
rules:
  - {name: no-bad, to: [bad], action: block}
  - {name: no-clouds, to: [clouds], action: block}
  - {name: no-bets, to: [words], action: block}
  - {name: hq, to: [hq], action: allow}
)";

/// The office, with an exception that holds until the middle of next year.
inline std::string office() {
  const auto today = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
  std::string out = kOffice;
  const std::string next = std::to_string(int{std::chrono::year_month_day{today}.year()} + 1);
  return out.replace(out.find("NEXT"), 4, next);
}

class Directory {
 public:
  explicit Directory(const std::string& name)
      : path_(std::filesystem::temp_directory_path() /
              ("sluice-judge-" + name + std::to_string(::getpid()))) {
    write("site.yaml", office_);
    write("bad.names", "# by others\nevil.example\n\nWorse.Example\n*.deep.example\n");
  }
  ~Directory() { std::filesystem::remove_all(path_); }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  void write(const std::string& file, const std::string& text) const {
    std::filesystem::create_directories(path_);
    std::ofstream(path_ / file, std::ios::trunc) << text;
  }
  /// Puts after in the place of before, which stands once in the office's file.
  void edit(const std::string& before, const std::string& after) {
    office_.replace(office_.find(before), before.size(), after);
    write("site.yaml", office_);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  std::string office_ = office();
};

}  // namespace sluice::control
