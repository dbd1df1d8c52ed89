// control/usage: under which name somebody registered a host.
#include "control/usage/domains.h"

#include <libpsl.h>

#include <algorithm>
#include <iterator>

#include "control/policy/prefix.h"

namespace sluice::control {
namespace {

/// Registered by who rents out servers, storage or delivery below it. The Public Suffix List has many more of
/// them, as suffixes; these are not in it, or not at this level.
constexpr std::string_view kEverybodys[] = {
    "1e100.net",         "akadns.net",         "akamai.net",
    "akamaiedge.net",    "akamaihd.net",       "akamaized.net",
    "alicdn.com",        "alikunlun.com",      "aliyuncs.com",
    "amazonaws.com",     "amazonaws.com.cn",   "awsglobalaccelerator.com",
    "azure.com",         "azure.net",          "azureedge.net",
    "azurefd.net",       "b-cdn.net",          "bcebos.com",
    "bdydns.com",        "cachefly.net",       "cdn20.com",
    "cdn77.org",         "cdngslb.com",        "cdnjs.com",
    "chinacloudapi.cn",  "chinanetcenter.com", "cloudapp.net",
    "cloudflare.net",    "cloudflare.com",     "cloudfront.net",
    "dnsv1.com",         "edgecastcdn.net",    "edgekey.net",
    "edgesuite.net",     "fastly.net",         "fastlylb.net",
    "footprint.net",     "googleapis.com",     "googleusercontent.com",
    "gvt1.com",          "herokudns.com",      "impervadns.net",
    "incapdns.net",      "jsdelivr.net",       "kunlunaq.com",
    "kunlunsl.com",      "ksyuncdn.com",       "llnwd.net",
    "myhuaweicloud.com", "myqcloud.com",       "qcloud.com",
    "qiniudns.com",      "qiniucdn.com",       "sendgrid.net",
    "stackpathdns.com",  "tcdn.qq.com",        "trafficmanager.net",
    "unpkg.com",         "volccdn.com",        "wscdns.com",
    "windows.net",
};

bool is_everybodys(std::string_view domain) {
  return std::find(std::begin(kEverybodys), std::end(kEverybodys), domain) != std::end(kEverybodys);
}

/// Nothing where there is none.
std::string_view registered(const psl_ctx_t* list, const std::string& host) {
  Address address;
  const bool one_label = host.find('.') == std::string::npos;
  const char* const found =
      one_label || parse_address(host, address) ? nullptr : psl_registrable_domain(list, host.c_str());
  return found == nullptr ? std::string_view() : found;
}

}  // namespace

void Domains::Free::operator()(psl_ctx_st* list) const {
  psl_free(list);  // which leaves the built-in one alone
}

Domains::Domains() : list_(psl_latest(nullptr)) {}
Domains::~Domains() = default;

std::string Domains::registrable(std::string_view host) const {
  const std::string name(host);
  const std::string_view found = registered(list_.get(), name);
  return std::string(found.empty() ? host : found);
}

Domains::Domain Domains::to_allow(std::string_view host) const {
  const std::string name(host);
  const std::string_view found = registered(list_.get(), name);
  if (found.empty()) {
    const bool suffix =
        host.find('.') != std::string_view::npos && psl_is_public_suffix(list_.get(), name.c_str()) == 1;
    return {name, suffix ? "a public suffix: anybody may register below it" : ""};
  }
  if (is_everybodys(found) && found != host) {
    return {name, std::string(found) + " is shared by many owners"};
  }
  // What the list knows as a suffix of its own is rented out too, but this customer's name is one's own.
  return {std::string(found), found == host && is_everybodys(found) ? "shared by many owners" : ""};
}

}  // namespace sluice::control
