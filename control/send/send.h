// control/send: brings a text to somebody outside this machine: by a POST, by mail.
#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::control {

struct SendBounds {
  std::chrono::seconds connect{15};
  std::chrono::seconds whole{60};
  std::string authorities = {};  ///< a file of CA certificates; empty: the system's
};

/// Posts text. url: http or https; a policy takes https alone. type: of its content. stop: ends it early
/// where it becomes true. Returns an empty string where the server answers with 2xx; else why not, without
/// URL.
[[nodiscard]] std::string post(const std::string& url, std::string_view type, const std::string& text,
                               const SendBounds& bounds, const std::atomic<bool>& stop);

/// A mail of one part.
struct Mail {
  std::string server;  ///< smtp:// or smtps://; a policy takes smtps alone
  std::string from;
  std::vector<std::string> to;  ///< at least one; addresses as is_mail_address takes them
  std::string subject;          ///< what is no printable ASCII is left out
  std::string name;             ///< for its Message-ID: letters, digits, `-`, `.`
  std::string type;             ///< of its content
  std::string text;             ///< any bytes; its lines may be of any length
};
/// Returns an empty string where the server has taken it for all of them; else why not.
[[nodiscard]] std::string send_mail(const Mail& mail, const SendBounds& bounds,
                                    const std::atomic<bool>& stop);

}  // namespace sluice::control
