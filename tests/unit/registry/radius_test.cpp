// registry tests: packets of RADIUS accounting, right and wrong.
#include "control/registry/radius.h"

#include <gtest/gtest.h>

#include "control/base/hex.h"
#include "control/policy/prefix.h"
#include "tests/unit/registry/radius_maker.h"

namespace sluice::control {
namespace {

constexpr std::string_view kSecret = "testing123";

RadiusMaker whole() {
  RadiusMaker out = RadiusMaker::session(1, "li.wei", "s-1", 7);
  const std::string six("\xfd\x12\0\0\0\0\0\0\0\0\0\0\0\0\0\x07", 16);
  out.add(31, "02-00-00-00-00-01:office").number(41, 5);
  out.add(168, six)
      .add(97, std::string("\0\x80", 2) + six.substr(0, 15) + '\x08')
      .add(97, std::string("\0\x40", 2) + six.substr(0, 8));
  return out;
}

TEST(Radius, ReadsWhatASessionSays) {
  RadiusRequest request;
  ASSERT_EQ(read_radius(whole().build(kSecret), kSecret, request), RadiusProblem::None);
  EXPECT_EQ(request.status, RadiusStatus::Start);
  EXPECT_EQ(request.identifier, 9);
  EXPECT_EQ(request.user, "li.wei");
  EXPECT_EQ(request.session, "s-1");
  EXPECT_EQ(request.mac, 0x020000000001u);
  EXPECT_EQ(request.delay_s, 5u);
  ASSERT_EQ(request.addresses.size(), 3u);
  EXPECT_EQ(to_string(Prefix{request.addresses[0], 128}), "10.20.1.7");
  EXPECT_EQ(to_string(Prefix{request.addresses[1], 128}), "fd12::7");
  EXPECT_EQ(to_string(Prefix{request.addresses[2], 128}), "fd12::8");
}

TEST(Radius, AnotherSecretIsFound) {
  RadiusRequest request;
  EXPECT_EQ(read_radius(whole().build("testing124"), kSecret, request), RadiusProblem::WrongSecret);
}

TEST(Radius, AnyByteChangedIsFound) {
  const std::vector<uint8_t> packet = whole().build(kSecret);
  for (size_t at = 0; at < packet.size(); ++at) {
    std::vector<uint8_t> changed = packet;
    changed[at] ^= 0x10;
    RadiusRequest request;
    EXPECT_NE(read_radius(changed, kSecret, request), RadiusProblem::None) << at;
  }
}

TEST(Radius, CutAnywhereIsMalformed) {
  const std::vector<uint8_t> packet = whole().build(kSecret);
  for (size_t size = 0; size < packet.size(); ++size) {
    const std::vector<uint8_t> part(packet.begin(), packet.begin() + static_cast<ptrdiff_t>(size));
    RadiusRequest request;
    EXPECT_EQ(read_radius(part, kSecret, request), RadiusProblem::Malformed) << size;
  }
}

TEST(Radius, WhatLiesBehindItsLengthIsPadding) {
  std::vector<uint8_t> packet = whole().build(kSecret);
  packet.resize(packet.size() + 20, 0xff);
  RadiusRequest request;
  EXPECT_EQ(read_radius(packet, kSecret, request), RadiusProblem::None);
}

TEST(Radius, AnotherCodeIsNoRequest) {
  RadiusRequest request;
  EXPECT_EQ(read_radius(whole().build(kSecret, 1), kSecret, request), RadiusProblem::NoRequest);
}

TEST(Radius, AnAttributeThatReachesBeyondTheEndIsMalformed) {
  std::vector<uint8_t> packet = RadiusMaker().add(1, "li.wei").build(kSecret);
  packet[21] = 200;
  // Its authenticator is right, its client is not.
  std::string hashed(packet.begin(), packet.begin() + 4);
  hashed += std::string(16, '\0') + std::string(packet.begin() + 20, packet.end()) + std::string(kSecret);
  EVP_Digest(hashed.data(), hashed.size(), packet.data() + 4, nullptr, EVP_md5(), nullptr);
  RadiusRequest request;
  EXPECT_EQ(read_radius(packet, kSecret, request), RadiusProblem::Malformed);
}

TEST(Radius, AddressesThatAreNoneAreLeftOut) {
  RadiusRequest request;
  ASSERT_EQ(
      read_radius(
          RadiusMaker().number(8, 0xffffffff).number(8, 0xfffffffe).number(8, 0).add(8, "x").build(kSecret),
          kSecret, request),
      RadiusProblem::None);
  EXPECT_TRUE(request.addresses.empty());
}

TEST(Radius, AnswersWithItsAuthenticator) {
  RadiusRequest request;
  request.identifier = 9;
  for (size_t i = 0; i < request.authenticator.size(); ++i)
    request.authenticator[i] = static_cast<uint8_t>(i);
  const auto answer = radius_response(request, kSecret);
  EXPECT_EQ(hex_text(std::span(answer).first<4>()), "05090014");
  std::string hashed("\x05\x09\x00\x14", 4);
  hashed.append(request.authenticator.begin(), request.authenticator.end());
  hashed += kSecret;
  unsigned char sum[16];
  EVP_Digest(hashed.data(), hashed.size(), sum, nullptr, EVP_md5(), nullptr);
  EXPECT_EQ(hex_text(std::span(answer).last<16>()), hex_text(sum));
}

}  // namespace
}  // namespace sluice::control
