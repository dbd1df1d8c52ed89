// tests: recognise_stream and recognise_dns_port decide once, and the reader that is named agrees;
// looks_like_quic takes any bytes.
#include "dataplane/extract/recognise.h"

#include <algorithm>
#include <string_view>

#include "dataplane/extract/http.h"
#include "dataplane/extract/quic.h"
#include "dataplane/extract/tls.h"
#include "tests/support/feed.h"

using namespace sluice;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const test::ExactCopy whole({data, size});
  (void)looks_like_quic(whole);
  const auto decides = [&](auto recognise) {
    Stream decided = Stream::NeedMore;
    for (size_t end = 0; end <= std::min(size, kMaxRecogniseBytes + 1); ++end) {
      const Stream now = recognise(test::ExactCopy({data, end}));
      // On DNS' port a greeting of few bytes counts, whatever it goes on to.
      const bool greeting = decided == Stream::Prelude && now == Stream::Dns;
      if (decided != Stream::NeedMore && now != decided && !greeting) std::abort();
      if (end >= kMaxRecogniseBytes && now == Stream::NeedMore) std::abort();
      decided = now;
    }
    return decided;
  };
  const Stream decided = decides(recognise_stream);
  const Stream on_dns_port = decides(recognise_dns_port);
  if (on_dns_port != decided && on_dns_port != Stream::Dns && on_dns_port != Stream::NeedMore) std::abort();
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
