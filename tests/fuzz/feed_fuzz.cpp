// tests: any bytes as a file of checksums, as the lines about a copy and as a URL. What is taken is well
// formed.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "control/feeds/checksum_file.h"
#include "control/policy/feed_copy.h"
#include "control/policy/feed_url.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice::control;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto check = [](bool good) {
    if (!good) std::abort();
  };
  const auto is_sum = [](const std::string& sum) {
    return sum.size() == 64 && sum.find_first_not_of("0123456789abcdef") == std::string::npos;
  };
  if (const auto sum = find_checksum(text, "hosts")) check(is_sum(*sum));
  if (const auto copy = parse_feed_copy(text)) {
    check(is_sum(copy->sha256) && is_validator(copy->etag) && is_validator(copy->last_modified));
    check(parse_feed_copy(feed_copy_text(*copy)) == copy);
  }
  const std::string shown = shown_url(text);
  if (url_problem(text).empty()) {
    check(url_problem(shown).empty());
    check(shown.find('@') == std::string::npos || shown.find('@') > shown.find('/', shown.find("://") + 3));
    check(file_of_url(text).find('/') == std::string_view::npos);
  }
  return 0;
}
