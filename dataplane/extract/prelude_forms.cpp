// extract: which messages are preludes, by their first bytes.
#include <algorithm>
#include <string_view>

#include "dataplane/extract/prelude.h"

namespace sluice {
namespace {

constexpr PreludeForm kNeedMore{PreludeKind::NeedMore}, kNone{PreludeKind::None}, kLine{PreludeKind::Line},
    kTag{PreludeKind::Tag};
constexpr size_t kMaxTag = 16;     // bytes of IMAP's tag before a command
constexpr size_t kMaxSpaces = 16;  // between XMPP's tags

PreludeForm sized(uint64_t size) {
  return size > kMaxPrelude ? kNone : PreludeForm{PreludeKind::Sized, static_cast<uint32_t>(size)};
}

/// What a byte of a fixed form may be.
struct Byte {
  uint8_t mask, value;
};
constexpr Byte kAnyByte{0, 0};
constexpr Byte is(uint8_t value) {
  return {0xff, value};
}

enum class Match : uint8_t {
  No,
  Prefix,
  Yes
};

template <size_t N>
Match match(std::span<const uint8_t> bytes, const Byte (&form)[N]) {
  const size_t size = std::min(bytes.size(), N);
  for (size_t i = 0; i < size; ++i)
    if ((bytes[i] & form[i].mask) != form[i].value) return Match::No;
  return size < N ? Match::Prefix : Match::Yes;
}

template <size_t N>
PreludeForm sized_if(std::span<const uint8_t> bytes, const Byte (&form)[N], uint64_t size) {
  const Match matched = match(bytes, form);
  return matched == Match::Yes ? sized(size) : matched == Match::No ? kNone : kNeedMore;
}

/// The better of two opinions on the same bytes, of which one at most can come to be a prelude.
PreludeForm either(const PreludeForm& one, const PreludeForm& other) {
  if (one.kind == PreludeKind::None) return other;
  if (other.kind == PreludeKind::None) return one;
  return one.kind == PreludeKind::NeedMore ? other : one;
}

uint32_t u16_at(std::span<const uint8_t> bytes, size_t at) {
  return bytes.size() < at + 2 ? 0 : uint32_t{bytes[at]} << 8 | bytes[at + 1];
}

/// SSLRequest and GSSENCRequest.
PreludeForm postgres(std::span<const uint8_t> bytes) {
  constexpr Byte kTls[] = {is(0), is(0), is(0), is(8), is(4), is(0xd2), is(0x16), is(0x2f)};
  constexpr Byte kGss[] = {is(0), is(0), is(0), is(8), is(4), is(0xd2), is(0x16), is(0x30)};
  return either(sized_if(bytes, kTls, 8), sized_if(bytes, kGss, 8));
}

/// SSLRequest: the head of a login with CLIENT_SSL and CLIENT_PROTOCOL_41, packet 1 of 32 bytes, of which 19
/// are zero.
PreludeForm mysql(std::span<const uint8_t> bytes) {
  constexpr Byte kZero = is(0);
  constexpr Byte kForm[] = {is(32),   is(0),    is(0),    is(1),    kAnyByte, {0x0a, 0x0a}, kAnyByte,
                            kAnyByte, kAnyByte, kAnyByte, kAnyByte, kAnyByte, kAnyByte,     kZero,
                            kZero,    kZero,    kZero,    kZero,    kZero,    kZero,        kZero,
                            kZero,    kZero,    kZero,    kZero,    kZero,    kZero,        kZero,
                            kZero,    kZero,    kZero,    kZero};
  return sized_if(bytes, kForm, 36);
}

/// PRELOGIN: a first packet of options; then TLS' records in packets of the same type, of which the hello's
/// is opened.
PreludeForm tds(std::span<const uint8_t> bytes) {
  constexpr Byte kForm[] = {is(0x12), is(1), kAnyByte, kAnyByte, is(0), is(0), kAnyByte, is(0), kAnyByte};
  constexpr size_t kHeader = 8;
  constexpr uint8_t kHandshake = 22;
  const uint32_t size = u16_at(bytes, 2);
  if (bytes.size() >= 4 && size <= kHeader) return kNone;
  const bool hello = bytes.size() > kHeader && bytes[kHeader] == kHandshake;
  return sized_if(bytes, kForm, hello ? kHeader : size);
}

/// TPKT with X.224's connection request, whose length says the same again.
PreludeForm rdp(std::span<const uint8_t> bytes) {
  constexpr Byte kForm[] = {is(3), is(0), kAnyByte, kAnyByte, kAnyByte, is(0xe0)};
  constexpr uint32_t kBefore = 5, kLeast = 11;
  const uint32_t size = u16_at(bytes, 2);
  if (bytes.size() >= 4 && size < kLeast) return kNone;
  if (bytes.size() >= kBefore && bytes[4] != size - kBefore) return kNone;
  PreludeForm form = sized_if(bytes, kForm, size);
  form.rdp = true;
  return form;
}

/// LDAPMessage with a search or an extended request, among which is StartTLS.
PreludeForm ldap(std::span<const uint8_t> bytes) {
  constexpr uint8_t kSequence = 0x30, kInteger = 2, kSearch = 0x63, kExtended = 0x77, kLongForm = 0x80;
  if (bytes[0] != kSequence) return kNone;
  if (bytes.size() < 2) return kNeedMore;
  size_t at = 2;
  uint64_t size = bytes[1];
  if (size >= kLongForm) {
    const size_t octets = bytes[1] & 0x7f;
    if (octets < 1 || octets > 4) return kNone;
    size = 0;
    for (size_t i = 0; i < octets; ++i, ++at) {
      if (at == bytes.size()) return kNeedMore;
      size = size << 8 | bytes[at];
    }
  }
  size += at;
  if (at == bytes.size()) return kNeedMore;
  if (bytes[at] != kInteger) return kNone;
  if (++at == bytes.size()) return kNeedMore;
  if (bytes[at] < 1 || bytes[at] > 4) return kNone;
  at += 1u + bytes[at];
  if (at >= size) return kNone;
  if (at >= bytes.size()) return kNeedMore;
  return bytes[at] == kSearch || bytes[at] == kExtended ? sized(size) : kNone;
}

/// CONNECT or BIND, port, address, a user of printable characters, and a NUL. A user that goes on beyond the
/// bound is believed.
PreludeForm socks4(std::span<const uint8_t> bytes) {
  constexpr size_t kUserAt = 8, kUserTold = 16;
  if (bytes[0] != 4) return kNone;
  if (bytes.size() > 1 && bytes[1] != 1 && bytes[1] != 2) return kNone;
  if (bytes.size() > 3 && u16_at(bytes, 2) == 0) return kNone;
  for (size_t at = kUserAt; at < std::min(bytes.size(), kUserAt + kUserTold); ++at) {
    if (bytes[at] == 0) return {PreludeKind::Socks4};
    if (bytes[at] < 0x20 || bytes[at] > 0x7e) return kNone;
  }
  return bytes.size() < kUserAt + kUserTold ? kNeedMore : PreludeForm{PreludeKind::Socks4};
}

/// The methods that a client offers: assigned ones (0 to 9) or private ones.
PreludeForm socks5(std::span<const uint8_t> bytes) {
  constexpr size_t kMethodsTold = 8;
  constexpr uint8_t kLastAssigned = 9, kFirstPrivate = 0x80, kNoMethod = 0xff;
  if (bytes[0] != 5) return kNone;
  if (bytes.size() < 2) return kNeedMore;
  if (bytes[1] == 0) return kNone;
  const size_t told = 2 + std::min<size_t>(bytes[1], kMethodsTold);
  for (const uint8_t method : bytes.first(std::min(bytes.size(), told)).subspan(2))
    if ((method > kLastAssigned && method < kFirstPrivate) || method == kNoMethod) return kNone;
  return bytes.size() < told ? kNeedMore : PreludeForm{PreludeKind::Socks5};
}

PreludeForm proxy_v2(std::span<const uint8_t> bytes) {
  constexpr Byte kForm[] = {is('\r'),     is('\n'), is('\r'), is('\n'), is(0),   is('\r'),
                            is('\n'),     is('Q'),  is('U'),  is('I'),  is('T'), is('\n'),
                            {0xfe, 0x20}, kAnyByte, kAnyByte, kAnyByte};
  return sized_if(bytes, kForm, 16 + uint64_t{u16_at(bytes, 14)});
}

char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c & ~0x20) : c;
}

