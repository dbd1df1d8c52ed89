// tests: recognise_stream decides once, and the reader that it names agrees; looks_like_quic takes any bytes.
#include "dataplane/extract/recognise.h"

#include "dataplane/extract/http.h"
#include "dataplane/extract/quic.h"
#include "dataplane/extract/tls.h"
#include "tests/support/feed.h"

using namespace sluice;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const test::ExactCopy whole({data, size});
  (void)looks_like_quic(whole);
  Stream decided = Stream::NeedMore;
  for (size_t end = 0; end <= size; ++end) {
    const Stream now = recognise_stream(test::ExactCopy({data, end}));
    if (decided != Stream::NeedMore && now != decided) std::abort();
    if (end >= kMaxRecogniseBytes && now == Stream::NeedMore) std::abort();
    decided = now;
  }
  const auto disowned = [](const std::vector<test::Event>& events) {
    return !events.empty() && events[0].result == Extract::NotMine;
  };
  if (decided == Stream::Tls && disowned(test::feed_whole<TlsHello>(whole))) std::abort();
  if (decided == Stream::Http && disowned(test::feed_whole<HttpRequests>(whole))) std::abort();
  return 0;
}
