// extract: a message of a prelude read to its end.
#include "dataplane/extract/prelude.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

namespace sluice {
namespace {

constexpr size_t kUntilNul = 0;  // a field of no known size ends with a NUL
constexpr uint8_t kSocks5 = 5, kUserPassword = 1;
constexpr uint8_t kIpv4 = 1, kHostName = 3, kIpv6 = 4;
constexpr uint32_t kPort = 2;

}  // namespace

static_assert(sizeof(Prelude) < 600 && std::is_trivially_copyable_v<Prelude>);

Prelude::Prelude(const PreludeForm& form)
    : kind_(form.kind), left_(form.kind == PreludeKind::Sized ? form.size : kMaxPrelude) {
  if (kind_ == PreludeKind::Socks4) (void)expect(Step::Connect4, 8);
  if (kind_ == PreludeKind::Socks5) (void)expect(Step::Greeting, 2);
}

Extract Prelude::feed(std::span<const uint8_t> bytes, size_t& consumed) {
  consumed = 0;
  const Extract result = over_ == Extract::NeedMore ? read(bytes, consumed) : over_;
  if (result == Extract::Name || result == Extract::NoName) return result;
  over_ = result;
  if (result == Extract::NotMine || result == Extract::Malformed) consumed = bytes.size();
  return result;
}

Extract Prelude::read(std::span<const uint8_t> bytes, size_t& at) {
  if (kind_ == PreludeKind::Socks4 || kind_ == PreludeKind::Socks5) return read_socks(bytes, at);
  const bool sized = kind_ == PreludeKind::Sized;
  const auto mine = bytes.first(std::min<size_t>(bytes.size(), left_));
  at = sized ? mine.size() : kind_ == PreludeKind::Line ? to_line_end(mine) : to_tag_end(mine);
  left_ -= static_cast<uint32_t>(at);
  if (ended_) return Extract::Done;
  if (left_ > 0) return Extract::NeedMore;
  return sized ? Extract::Done : Extract::NotMine;
}

size_t Prelude::to_line_end(std::span<const uint8_t> bytes) {
  const auto end = std::ranges::find(bytes, '\n');
  ended_ = end != bytes.end();
  return static_cast<size_t>(end - bytes.begin()) + (ended_ ? 1 : 0);
}

size_t Prelude::to_tag_end(std::span<const uint8_t> bytes) {
  for (size_t at = 0; at < bytes.size(); ++at) {
    const uint8_t byte = bytes[at];
    if (quote_ != 0) {
      if (byte == quote_) quote_ = 0;
    } else if (byte == '"' || byte == '\'') {
      quote_ = byte;
    } else if (byte == '>') {
      ended_ = true;
      return at + 1;
    }
  }
  return bytes.size();
}

Extract Prelude::read_socks(std::span<const uint8_t> bytes, size_t& at) {
  bytes = bytes.first(std::min<size_t>(bytes.size(), left_));
  Extract result = Extract::NeedMore;
  while (result == Extract::NeedMore && gather(bytes, at)) result = on_socks();
  left_ -= static_cast<uint32_t>(at);
  return result == Extract::NeedMore && left_ == 0 ? Extract::Malformed : result;
}

/// True where the field is whole. One that ends with a NUL and is longer than text_ is kept in part.
bool Prelude::gather(std::span<const uint8_t> bytes, size_t& at) {
  const auto skipped = static_cast<uint32_t>(std::min<size_t>(skip_, bytes.size() - at));
  skip_ -= skipped;
  at += skipped;
  if (skip_ > 0) return false;
  const bool until_nul = step_ == Step::User4 || step_ == Step::Host4;
  while (until_nul || have_ < need_) {
    if (at == bytes.size()) return false;
    const uint8_t byte = bytes[at++];
    if (until_nul && byte == 0) break;
    if (have_ < sizeof text_) text_[have_] = static_cast<char>(byte);
    if (have_ <= sizeof text_) ++have_;
  }
  return true;
}

Extract Prelude::on_socks() {
  const auto first = static_cast<uint8_t>(text_[0]);
  switch (step_) {
    case Step::Connect4: {
      // 4a: an address of 0.0.0.x, x not 0, stands for a host name behind the user.
      named_ = text_[4] == 0 && text_[5] == 0 && text_[6] == 0 && text_[7] != 0;
      return expect(Step::User4, kUntilNul);
    }
    case Step::User4:
      if (named_) return expect(Step::Host4, kUntilNul);
      (void)expect(Step::End, 0);
      return Extract::NoName;
    case Step::Greeting:
      return expect(Step::Message, 1, static_cast<uint8_t>(text_[1]));
    case Step::Message:
      if (first == kUserPassword) return expect(Step::User, 1);
      return first == kSocks5 ? expect(Step::Request, 3) : Extract::NotMine;
    case Step::User:
      return expect(Step::Password, 1, first);
    case Step::Password:
      return expect(Step::Message, 1, first);
    case Step::Request:
      return on_request();
    case Step::HostSize:
      return first == 0 ? Extract::Malformed : expect(Step::Host, first);
    case Step::Host4:
    case Step::Host:
      return on_host();
    case Step::End:
      break;
  }
  return Extract::Done;
}

/// CONNECT, BIND or UDP ASSOCIATE, a zero byte, and the kind of address.
Extract Prelude::on_request() {
  if (text_[0] < 1 || text_[0] > 3 || text_[1] != 0) return Extract::NotMine;
  const uint8_t kind = static_cast<uint8_t>(text_[2]);
  if (kind == kHostName) return expect(Step::HostSize, 1);
  if (kind != kIpv4 && kind != kIpv6) return Extract::NotMine;
  (void)expect(Step::End, 0, (kind == kIpv4 ? 4 : 16) + kPort);
  return Extract::NoName;
}

Extract Prelude::on_host() {
  const bool fits = have_ <= sizeof text_ && host_.assign({text_, have_});
  if (!fits) return Extract::Malformed;
  (void)expect(Step::End, 0, step_ == Step::Host ? kPort : 0);
  return host_.is_address() ? Extract::NoName : Extract::Name;
}

Extract Prelude::expect(Step step, size_t need, uint32_t skip) {
  step_ = step;
  need_ = static_cast<uint16_t>(need);
  have_ = 0;
  skip_ = skip;
  return Extract::NeedMore;
}

}  // namespace sluice
