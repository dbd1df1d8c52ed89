// tests: recognise_stream decides once, and the reader that it names agrees; looks_like_quic takes any bytes.
#include "dataplane/extract/recognise.h"

#include <string_view>

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
  // A method alone makes it HTTP's to read; at the first line's end another version (RTSP, SIP) may disown
  // it.
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t line = text.find_first_not_of("\r\n");
  const bool line_ended = line != std::string_view::npos && text.find('\n', line) != std::string_view::npos;
  auto requests = HttpRequests::of_any_method();
  const auto all = [](size_t left) { return left; };
  if (decided == Stream::Http && !line_ended && disowned(test::feed_pieces(requests, whole, all)))
    std::abort();
  return 0;
}
