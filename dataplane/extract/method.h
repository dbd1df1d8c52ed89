// extract: the HTTP methods that clients send.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice {

enum class MethodMatch : uint8_t {
  No,
  Prefix,
  Known
};

/// text: a method, or the first bytes of one. Returns Known where it is a method, Prefix where it is none but
/// begins one (or is empty), else No. Case matters (RFC 9110 9.1). PRI is none: it begins HTTP/2's preface.
/// Source: IANA HTTP Method Registry, and methods in wide use outside it.
[[nodiscard]] MethodMatch match_method(std::string_view text);

}  // namespace sluice
