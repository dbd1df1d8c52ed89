// tests: fuzzing of policy images: bytes of a right one changed, its checksum made right again, opened and
// asked.
#include <openssl/sha.h>

#include <cstdlib>
#include <cstring>
#include <memory>

#include "dataplane/policy/generation.h"
#include "tests/support/policy.h"

namespace {

constexpr const char* kRules = R"(
lists:
  bad: {names: [bad.example, "*.deep.bad.example"], prefixes: [203.0.113.0/24], patterns: ['bet[0-9]+']}
rules:
  - {name: no-bad, to: [bad], action: block}
  - {name: print, direction: inbound, from: [hq-sg], to: [printers], ports: [tcp/9100], action: allow}
)";

}  // namespace

/// data: changes of six bytes each: where (four, little-endian) and by what (two: exclusive or, and how many
/// bytes).
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto made = sluice::test::make_policy(sluice::test::kOffice + kRules, 1);
  const auto right = made->compiled.image();
  auto free_image = [](std::byte* memory) { std::free(memory); };
  const std::unique_ptr<std::byte, decltype(free_image)> copy(
      static_cast<std::byte*>(std::aligned_alloc(64, right.size())), free_image);
  std::memcpy(copy.get(), right.data(), right.size());
  for (; size >= 6; data += 6, size -= 6) {
    uint32_t where;
    std::memcpy(&where, data, 4);
    for (uint32_t i = 0; i <= data[5] % 8u; ++i)
      copy.get()[(uint64_t{where} + i) % right.size()] ^= std::byte{data[4]};
  }
  auto* header = reinterpret_cast<sluice::ImageHeader*>(copy.get());
  std::memset(header->sha256, 0, sizeof header->sha256);
  uint8_t digest[32];
  SHA256(reinterpret_cast<const uint8_t*>(copy.get()), right.size(), digest);
  std::memcpy(header->sha256, digest, sizeof digest);

  sluice::ImageError error = sluice::ImageError::None;
  const auto policy = sluice::Policy::open({copy.get(), right.size()}, error);
  sluice::Scratch scratch;
  if (!policy || !policy->make_scratch(scratch)) return 0;
  for (const char* name : {"bad.example", "x.deep.bad.example", "bet1.example", ""}) {
    sluice::Subject subject{
        .transport = 6, .service_port = 9100, .name = name, .unidentified = *name == '\0'};
    subject.local = sluice::Address::from_v4(reinterpret_cast<const uint8_t*>("\x0a\x14\x01\x07"));
    subject.remote = sluice::Address::from_v4(reinterpret_cast<const uint8_t*>("\xcb\x00\x71\x07"));
    const sluice::Verdict verdict = policy->judge(subject, scratch);
    (void)policy->rule_name(verdict.rule);
    (void)policy->list_name(verdict.list);
    (void)policy->network_name(verdict.network);
  }
  return 0;
}
