// tests: DNS messages made piece by piece.
#pragma once

#include <string_view>

#include "dataplane/extract/dns.h"
#include "tests/support/hello.h"

namespace sluice::test {

inline void put16(Bytes& out, unsigned value) {
  append(out, Bytes{static_cast<uint8_t>(value >> 8), static_cast<uint8_t>(value)});
}

/// "a.b" as labels; a trailing 0 ends it.
inline Bytes make_name(std::string_view dotted) {
  Bytes out;
  while (!dotted.empty()) {
    const size_t dot = std::min(dotted.find('.'), dotted.size());
    append_sized(out, to_bytes(dotted.substr(0, dot)), 1);
    dotted.remove_prefix(std::min(dot + 1, dotted.size()));
  }
  out.push_back(0);
  return out;
}

inline Bytes make_pointer(unsigned target) {
  return {static_cast<uint8_t>(0xc0 | target >> 8), static_cast<uint8_t>(target)};
}

struct Counts {
  unsigned questions = 1, answers = 0, authorities = 0, additionals = 0;
};

inline Bytes make_header(Counts counts, unsigned flags = 0x0100) {
  Bytes out;
  for (unsigned value :
       {0xbeefu, flags, counts.questions, counts.answers, counts.authorities, counts.additionals}) {
    put16(out, value);
  }
  return out;
}

inline void put_question(Bytes& out, const Bytes& name, unsigned type = kDnsA) {
  append(out, name);
  put16(out, type);
  put16(out, 1);
}

inline void put_record(Bytes& out, const Bytes& owner, unsigned type, const Bytes& data, uint32_t ttl = 300,
                       unsigned klass = 1) {
  append(out, owner);
  put16(out, type);
  put16(out, klass);
  put16(out, ttl >> 16);
  put16(out, ttl & 0xffff);
  append_sized(out, data, 2);
}

inline Bytes make_query(const Bytes& name, unsigned type = kDnsA) {
  Bytes out = make_header({});
  put_question(out, name, type);
  return out;
}

}  // namespace sluice::test
