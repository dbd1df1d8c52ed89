// extract: the parameters of SVCB and HTTPS records, and the ECH configurations among them.
#pragma once

#include <cstdint>
#include <span>

#include "dataplane/extract/dns.h"

namespace sluice {

inline constexpr uint16_t kSvcIpv4Hint = 4, kSvcEch = 5, kSvcIpv6Hint = 6;
inline constexpr uint16_t kSvcFirstPrivate = 65280, kSvcLastPrivate = 65534;  ///< RFC 9460 14.3.1

struct SvcParam {
  uint16_t key = 0;
  std::span<const uint8_t> value;
};

/// Walks the SvcParams of one record. Source: RFC 9460 2.2 and 7.3.
class SvcParams {
 public:
  /// params: DnsAnswer::params.
  explicit SvcParams(std::span<const uint8_t> params) : left_(params) {}
  /// Returns Name (out is the next one), Complete (no more) or Malformed: keys that do not ascend, a length
  /// that does not fit, a hint that is no list of addresses.
  [[nodiscard]] Extract next(SvcParam& out);

 private:
  std::span<const uint8_t> left_;
  int last_key_ = -1;
};

/// The addresses of an ipv4hint or ipv6hint, whose value SvcParams has taken.
class SvcHints {
 public:
  explicit SvcHints(const SvcParam& hint) : left_(hint.value), size_(hint.key == kSvcIpv4Hint ? 4 : 16) {}
  /// Returns false where there are no more.
  [[nodiscard]] bool next(Address& out);

 private:
  std::span<const uint8_t> left_;
  size_t size_;
};

/// Walks an ECHConfigList, the value of `ech`. Source: RFC 9849 4; RFC 9848 3.
class EchConfigs {
 public:
  explicit EchConfigs(std::span<const uint8_t> list);
  /// Returns Name (public_name is that of the next configuration), NoName (one of a version not known, or
  /// whose public name is none that a client may take: clients pass it over), Complete (no more) or
  /// Malformed.
  [[nodiscard]] Extract next(HostName& public_name);

 private:
  std::span<const uint8_t> left_;
  bool ok_;
};

/// Takes `ech` out of every SVCB and HTTPS record of a message, without changing any length: the parameter
/// becomes one of a key for private use with nothing but zeros, moved to where that key belongs, as keys must
/// ascend. message: one whose records DnsAnswers has taken to the end, in all sections. Returns how many
/// records have changed; kStripFailed where one has every private key already, or a name points into what has
/// changed and is none any more; message is then spoilt.
inline constexpr size_t kStripFailed = SIZE_MAX;
[[nodiscard]] size_t strip_ech(std::span<uint8_t> message, const DnsMessage& parsed);

}  // namespace sluice
