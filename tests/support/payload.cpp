// tests: the payloads that frames carry.
#include "tests/support/payload.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>

namespace sluice::test {
namespace {

/// body behind its length of size_bytes.
Bytes sized(size_t size_bytes, const Bytes& body) {
  Bytes out;
  for (size_t at = size_bytes; at-- > 0;) out.push_back(static_cast<uint8_t>(body.size() >> (8 * at)));
  put(out, body);
  return out;
}

Bytes extension(uint16_t type, const Bytes& body) {
  Bytes out;
  put16(out, type);
  put(out, sized(2, body));
  return out;
}

Bytes extensions(std::string_view name, const HelloOptions& options) {
  Bytes out = extension(43, {2, 3, 4});  // supported_versions: TLS 1.3
  if (options.padding_bytes > 0) put(out, extension(21, Bytes(options.padding_bytes)));
  if (!name.empty()) {
    Bytes hosts = {0};
    put(hosts, sized(2, bytes(name)));
    if (!options.also.empty()) {
      hosts.push_back(0);
      put(hosts, sized(2, bytes(options.also)));
    }
    put(out, extension(0, sized(2, hosts)));
  }
  if (options.ech) put(out, extension(0xfe0d, Bytes(32, 0xec)));
  if (options.esni) put(out, extension(0xffce, Bytes(32, 0xec)));
  if (options.early_data) put(out, extension(42, {}));
  return out;
}

Bytes labels(std::string_view name) {
  Bytes out;
  while (!name.empty()) {
    const size_t dot = name.find('.');
    put(out, sized(1, bytes(name.substr(0, dot))));
    name = dot == std::string_view::npos ? std::string_view() : name.substr(dot + 1);
  }
  out.push_back(0);
  return out;
}

Bytes dns_header(const DnsQuery& query, uint16_t flags, size_t answers) {
  Bytes out;
  put16(out, query.id);
  put16(out, flags);
  put16(out, static_cast<uint32_t>(1 + query.more.size()));
  put16(out, static_cast<uint32_t>(answers));
  put16(out, 0);
  put16(out, query.edns ? 1 : 0);
  std::vector<std::string> names = {query.name};
  names.insert(names.end(), query.more.begin(), query.more.end());
  for (const std::string& name : names) {
    put(out, labels(name));
    put16(out, query.type);
    put16(out, 1);
  }
  return out;
}

/// One ECHConfig of version 0xfe0d in its list (RFC 9849 4).
Bytes ech_list(std::string_view public_name) {
  Bytes config = {7, 0, 0x20};
  put(config, sized(2, Bytes(32, 0x55)));
  put(config, sized(2, {0, 1, 0, 1}));
  config.push_back(64);
  put(config, sized(1, bytes(public_name)));
  put(config, sized(2, {}));
  Bytes list = {0xfe, 0x0d};
  put(list, sized(2, config));
  return sized(2, list);
}

void put_param(Bytes& out, uint16_t key, const Bytes& value) {
  put16(out, key);
  put(out, sized(2, value));
}

Bytes https_data(const HttpsText& https) {
  Bytes out = {0, 1};
  put(out, labels(https.target));
  put_param(out, 1, {2, 'h', '2'});
  Bytes hints;
  for (const std::string& hint : https.hints) put(hints, address_bytes(hint));
  if (!hints.empty()) put_param(out, 4, hints);
  if (!https.ech.empty()) put_param(out, 5, ech_list(https.ech));
  if (!https.emptied.empty()) put_param(out, 65534, Bytes(ech_list(https.emptied).size()));
  return out;
}

void put_opt(Bytes& out, const DnsQuery& query) {
  if (query.edns) put(out, {0, 0, 41, 4, 0xd0, 0, 0, 0, 0, 0, 0});
}

void put_record(Bytes& out, std::string_view owner, uint16_t type, uint32_t ttl_s, const Bytes& data) {
  put(out, labels(owner));
  put16(out, type);
  put16(out, 1);
  put32(out, ttl_s);
  put(out, sized(2, data));
}

/// The body of a ClientHello. cookie: DTLS' field, or nothing.
Bytes hello_body(std::string_view name, const HelloOptions& options, uint16_t version, const Bytes& cookie) {
  Bytes hello;
  put16(hello, version);
  put(hello, Bytes(32, 0x42));         // random
  put(hello, sized(1, Bytes(32, 7)));  // session id
  put(hello, cookie);
  put(hello, sized(2, {0x13, 0x01, 0x13, 0x02}));  // cipher suites
  put(hello, {1, 0});                              // no compression
  put(hello, sized(2, extensions(name, options)));
  return hello;
}

}  // namespace

Bytes tls_hello(std::string_view name, const HelloOptions& options) {
  const Bytes hello = hello_body(name, options, 0x0303, {});
  Bytes handshake = {1};
  put(handshake, sized(3, hello));
  Bytes out;
  const size_t step = options.record_bytes == 0 ? handshake.size() : options.record_bytes;
  for (size_t at = 0; at < handshake.size(); at += step) {
    const size_t end = std::min(at + step, handshake.size());
    put(out, {22, 3, 1});
    put(out, sized(2, Bytes(handshake.begin() + static_cast<ptrdiff_t>(at),
                            handshake.begin() + static_cast<ptrdiff_t>(end))));
  }
  return out;
}

Bytes dtls_hello(std::string_view name, const DtlsOptions& options) {
  const Bytes body = hello_body(name, options.hello, 0xfefd, sized(1, Bytes(options.cookie_bytes, 0xc0)));
  const size_t end = options.to == 0 ? body.size() : options.to;
  const auto put24 = [](Bytes& out, size_t value) {
    out.push_back(static_cast<uint8_t>(value >> 16));
    put16(out, static_cast<uint32_t>(value & 0xffff));
  };
  Bytes handshake = {1};
  put24(handshake, body.size());
  put16(handshake, options.message);
  put24(handshake, options.from);
  put24(handshake, end - options.from);
  put(handshake,
      Bytes(body.begin() + static_cast<ptrdiff_t>(options.from), body.begin() + static_cast<ptrdiff_t>(end)));
  Bytes out = {22, 0xfe, 0xff, 0, 0, 0, 0, 0, 0, 0, static_cast<uint8_t>(options.message)};
  put(out, sized(2, handshake));
  return out;
}

Bytes http_request(std::string_view host, std::string_view more_fields) {
  std::string out = "GET /index.html HTTP/1.1\r\n";
  if (!host.empty()) out += "Host: " + std::string(host) + "\r\n";
  out += "User-Agent: tests\r\n" + std::string(more_fields) + "\r\n";
  return bytes(out);
}

Bytes dns_query(const DnsQuery& query) {
  Bytes out = dns_header(query, 0x0100, 0);
  put_opt(out, query);
  return out;
}

Bytes dns_answer(const DnsAnswerText& answer) {
  const bool alias = !answer.cname.empty();
  Bytes out =
      dns_header(answer.query, 0x8180, answer.addresses.size() + (alias ? 1 : 0) + (answer.https ? 1 : 0));
  if (alias) put_record(out, answer.query.name, 5, answer.ttl_s, labels(answer.cname));
  for (const std::string& address : answer.addresses) {
    const Bytes raw = address_bytes(address);
    put_record(out, alias ? answer.cname : answer.query.name, raw.size() == 4 ? 1 : 28, answer.ttl_s, raw);
  }
  if (answer.https) put_record(out, answer.query.name, 65, answer.ttl_s, https_data(*answer.https));
  put_opt(out, answer.query);
  return out;
}

Bytes framed(const Bytes& message) {
  return sized(2, message);
}

Bytes from_hex(std::string_view text) {
  std::string digits;
  for (const char character : text) {
    if (std::isspace(static_cast<unsigned char>(character))) continue;
    digits += character;
  }
  if (digits.size() % 2 != 0 || digits.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) {
    std::fprintf(stderr, "tests: not hexadecimal: %s\n", std::string(text).c_str());
    std::exit(1);
  }
  Bytes out;
  for (size_t at = 0; at < digits.size(); at += 2) {
    out.push_back(static_cast<uint8_t>(std::strtoul(digits.substr(at, 2).c_str(), nullptr, 16)));
  }
  return out;
}

}  // namespace sluice::test
