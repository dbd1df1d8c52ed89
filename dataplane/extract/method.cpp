// extract: the HTTP methods that clients send.
#include "dataplane/extract/method.h"

#include "dataplane/extract/http.h"

namespace sluice {
namespace {

// The usual ones first: the search is linear.
constexpr std::string_view kMethods[] = {
    "GET", "POST", "HEAD", "CONNECT", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE",
    // IANA HTTP Method Registry.
    "ACL", "BASELINE-CONTROL", "BIND", "CHECKIN", "CHECKOUT", "COPY", "LABEL", "LINK", "LOCK", "MERGE",
    "MKACTIVITY", "MKCALENDAR", "MKCOL", "MKREDIRECTREF", "MKWORKSPACE", "MOVE", "ORDERPATCH", "PROPFIND",
    "PROPPATCH", "QUERY", "REBIND", "REPORT", "SEARCH", "UNBIND", "UNCHECKOUT", "UNLINK", "UNLOCK", "UPDATE",
    "UPDATEREDIRECTREF", "VERSION-CONTROL",
    // WebDAV of Exchange, Outlook Anywhere, Windows update and management, UPnP, caches, streaming.
    "BCOPY", "BDELETE", "BMOVE", "BPROPFIND", "BPROPPATCH", "POLL", "RPC_IN_DATA", "RPC_OUT_DATA",
    "BITS_POST", "CCM_POST", "SUBSCRIBE", "UNSUBSCRIBE", "NOTIFY", "PURGE", "SOURCE", "DEBUG", "TRACK"};

constexpr bool all_fit() {
  for (std::string_view method : kMethods) {
    if (method.size() > kMaxHttpMethod) return false;
  }
  return true;
}
static_assert(all_fit());

}  // namespace

MethodMatch match_method(std::string_view text) {
  MethodMatch match = MethodMatch::No;
  for (std::string_view method : kMethods) {
    if (!method.starts_with(text)) continue;
    if (method.size() == text.size()) return MethodMatch::Known;
    match = MethodMatch::Prefix;
  }
  return match;
}

}  // namespace sluice
