// tests: what a resolver may send over dnstap: never more than is bound to be, and the same however it is
// cut.
#include <cstdlib>
#include <string_view>

#include "control/dnstap/answer_reader.h"
#include "control/dnstap/frame_stream.h"

using namespace sluice::control;

namespace {

struct Heard {
  std::vector<sluice::Binding> bindings;
  std::string reply, error;
};

Heard hear(std::span<const uint8_t> stream, size_t piece) {
  Heard out;
  FrameStream reader;
  while (!stream.empty() && out.error.empty()) {
    const std::vector<uint8_t> part(stream.begin(),
                                    stream.begin() + static_cast<ptrdiff_t>(std::min(piece, stream.size())));
    stream = stream.subspan(part.size());
    out.error = reader.take(
        part,
        [&](std::span<const uint8_t> frame) {
          const size_t before = out.bindings.size();
          const FrameKind kind = read_answer(frame, out.bindings);
          const size_t more = out.bindings.size() - before;
          if (more > kMaxAnswerBindings || (more > 0) != (kind == FrameKind::Answer)) std::abort();
        },
        out.reply);
  }
  for (const sluice::Binding& each : out.bindings)
    if (each.name_size == 0 || each.name_size > sluice::kMaxName) std::abort();
  return out;
}

}  // namespace

/// The first byte chooses the pieces, the rest is what comes.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::span<const uint8_t> stream(data + 1, size - 1);
  const Heard whole = hear(stream, size), pieces = hear(stream, 1 + data[0]);
  const auto text = [](const Heard& heard) {
    return std::string_view(reinterpret_cast<const char*>(heard.bindings.data()),
                            heard.bindings.size() * sizeof(sluice::Binding));
  };
  const bool same = whole.reply == pieces.reply && whole.error == pieces.error && text(whole) == text(pieces);
  if (!same) std::abort();
  return 0;
}
