// control/registry: reads and answers RADIUS accounting.
#include "control/registry/radius.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <memory>
#include <new>

namespace sluice::control {
namespace {

constexpr uint8_t kAccountingRequest = 4, kAccountingResponse = 5;
constexpr size_t kRadiusHead = 20, kAuthenticatorAt = 4, kAuthenticatorBytes = 16;

/// RFC 2865 5, 2866 5, 2869 5.19, 3162 2, 6911 3.
enum RadiusAttribute : uint8_t {
  kUserName = 1,
  kFramedIp = 8,
  kCallingStation = 31,
  kStatusType = 40,
  kDelayTime = 41,
  kSessionId = 44,
  kFramedIpv6Prefix = 97,
  kFramedIpv6Address = 168,
};

using Md5 = std::array<uint8_t, 16>;

/// Of head, sixteen bytes, the rest and the secret, as RADIUS asks for.
Md5 radius_md5(std::span<const uint8_t> head, std::span<const uint8_t> authenticator,
               std::span<const uint8_t> attributes, std::string_view secret) {
  Md5 out{};
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  if (!context || EVP_DigestInit_ex(context.get(), EVP_md5(), nullptr) != 1 ||
      EVP_DigestUpdate(context.get(), head.data(), head.size()) != 1 ||
      EVP_DigestUpdate(context.get(), authenticator.data(), authenticator.size()) != 1 ||
      EVP_DigestUpdate(context.get(), attributes.data(), attributes.size()) != 1 ||
      EVP_DigestUpdate(context.get(), secret.data(), secret.size()) != 1 ||
      EVP_DigestFinal_ex(context.get(), out.data(), nullptr) != 1)
    throw std::bad_alloc();
  return out;
}

uint32_t number_of(std::span<const uint8_t> value) {
  return value.size() == 4
             ? uint32_t{value[0]} << 24 | uint32_t{value[1]} << 16 | uint32_t{value[2]} << 8 | value[3]
             : 0;
}

std::string text_of_value(std::span<const uint8_t> value) {
  return {reinterpret_cast<const char*>(value.data()), value.size()};
}

/// A RADIUS client writes `AA-BB-CC-DD-EE-FF`, some with the network's name behind a colon.
Mac station_mac(std::string_view text) {
  constexpr size_t kDashed = 17;
  if (const auto mac = parse_mac(text)) return *mac;
  return parse_mac(text.substr(0, kDashed)).value_or(0);
}

void add_address(const Address& address, RadiusRequest& out) {
  const bool nobodys =
      address == Address{} || (address.is_v4() && number_of(std::span(address.bytes).last<4>()) == 0);
  if (!nobodys && out.addresses.size() < kMaxRadiusAddresses &&
      std::ranges::find(out.addresses, address) == out.addresses.end())
    out.addresses.push_back(address);
}

/// Of a prefix that is shorter the address is not known.
void add_prefix(std::span<const uint8_t> value, RadiusRequest& out) {
  constexpr size_t kWhole = 18;
  if (value.size() == kWhole && value[1] == 128) add_address(Address::from_v6(value.data() + 2), out);
}

RadiusStatus status_of(uint32_t number) {
  switch (number) {
    case 1:
      return RadiusStatus::Start;
    case 2:
      return RadiusStatus::Stop;
    case 3:
      return RadiusStatus::Interim;
    case 7:
      return RadiusStatus::On;
    case 8:
      return RadiusStatus::Off;
    default:
      return RadiusStatus::Other;
  }
}

void take_attribute(uint8_t type, std::span<const uint8_t> value, RadiusRequest& out) {
  constexpr uint32_t kNegotiated = 0xfffffffe;  // 255.255.255.254 and above are no addresses: RFC 2865 5.8
  switch (type) {
    case kUserName:
      out.user = text_of_value(value);
      break;
    case kFramedIp:
      if (value.size() == 4 && number_of(value) < kNegotiated)
        add_address(Address::from_v4(value.data()), out);
      break;
    case kCallingStation:
      out.mac = station_mac(text_of_value(value));
      break;
    case kStatusType:
      out.status = status_of(number_of(value));
      break;
    case kDelayTime:
      out.delay_s = number_of(value);
      break;
    case kSessionId:
      out.session = text_of_value(value);
      break;
    case kFramedIpv6Prefix:
      add_prefix(value, out);
      break;
    case kFramedIpv6Address:
      if (value.size() == 16) add_address(Address::from_v6(value.data()), out);
      break;
    default:
      break;
  }
}

}  // namespace

RadiusProblem read_radius(std::span<const uint8_t> datagram, std::string_view secret, RadiusRequest& out) {
  if (datagram.size() < kRadiusHead) return RadiusProblem::Malformed;
  const size_t length = size_t{datagram[2]} << 8 | datagram[3];
  if (length < kRadiusHead || length > datagram.size() || length > kMaxRadiusPacket)
    return RadiusProblem::Malformed;
  if (datagram[0] != kAccountingRequest) return RadiusProblem::NoRequest;
  const auto attributes = datagram.subspan(kRadiusHead, length - kRadiusHead);
  const Md5 zeros{}, wanted = radius_md5(datagram.first(kAuthenticatorAt), zeros, attributes, secret);
  const auto said = datagram.subspan(kAuthenticatorAt, kAuthenticatorBytes);
  if (CRYPTO_memcmp(wanted.data(), said.data(), wanted.size()) != 0) return RadiusProblem::WrongSecret;
  out = {};
  out.identifier = datagram[1];
  std::ranges::copy(said, out.authenticator.begin());
  for (auto rest = attributes; !rest.empty();) {
    if (rest.size() < 2 || rest[1] < 2 || rest[1] > rest.size()) return RadiusProblem::Malformed;
    take_attribute(rest[0], rest.subspan(2, rest[1] - 2U), out);
    rest = rest.subspan(rest[1]);
  }
  return RadiusProblem::None;
}

std::array<uint8_t, 20> radius_response(const RadiusRequest& request, std::string_view secret) {
  std::array<uint8_t, kRadiusHead> out{kAccountingResponse, request.identifier, 0, kRadiusHead};
  const Md5 sum = radius_md5(std::span(out).first(kAuthenticatorAt), request.authenticator, {}, secret);
  std::ranges::copy(sum, out.begin() + kAuthenticatorAt);
  return out;
}

}  // namespace sluice::control
