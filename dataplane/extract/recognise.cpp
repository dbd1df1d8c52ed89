// extract: what a TCP flow speaks, from the client's first bytes.
#include "dataplane/extract/recognise.h"

#include <algorithm>
#include <string_view>

#include "dataplane/extract/dns.h"
#include "dataplane/extract/http_syntax.h"
#include "dataplane/extract/method.h"

namespace sluice {
namespace {

static_assert(kH2Preface.size() <= kMaxRecogniseBytes);
// Any second version byte, as servers do; a whole record for those that come before a hello.
constexpr int kAny = -1;
constexpr int kHandshake[] = {22, 3};
constexpr int kChangeCipherSpec[] = {20, 3, kAny, 0, 1, 1};
constexpr size_t kMinFirstQuery = 17, kMaxFirstQuery = 0x7ff;
constexpr int kWarning[] = {21, 3, kAny, 0, 2, 1, kAny};
constexpr std::string_view kLeadingBlanks = " \t\v\f\r\n";

Stream match_tls(std::string_view text, std::span<const int> pattern) {
  const size_t size = std::min(text.size(), pattern.size());
  for (size_t i = 0; i < size; ++i) {
    if (pattern[i] != kAny && pattern[i] != static_cast<uint8_t>(text[i])) return Stream::Unknown;
  }
  return size < pattern.size() ? Stream::NeedMore : Stream::Tls;
}

/// The header of a hello of SSLv2's form: its size, its type, SSL 3.x or SSL 2, and three lengths that make
/// up the size.
Stream match_sslv2(std::span<const uint8_t> bytes) {
  constexpr size_t kForm = 11, kFixed = 9, kCipher = 3, kSession = 16, kLeastChallenge = 16,
                   kMostChallenge = 32;
  const auto may_be = [bytes](size_t at, uint8_t value) { return bytes.size() <= at || bytes[at] == value; };
  const bool version = may_be(3, 3) || (may_be(3, 0) && may_be(4, 2));
  if (!(bytes[0] & 0x80) || !may_be(2, 1) || !version) return Stream::Unknown;
  if (bytes.size() < kForm) return Stream::NeedMore;
  const auto u16 = [bytes](size_t at) { return size_t{bytes[at]} << 8 | bytes[at + 1]; };
  const size_t ciphers = u16(5), session = u16(7), challenge = u16(9);
  const bool fits = ciphers > 0 && ciphers % kCipher == 0 && (session == 0 || session == kSession) &&
                    challenge >= kLeastChallenge && challenge <= kMostChallenge &&
                    (u16(0) & 0x7fff) == kFixed + ciphers + session + challenge;
  return fits ? Stream::Tls : Stream::Unknown;
}

Stream match_prelude(std::span<const uint8_t> bytes) {
  const PreludeKind kind = recognise_prelude(bytes).kind;
  if (kind == PreludeKind::NeedMore) return Stream::NeedMore;
  return kind == PreludeKind::None ? Stream::Unknown : Stream::Prelude;
}

Stream match_preface(std::string_view text) {
  const size_t size = std::min(text.size(), kH2Preface.size());
  if (text.substr(0, size) != kH2Preface.substr(0, size)) return Stream::Unknown;
  return size < kH2Preface.size() ? Stream::NeedMore : Stream::H2c;
}

constexpr std::pair<Stream, Protocol> kNameless[] = {
    {Stream::Ssh, Protocol::Ssh}, {Stream::Rdp, Protocol::Rdp},         {Stream::Smb, Protocol::Smb},
    {Stream::Sip, Protocol::Sip}, {Stream::OpenVpn, Protocol::OpenVpn}, {Stream::Pptp, Protocol::Pptp}};

Stream match_nameless(std::span<const uint8_t> bytes) {
  Protocol protocol = Protocol::Unknown;
  const Extract match = recognise_nameless_stream(bytes, protocol);
  if (match == Extract::NeedMore) return Stream::NeedMore;
  if (match == Extract::NotMine) return Stream::Unknown;
  return std::ranges::find(kNameless, protocol, [](const auto& one) { return one.second; })->first;
}

/// The first query's length, whose first byte is no text's, and a header like nothing else's.
Stream match_dns(std::span<const uint8_t> bytes) {
  constexpr size_t kPrefix = 2, kFlagsEnd = kPrefix + 4;
  if (bytes[0] > kMaxFirstQuery >> 8) return Stream::Unknown;
  if (bytes.size() < kPrefix) return Stream::NeedMore;
  if ((size_t{bytes[0]} << 8 | bytes[1]) < kMinFirstQuery) return Stream::Unknown;
  if (bytes.size() < kFlagsEnd) return Stream::NeedMore;
  const unsigned flags = unsigned{bytes[kFlagsEnd - 2]} << 8 | bytes[kFlagsEnd - 1];
  if ((flags & ~unsigned{kDnsQuestionFlags}) != 0) return Stream::Unknown;
  if (bytes.size() < kPrefix + kDnsHeaderBytes) return Stream::NeedMore;
  return looks_like_dns_question(bytes.subspan(kPrefix)) ? Stream::Dns : Stream::Unknown;
}

/// What any resolver reads as a query, whatever its length: only TLS' hello is told from it.
Stream match_query(std::span<const uint8_t> bytes, std::string_view text) {
  constexpr size_t kFlags = 4, kQuestions = 6, kQuestionsEnd = 8;
  constexpr uint8_t kNoQuery = 0xf8;  // QR and opcode
  constexpr int kHello[] = {22, 3, kAny, kAny, kAny, 1, 0, kAny, kAny, 3};
  if (bytes.size() > kFlags && (bytes[kFlags] & kNoQuery)) return Stream::Unknown;
  if (bytes.size() > kQuestions && bytes[kQuestions] != 0) return Stream::Unknown;
  if (bytes.size() < kQuestionsEnd) return Stream::NeedMore;
  const uint8_t questions = bytes[kQuestionsEnd - 1];
  if (questions == 0 || questions > kMaxDnsQuestions) return Stream::Unknown;
  const Stream hello = match_tls(text, kHello);
  if (hello == Stream::NeedMore) return Stream::NeedMore;
  return hello == Stream::Tls ? Stream::Unknown : Stream::Dns;
}

/// What stands before a method, and behind it, is the reader's affair: servers differ on it.
Stream match_http(std::string_view text) {
  const size_t blanks = std::min(text.find_first_not_of(kLeadingBlanks), text.size());
  if (blanks > 2 * kMaxHttpBlankLines) return Stream::Http;
  const std::string_view start = text.substr(blanks, kMaxHttpMethod + 1);
  const size_t space = start.find_first_of(kHttpBlanks);
  const MethodMatch match = match_method(start.substr(0, space));
  if (space == std::string_view::npos) return match == MethodMatch::No ? Stream::Unknown : Stream::NeedMore;
  return match == MethodMatch::Known ? Stream::Http : Stream::Unknown;
}

/// A method that nobody registered, with a path behind it: most servers serve it all the same.
Stream match_odd_request(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(kLeadingBlanks), text.size()));
  size_t method = 0;
  while (method < text.size() && is_http_token(static_cast<uint8_t>(text[method]))) ++method;
  if (method > kMaxHttpMethod || (method == 0 && !text.empty())) return Stream::Unknown;
  constexpr std::string_view kRest = " /";
  text.remove_prefix(method);
  const std::string_view rest = text.substr(0, kRest.size());
  if (rest != kRest.substr(0, rest.size())) return Stream::Unknown;
  return rest.size() == kRest.size() ? Stream::Http : Stream::NeedMore;
}

}  // namespace

