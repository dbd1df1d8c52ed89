// tests: what somebody who knows the secret may send: sessions that end, and names that are bounded.
#include <openssl/evp.h>

#include <algorithm>
#include <cstdlib>

#include "control/registry/sessions.h"

using namespace sluice::control;

namespace {

constexpr std::string_view kSecret = "s";
constexpr int64_t kNow = 1'795'406'706'000'000'000, kHour = 3'600'000'000'000;

/// Gives a packet the authenticator that the secret makes of it, or it would hardly ever be right.
void sign(std::vector<uint8_t>& packet) {
  constexpr size_t kHead = 20;
  if (packet.size() < kHead) return;
  const size_t length = std::clamp<size_t>(size_t{packet[2]} << 8 | packet[3], kHead, packet.size());
  std::vector<uint8_t> hashed(packet.begin(), packet.begin() + static_cast<ptrdiff_t>(length));
  std::fill(hashed.begin() + 4, hashed.begin() + kHead, uint8_t{0});
  hashed.insert(hashed.end(), kSecret.begin(), kSecret.end());
  EVP_Digest(hashed.data(), hashed.size(), packet.data() + 4, nullptr, EVP_md5(), nullptr);
}

}  // namespace

/// Packets one after the other, each as long as its own header says. An odd first byte: they are signed.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 5) return 0;  // one byte, and a packet's first four; a client's address of the same
  const bool right = data[0] & 1;
  HoldingStore store(1);
  RadiusSessions sessions(store);
  const sluice::Address clients[] = {sluice::Address::from_v4(data), sluice::Address{}};
  int64_t now_ns = kNow;
  for (std::span<const uint8_t> rest(data + 1, size - 1); rest.size() >= 4;) {
    const size_t length = std::clamp<size_t>(size_t{rest[2]} << 8 | rest[3], 1, rest.size());
    std::vector<uint8_t> packet(rest.begin(), rest.begin() + static_cast<ptrdiff_t>(length));
    rest = rest.subspan(length);
    if (right) sign(packet);
    RadiusRequest request;
    if (read_radius(packet, kSecret, request) != RadiusProblem::None) continue;
    if (request.user.size() > kMaxIdentityName || request.addresses.size() > kMaxRadiusAddresses)
      std::abort();
    (void)radius_response(request, kSecret);
    (void)sessions.take(clients[request.identifier & 1], request, kHour, now_ns += 1'000'000'000);
  }
  for (const HoldingStore::Found& each : store.all_of(HoldingSource::Radius))
    if (each.holding.from_ns > each.holding.until_ns || each.holding.until_ns > now_ns + kHour) std::abort();
  return 0;
}
