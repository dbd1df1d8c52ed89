// worker: how a stream is fed to a reader.
#pragma once

#include <algorithm>

#include "dataplane/worker/worker_pipeline.h"

namespace sluice {

/// How far the read place may be beyond what has come; the stream still knows all before it as behind it.
inline constexpr int32_t kMaxJump = 1 << 29;

/// Feeds a reader what is there; what it does not look at is jumped over, also where it has not come yet.
/// on_event: what an event of the reader comes to; NeedMore where it reads on.
template <class Reader, class OnEvent>
WorkerPipeline::Step WorkerPipeline::read_with(Reader& reader, Context& context, OnEvent on_event) {
  ByteStream& stream = context.stream;
  for (;;) {  // also with nothing left: a name may be the last thing before the hello's end
    if constexpr (requires { reader.skippable(); }) {
      const auto ahead = static_cast<int32_t>(stream.read_place() - context.source_end);
      const auto jump = static_cast<uint32_t>(
          std::min<uint64_t>(reader.skippable(), static_cast<uint32_t>(kMaxJump - std::max(ahead, 0))));
      if (jump != 0) {
        reader.skip(jump);
        stream.consume(jump);
      }
    }
    const auto bytes = stream.readable(contexts_.blocks());
    size_t consumed = 0;
    const Extract event = reader.feed(bytes, consumed);
    stream.consume(static_cast<uint32_t>(consumed));
    if (event == Extract::NeedMore && consumed == 0) return Step::NeedMore;
    if (event == Extract::NeedMore) continue;
    if (const Step step = on_event(event); step != Step::NeedMore) return step;
  }
}

}  // namespace sluice