Protocol protocol_of(Stream stream) {
  const auto known = std::ranges::find(kNameless, stream, [](const auto& one) { return one.first; });
  return known == std::end(kNameless) ? Protocol::Unknown : known->second;
}

Stream recognise_stream(std::span<const uint8_t> bytes) {
  if (bytes.empty()) return Stream::NeedMore;
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  switch (bytes[0]) {
    case 20:
      return match_tls(text, kChangeCipherSpec);
    case 21:
      return match_tls(text, kWarning);
    case 22:
      return match_tls(text, kHandshake);
    default:
      break;
  }
  // Several of SIP's methods are HTTP's too.
  if (const Extract sip = match_sip(text); sip != Extract::NotMine)
    return sip == Extract::Complete ? Stream::Sip : Stream::NeedMore;
  // At most one of them can come to know its own; while any needs more, so does the whole.
  Stream so_far = Stream::Unknown;
  const auto knows = [&](Stream one) {
    if (one == Stream::NeedMore) so_far = one;
    return one != Stream::Unknown && one != Stream::NeedMore;
  };
  for (const auto match : {match_http, match_preface})
    if (const Stream one = match(text); knows(one)) return one;
  for (const auto match : {match_prelude, match_sslv2, match_dns, match_nameless})
    if (const Stream one = match(bytes); knows(one)) return one;
  return so_far == Stream::Unknown ? match_odd_request(text) : so_far;
}

Stream recognise_dns_port(std::span<const uint8_t> bytes) {
  const Stream other = recognise_stream(bytes);
  const Stream query =
      match_query(bytes, std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  if (query == Stream::Dns) return Stream::Dns;
  if (query == Stream::NeedMore) return other == Stream::Prelude ? other : Stream::NeedMore;
  return other == Stream::Unknown ? Stream::Dns : other;
}

}  // namespace sluice
