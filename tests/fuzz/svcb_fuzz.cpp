// tests: SvcParams, EchConfigs and strip_ech take any message; stripping changes parameters only, and takes
// every `ech` out.
#include "dataplane/extract/svcb.h"

#include <algorithm>
#include <vector>

#include "tests/support/feed.h"

using namespace sluice;

namespace {

void expect(bool holds) {
  if (!holds) std::abort();
}

/// Walks all records to the end. Returns false where they are not well-formed. ech: how many have it; fixed:
/// what stripping must not touch.
bool walk(std::span<const uint8_t> message, const DnsMessage& parsed, size_t& ech, std::vector<bool>& fixed) {
  ech = 0;
  fixed.assign(message.size(), true);
  DnsAnswers records = DnsAnswers::of_all_sections(message, parsed);
  DnsAnswer record;
  Extract next;
  while ((next = records.next(record)) == Extract::Name) {
    const auto at = record.params.empty() ? ptrdiff_t{0} : record.params.data() - message.data();
    std::fill_n(fixed.begin() + at, record.params.size(), false);
    SvcParams params(record.params);
    SvcParam param;
    while (params.next(param) == Extract::Name) {
      SvcHints hints(param);
      Address address;
      if (param.key == kSvcIpv4Hint || param.key == kSvcIpv6Hint) expect(hints.next(address));
      if (param.key == kSvcEch) ++ech;
    }
  }
  return next == Extract::Complete;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const test::ExactCopy message({data, size});
  DnsMessage parsed;
  const Extract result = parse_dns(message, parsed);
  if (result != Extract::Name && result != Extract::NoName) return 0;
  size_t ech;
  std::vector<bool> fixed;
  if (!walk(message, parsed, ech, fixed)) return 0;
  std::vector<uint8_t> copy(data, data + size);
  const size_t changed = strip_ech(copy, parsed);
  expect(changed == ech || changed == kStripFailed);
  if (changed == kStripFailed) return 0;
  for (size_t at = 0; at < size; ++at) expect(copy[at] == data[at] || !fixed[at]);
  // A name that points into a parameter may be another one now, or none; nothing of `ech` is left all the
  // same.
  size_t left;
  walk(copy, parsed, left, fixed);
  expect(left == 0);
  return 0;
}
