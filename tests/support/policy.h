// tests: a policy from YAML text, opened.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include "control/policy/policy_compiler.h"
#include "dataplane/policy/policy.h"

namespace sluice::test {

/// The header that most policies of tests share: one line, one network that allows and one that blocks by
/// default.
inline const std::string kOffice = R"(
site: test-office
lines:
  line-a: {operator: T, licence: L, contract: C, filing: F, purpose: internal-office, link: [192.0.2.1, 192.0.2.2],
           valid: {from: 2026-01-01, until: 2040-01-01}}
  line-b: {operator: T, licence: L, contract: C, filing: F, purpose: internal-office,
           valid: {from: 2026-01-01, until: 2040-01-01}}
networks:
  staff:    {prefixes: [10.20.0.0/16, "fd12:3456:20::/48"], line: line-a, default: allow}
  finance:  {prefixes: [10.20.8.0/21], line: line-a, default: block}
  tagged:   {prefixes: [10.20.16.0/24], vlans: [28], line: line-a, default: block}
  printers: {prefixes: [10.20.250.0/24], line: line-a, default: block}
  guests:   {prefixes: [10.99.0.0/16], line: none}
  other:    {prefixes: [10.30.0.0/16], line: line-b, default: allow}
  watched:  {prefixes: [10.40.0.0/16], line: line-a, default: observe}
  citrix:   {prefixes: [10.20.60.0/24], line: line-a, default: allow, shared: terminal-server}
  quiet:    {prefixes: [10.20.40.0/24], line: line-a, default: allow, dns: {canaries: nxdomain, strip-ech: true}}
resolvers: [10.20.0.10]
offices:
  hq-sg: {entity: Example Pte, prefixes: [10.64.0.0/12]}
)";

struct TestPolicy {
  control::CompiledPolicy compiled;
  std::unique_ptr<Policy> policy;
  Scratch scratch;
};

inline bool read_nothing(const std::string&, std::string&, std::string& error) {
  return error = "no files here", false;
}

/// Throws std::runtime_error with the diagnostics where text does not compile or its image is refused.
inline std::unique_ptr<TestPolicy> make_policy(const std::string& text, uint32_t generation = 1,
                                               std::chrono::sys_seconds now = control::utc_now(),
                                               const control::ReadListFile& read = read_nothing,
                                               const control::Bypass& bypass = {}) {
  const control::SourceText source{"test.yaml", text};
  control::Compiled compiled =
      control::compile_texts({&source, 1}, ".", read, generation, {.bypass = bypass, .now = now});
  std::string said;
  for (const auto& diagnostic : compiled.diagnostics) said += control::to_string(diagnostic) + "\n";
  if (!compiled.policy) throw std::runtime_error(said);
  auto made = std::make_unique<TestPolicy>();
  made->compiled = std::move(*compiled.policy);
  ImageError error = ImageError::None;
  made->policy = Policy::open(made->compiled.image(), error);
  if (!made->policy || !made->policy->make_scratch(made->scratch))
    throw std::runtime_error(std::string(text_of(error)));
  return made;
}

}  // namespace sluice::test
