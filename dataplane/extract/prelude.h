// extract: what a client says before TLS, or before what it sends through a proxy, one message at a time.
#pragma once

#include <cstdint>
#include <span>

#include "dataplane/extract/extract.h"

namespace sluice {

/// Bytes of one message of a prelude; a longer one is none.
inline constexpr uint32_t kMaxPrelude = 64 * 1024;
/// With so many bytes recognise_prelude always decides.
inline constexpr size_t kMaxPreludeForm = 48;

/// How a message of a prelude is read to its end.
enum class PreludeKind : uint8_t {
  NeedMore,  ///< too few bytes to tell
  None,      ///< no prelude
  Line,      ///< to its LF: SMTP, LMTP, POP3, IMAP, FTP, NNTP, ManageSieve, PROXY protocol v1
  Tag,       ///< to its '>' outside quotes: XMPP
  Sized,     ///< by its size: LDAP, PostgreSQL, MySQL, TDS, RDP, PROXY protocol v2
  Socks4,    ///< SOCKS 4 and 4a
  Socks5,    ///< greeting, username and password, request
};

struct PreludeForm {
  PreludeKind kind;
  uint32_t size = 0;  ///< bytes of a Sized one
  bool rdp = false;   ///< RDP's negotiation
};

/// bytes: what the client sends from the flow's first byte, or from where the last prelude ended; cut
/// anywhere. Decides on as few bytes as tell, and a decision holds for whatever follows. Only such messages
/// are preludes as can lead to TLS: EHLO and STARTTLS are, MAIL and LOGIN are not. Source: RFC 3207, RFC
/// 2595, RFC 4217, RFC 4642, RFC 5804 (lines); RFC 6120 5.4 (XMPP); RFC 4511 4.14 (LDAP); PostgreSQL 55.2.11;
/// MySQL's Protocol::SSLRequest; [MS-TDS] 2.2.6.5; [MS-RDPBCGR] 2.2.1.1; RFC 1928, RFC 1929 (SOCKS);
/// HAProxy's proxy-protocol.txt.
[[nodiscard]] PreludeForm recognise_prelude(std::span<const uint8_t> bytes);

/// True where bytes, the first that a server sends before its client has said anything, begin like a greeting
/// after which a client may ask for TLS (SMTP, FTP, POP3, IMAP, NNTP, ManageSieve, MySQL), or could go on to.
[[nodiscard]] bool is_greeting(std::span<const uint8_t> bytes);

/// Reads one message of a prelude, SOCKS' messages all together, from its first byte. Resumable.
class Prelude {  // NOLINT(cppcoreguidelines-pro-type-member-init): only have_ bytes of text_ are read
 public:
  Prelude() = default;
  /// form: as recognise_prelude gave it for the same bytes.
  explicit Prelude(const PreludeForm& form);

  /// bytes: the bytes that follow those fed before, cut anywhere. consumed: how many of them belong to the
  /// prelude; the rest is to be fed again, or, after Done, to be recognised anew. Returns NeedMore; Name
  /// (SOCKS: host() is what it shall connect to); NoName (SOCKS: the same, an address); Done (what follows is
  /// another message, TLS, or what goes through the proxy); NotMine (it is no prelude after all); Malformed.
  /// After Name and NoName call again, also with no bytes left.
  [[nodiscard]] Extract feed(std::span<const uint8_t> bytes, size_t& consumed);

  const HostName& host() const { return host_; }

 private:
  /// What the next need_ bytes of SOCKS are.
  enum class Step : uint8_t {
    Connect4,
    User4,
    Host4,
    Greeting,
    Message,
    User,
    Password,
    Request,
    HostSize,
    Host,
    End,
  };

  Extract read(std::span<const uint8_t> bytes, size_t& at);
  size_t to_line_end(std::span<const uint8_t> bytes);
  size_t to_tag_end(std::span<const uint8_t> bytes);
  Extract read_socks(std::span<const uint8_t> bytes, size_t& at);
  bool gather(std::span<const uint8_t> bytes, size_t& at);
  Extract on_socks();
  Extract on_request();
  Extract on_host();
  Extract expect(Step step, size_t need, uint32_t skip = 0);

  HostName host_;
  PreludeKind kind_ = PreludeKind::None;
  Extract over_ = Extract::NeedMore;
  Step step_ = Step::End;
  uint8_t quote_ = 0;   ///< inside of which quote a tag is
  bool ended_ = false;  ///< the line or the tag has ended
  bool named_ = false;  ///< SOCKS 4a: a host follows the user
  uint32_t left_ = 0;   ///< bytes still to come, of a Sized one; of others before they are too long
  uint32_t skip_ = 0;   ///< bytes before the next field
  uint16_t need_ = 0, have_ = 0;
  char text_[255];
};

}  // namespace sluice