bool same(std::string_view text, std::string_view word) {
  return std::ranges::equal(text, word, {}, upper, upper);
}

/// Is the word at text's start, which one of ends must end, one of words?
template <size_t N>
Match match_word(std::string_view text, const std::string_view (&words)[N], std::string_view ends) {
  const size_t size = std::min(text.find_first_of(ends), text.size());
  const std::string_view word = text.substr(0, size);
  for (const std::string_view one : words) {
    if (size < text.size() && same(word, one)) return Match::Yes;
    if (size == text.size() && same(word, one.substr(0, size))) return Match::Prefix;
  }
  return Match::No;
}

PreludeForm line_if(Match matched) {
  return matched == Match::Yes ? kLine : matched == Match::No ? kNone : kNeedMore;
}

/// Commands that clients send before they ask for TLS, or by which they ask.
PreludeForm command(std::string_view text) {
  constexpr std::string_view kCommands[] = {
      "EHLO", "HELO", "LHLO", "STARTTLS",   "NOOP",        "RSET", "HELP",  // SMTP, LMTP
      "CAPA", "STLS",                                                       // POP3
      "FEAT", "SYST", "HOST", "OPTS",       "CLNT",                         // FTP
      "MODE", "DATE", "CAP",  "CAPABILITY", "CAPABILITIES"};                // NNTP, IRC, ManageSieve
  constexpr std::string_view kAuth[] = {"AUTH"};
  constexpr std::string_view kMechanisms[] = {"TLS", "TLS-C", "TLS-P", "SSL",
                                              ""};  // FTP; POP3 asks for a list
  constexpr std::string_view kProxy[] = {"PROXY"};
  constexpr std::string_view kFamilies[] = {"TCP4", "TCP6", "UNKNOWN"};
  constexpr std::string_view kEnds = " \r\n";
  const auto two = [&](const auto& first, const auto& second) {
    const Match matched = match_word(text, first, kEnds);
    if (matched != Match::Yes) return line_if(matched);
    std::string_view rest = text;
    rest.remove_prefix(first[0].size());
    if (rest.starts_with(' ')) rest.remove_prefix(1);
    return line_if(match_word(rest, second, kEnds));
  };
  return either(line_if(match_word(text, kCommands, kEnds)),
                either(two(kAuth, kMechanisms), two(kProxy, kFamilies)));
}

