// control/base: a list of lines as libcurl takes them: headers, recipients.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <new>
#include <string>

namespace sluice::control {

using CurlList = std::unique_ptr<curl_slist, void (*)(curl_slist*)>;

[[nodiscard]] inline CurlList make_curl_list() {
  return {nullptr, curl_slist_free_all};
}

inline void add_to(CurlList& list, const std::string& line) {
  curl_slist* const longer = curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) {
    throw std::bad_alloc();
  }
  [[maybe_unused]] curl_slist* const same = list.release();
  list.reset(longer);
}

}  // namespace sluice::control
