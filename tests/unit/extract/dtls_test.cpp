// tests: DtlsPieces, has_dtls_hello.
#include "dataplane/extract/dtls.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/support/feed.h"
#include "tests/support/hello.h"

namespace sluice::test {
namespace {

/// A record of DTLS (RFC 6347 4.1).
Bytes make_dtls_record(std::span<const uint8_t> body, uint8_t type = 22, uint16_t epoch = 0,
                       uint16_t version = 0xfefd) {
  Bytes out = {type,
               static_cast<uint8_t>(version >> 8),
               static_cast<uint8_t>(version),
               static_cast<uint8_t>(epoch >> 8),
               static_cast<uint8_t>(epoch),
               0,
               0,
               0,
               0,
               0,
               7};
  append_sized(out, body, 2);
  return out;
}

/// A piece of a message (RFC 6347 4.2.2).
Bytes make_piece(uint32_t size, uint16_t message, uint32_t offset, const Bytes& bytes, uint8_t type = 1) {
  Bytes out = {type};
  const auto put24 = [&out](size_t value) {
    for (const int shift : {16, 8, 0}) out.push_back(static_cast<uint8_t>(value >> shift));
  };
  put24(size);
  out.push_back(static_cast<uint8_t>(message >> 8));
  out.push_back(static_cast<uint8_t>(message));
  put24(offset);
  put24(bytes.size());
  append(out, bytes);
  return out;
}

/// "message/size@offset+bytes" of each piece.
std::string pieces_of(const Bytes& datagram) {
  const ExactCopy copy(datagram);
  DtlsPieces pieces(copy);
  DtlsPiece piece;
  std::string out;
  while (pieces.next(piece)) {
    if (!out.empty()) out += ' ';
    out += std::to_string(piece.message) + '/' + std::to_string(piece.size) + '@' +
           std::to_string(piece.offset) + '+' + std::to_string(piece.bytes.size());
  }
  return out;
}

Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes out;
  for (const Bytes& part : parts) append(out, part);
  return out;
}

const Bytes kWhole = make_piece(60, 0, 0, Bytes(60, 3));

TEST(DtlsPieces, AWholeHelloIsOnePiece) {
  for (const uint16_t version : {0xfeff, 0xfefd, 0x0100})
    EXPECT_EQ(pieces_of(make_dtls_record(kWhole, 22, 0, version)), "0/60@0+60");
}

TEST(DtlsPieces, PiecesOfAllRecordsAreGiven) {
  const Bytes one = make_piece(300, 1, 0, Bytes(100)), two = make_piece(300, 1, 100, Bytes(200));
  EXPECT_EQ(pieces_of(make_dtls_record(joined({one, two}))), "1/300@0+100 1/300@100+200");
  EXPECT_EQ(pieces_of(joined({make_dtls_record(one), make_dtls_record(two)})), "1/300@0+100 1/300@100+200");
}

TEST(DtlsPieces, OtherRecordsAndMessagesArePassedOver) {
  const Bytes hello = make_dtls_record(kWhole);
  const Bytes key_exchange = make_piece(9, 1, 0, Bytes(9), 16);
  for (const Bytes& before :
       {make_dtls_record(Bytes{1, 90}, 21), make_dtls_record(Bytes{1}, 20), make_dtls_record(kWhole, 22, 1),
        make_dtls_record(Bytes(40), 23, 1), make_dtls_record(key_exchange), make_dtls_record({})}) {
    EXPECT_EQ(pieces_of(joined({before, hello})), "0/60@0+60");
    EXPECT_EQ(pieces_of(before), "");
  }
  EXPECT_EQ(pieces_of(make_dtls_record(joined({key_exchange, kWhole}))), "0/60@0+60");
}

TEST(DtlsPieces, WhatDoesNotFitIsPassedOver) {
  Bytes longer = make_piece(60, 0, 0, Bytes(60));
  longer[11] = 61;  // more than the record has
  EXPECT_EQ(pieces_of(make_dtls_record(longer)), "");
  EXPECT_EQ(pieces_of(make_dtls_record(make_piece(60, 0, 1, Bytes(60)))), "");  // beyond the message
  EXPECT_EQ(pieces_of(joined({make_dtls_record(longer), make_dtls_record(kWhole)})), "0/60@0+60");
  Bytes cut = make_dtls_record(kWhole);
  cut.pop_back();
  EXPECT_EQ(pieces_of(cut), "");
}

TEST(DtlsHello, IsToldFromOtherDatagrams) {
  EXPECT_TRUE(has_dtls_hello(make_dtls_record(kWhole)));
  for (const Bytes& other :
       {Bytes{}, Bytes(100), to_bytes("\x16\x03\x01\x02\x00"), make_dtls_record(kWhole, 22, 1),
        make_dtls_record(kWhole, 22, 0, 0x0303), make_dtls_record(kWhole, 23),
        make_dtls_record(make_piece(9, 0, 0, Bytes(9), 2))})
    EXPECT_FALSE(has_dtls_hello(other));
}

TEST(DtlsHello, DataOfAnAssociationIsToldByItsHead) {
  const auto may = [](const Bytes& datagram) {
    const auto start = std::span(datagram).first(std::min(datagram.size(), kDtlsRecordHeader));
    return may_have_dtls_hello(ExactCopy(start), datagram.size());
  };
  const Bytes hello = make_dtls_record(kWhole), data = make_dtls_record(Bytes(90), 23, 1);
  EXPECT_TRUE(may(hello));
  EXPECT_FALSE(may(data));
  EXPECT_TRUE(may(joined({data, hello})));
  EXPECT_FALSE(may(Bytes(200, 0x80)));
  EXPECT_FALSE(may({}));
}

/// The cheap question is never asked in vain, and no input is read beyond its end.
TEST(DtlsHello, WhatHasAHelloMayHaveOne) {
  std::mt19937 random(11);
  const Bytes whole = joined({make_dtls_record(Bytes(5), 23, 1), make_dtls_record(joined({kWhole, kWhole}))});
  for (int round = 0; round < 100000; ++round) {
    Bytes damaged = whole;
    for (unsigned i = 0; i < 1 + random() % 3; ++i) damaged[random() % 60] = static_cast<uint8_t>(random());
    damaged.resize(random() % (whole.size() + 1));
    (void)pieces_of(damaged);
    const ExactCopy copy(damaged);
    const auto start = std::span(damaged).first(std::min(damaged.size(), kDtlsRecordHeader));
    if (has_dtls_hello(copy)) {
      ASSERT_TRUE(may_have_dtls_hello(start, damaged.size())) << round;
      ASSERT_TRUE(begins_like_dtls(damaged)) << round;
    }
  }
}

}  // namespace
}  // namespace sluice::test