/// IMAP: a command behind a tag.
PreludeForm tagged_command(std::string_view text) {
  constexpr std::string_view kCommands[] = {"CAPABILITY", "STARTTLS", "NOOP", "ID"};
  const auto in_tag = [](char c) {
    return (c >= '0' && c <= '9') || (upper(c) >= 'A' && upper(c) <= 'Z') || c == '.' || c == '-' || c == '_';
  };
  const auto end = std::ranges::find_if_not(text, in_tag);
  const auto size = static_cast<size_t>(end - text.begin());
  if (size > kMaxTag) return kNone;
  if (size == text.size()) return kNeedMore;
  if (size == 0 || *end != ' ') return kNone;
  text.remove_prefix(size + 1);
  return line_if(match_word(text, kCommands, " \r\n"));
}

/// XMPP: the tags up to the one that asks for TLS.
PreludeForm xmpp(std::string_view text) {
  constexpr std::string_view kTags[] = {"<?xml", "<stream:stream", "<starttls", "<starttls/", "</starttls"};
  const size_t spaces = std::min(text.find_first_not_of(" \t\r\n"), text.size());
  if (spaces > kMaxSpaces) return kNone;
  text.remove_prefix(spaces);
  switch (match_word(text, kTags, " \t\r\n>")) {
    case Match::Yes:
      return kTag;
    case Match::Prefix:
      return kNeedMore;
    case Match::No:
      break;
  }
  return kNone;
}

}  // namespace

PreludeForm recognise_prelude(std::span<const uint8_t> bytes) {
  if (bytes.empty()) return kNeedMore;
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()),
                              std::min(bytes.size(), kMaxPreludeForm));
  PreludeForm form = kNone;
  for (const auto recognise : {postgres, mysql, tds, rdp, ldap, socks4, socks5, proxy_v2})
    form = either(form, recognise(bytes));
  for (const auto recognise : {command, tagged_command, xmpp}) form = either(form, recognise(text));
  return form;
}

bool is_greeting(std::span<const uint8_t> bytes) {
  constexpr std::string_view kGreetings[] = {
      "220 ", "220-", "* OK", "+OK", "200 ", "201 ", "\"IMPLEMENTATION\""};
  // A MySQL packet 0 of protocol version 10, of which the version's text begins.
  constexpr Byte kMysql[] = {kAnyByte, kAnyByte, is(0), is(0), is(10), {0xf0, 0x30}};
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const auto begins = [text](std::string_view greeting) {
    return text.starts_with(greeting) || greeting.starts_with(text);
  };
  return std::ranges::any_of(kGreetings, begins) || match(bytes, kMysql) != Match::No;
}

}  // namespace sluice
