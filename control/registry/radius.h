// control/registry: packets of RADIUS accounting.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "control/registry/holding.h"

namespace sluice::control {

inline constexpr size_t kMaxRadiusPacket = 4096;  ///< RFC 2865 3
inline constexpr size_t kMaxRadiusAddresses = 8;  ///< of one session; those beyond are left out

/// What a session's packet says happened (RFC 2866 5.1).
enum class RadiusStatus : uint8_t {
  Other,
  Start,
  Stop,
  Interim,
  On,   ///< the client has begun: it has no session
  Off,  ///< it ends
};

/// An Accounting-Request.
struct RadiusRequest {
  uint8_t identifier = 0;
  std::array<uint8_t, 16> authenticator{};
  RadiusStatus status = RadiusStatus::Other;
  std::string user, session;
  std::vector<Address> addresses;  ///< Framed-IP-Address, Framed-IPv6-Address, single Framed-IPv6-Prefix
  Mac mac = 0;                     ///< Calling-Station-Id, where that is one
  uint32_t delay_s = 0;            ///< Acct-Delay-Time: so long ago
};

enum class RadiusProblem : uint8_t {
  None,
  Malformed,    ///< lengths that do not fit
  NoRequest,    ///< another code
  WrongSecret,  ///< its authenticator is not what the secret makes of it
};

/// Reads a datagram, and checks its authenticator (RFC 2866 3). datagram: any bytes.
[[nodiscard]] RadiusProblem read_radius(std::span<const uint8_t> datagram, std::string_view secret,
                                        RadiusRequest& out);

/// The Accounting-Response to a request.
[[nodiscard]] std::array<uint8_t, 20> radius_response(const RadiusRequest& request, std::string_view secret);

}  // namespace sluice::control
