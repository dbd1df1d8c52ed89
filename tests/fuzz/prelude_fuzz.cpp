// tests: a prelude is recognised once, ends at the same place and says the same however it is cut.
#include "dataplane/extract/prelude.h"

#include "tests/fuzz/support.h"

using namespace sluice;

namespace {

struct Ended {
  std::vector<test::Event> events;
  size_t size;  ///< bytes that were its own
  bool operator==(const Ended&) const = default;
};

Ended read(const PreludeForm& form, std::span<const uint8_t> stream, uint32_t seed, size_t most) {
  Prelude reader(form);
  Ended ended{};
  for (;;) {
    seed = seed * 1664525 + 1013904223;
    const size_t left = stream.size() - ended.size;
    const test::ExactCopy piece(stream.subspan(ended.size, std::min<size_t>(left, 1 + (seed >> 8) % most)));
    size_t consumed = 0;
    const Extract result = reader.feed(piece, consumed);
    ended.size += consumed;
    if (result == Extract::NeedMore && consumed == left) return ended;
    if (result == Extract::NeedMore) continue;
    const bool refused = result == Extract::NotMine || result == Extract::Malformed;
    if (refused) ended.size = 0;
    ended.events.push_back(
        {result, result == Extract::Name ? std::string(reader.host().view()) : "", ended.size});
    if (refused || result == Extract::Done) return ended;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::span<const uint8_t> input(data, size);
  const uint32_t seed = test::take_seed(input);
  const test::ExactCopy whole(input);
  (void)is_greeting(whole);
  PreludeForm form{PreludeKind::NeedMore};
  for (size_t end = 0; end <= std::min(input.size(), 2 * kMaxPreludeForm); ++end) {
    const PreludeForm now = recognise_prelude(test::ExactCopy(input.first(end)));
    const bool decided = form.kind != PreludeKind::NeedMore;
    if (decided && (now.kind != form.kind || now.size != form.size)) std::abort();
    if (end >= kMaxPreludeForm && now.kind == PreludeKind::NeedMore) std::abort();
    form = now;
  }
  if (form.kind == PreludeKind::NeedMore || form.kind == PreludeKind::None) return 0;
  const Ended ended = read(form, input, 0, input.size() + 1);
  if (read(form, input, seed, 200) != ended || read(form, input, seed, 1) != ended) std::abort();
  return 0;
}
