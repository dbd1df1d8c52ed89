// bench: the policy that the benchmarks enforce, as large as one wants it.
#pragma once

#include <memory>
#include <string>

#include "bench/name_maker.h"
#include "tests/support/policy.h"

namespace sluice::bench {

struct SiteSize {
  size_t names = 10'000;  ///< that the last rule blocks
  size_t rules = 10;      ///< each of the others blocks one name, which nobody asks for
  size_t networks = 10;   ///< the first is all of staff; the others parts of it, as long as there are any
};

inline constexpr std::string_view kListFile = "listed.names";

/// The names that site_text blocks, one a line.
inline std::string listed_names(size_t count) {
  NameMaker maker(1);
  std::string out;
  for (size_t i = 0; i < count; ++i) maker.append(out), out += '\n';
  return out;
}

/// YAML. Its list is in the file kListFile, beside it.
inline std::string site_text(const SiteSize& size) {
  std::string out =
      "site: bench\n"
      "lines: {line-a: {operator: o, licence: l, contract: c, filing: f, purpose: internal-office,"
      " valid: {from: 2020-01-01, until: 2090-01-01}}}\n"
      "networks:\n  staff: {prefixes: [10.20.0.0/16], line: line-a, default: allow}\n";
  for (size_t i = 0; i + 1 < size.networks; ++i)
    out += "  n" + std::to_string(i) + ": {prefixes: [10." + std::to_string(20 + (i >> 13)) + '.' +
           std::to_string(i >> 5 & 255) + '.' + std::to_string((i & 31) * 8) +
           "/29], line: line-a, default: allow}\n";
  out += "lists: {listed: {files: [" + std::string(kListFile) + "]}}\nrules:\n";
  for (size_t i = 0; i + 1 < size.rules; ++i)
    out += "  - {name: r" + std::to_string(i) + ", to: [rule" + std::to_string(i) +
           ".example], action: block}\n";
  return out + "  - {name: no-listed, to: [listed], action: block}\n";
}

inline std::unique_ptr<test::TestPolicy> open_site(const SiteSize& size) {
  const auto read = [&](const std::string&, std::string& text, std::string&) {
    return text = listed_names(size.names), true;
  };
  return test::make_policy(site_text(size), 1, control::utc_now(), read);
}

}  // namespace sluice::bench
