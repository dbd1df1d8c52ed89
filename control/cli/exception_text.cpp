// control/cli: why something was blocked, in words, and the exception that would open it.
#include "control/cli/exception_text.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "control/base/utc.h"
#include "control/pseudonyms/vault_form.h"
#include "dataplane/contract/reasons.h"

namespace sluice::control {
namespace {

/// Guards and bounds that stand before every exception, or beside them.
constexpr std::pair<Reason, std::string_view> kNotByException[] = {
    {Reason::UnregisteredSource, "no exception does: register the address in `networks`"},
    {Reason::WrongLine, "no exception does: its network is registered for another line, see `networks`"},
    {Reason::LineExpired, "no exception does: the term of the line is over, see `lines`"},
    {Reason::InboundRefused, "it was opened from the line: that needs a rule with `direction: inbound`"},
    {Reason::Tunnel, "no exception does: register it in `tunnels`"},
    {Reason::NameMismatch, "no exception does: the name goes where DNS never sent it; see `name-mismatch`"},
    {Reason::Canary, "no exception does: see the network's `dns: canaries`"},
    {Reason::NoPolicy, "a policy has to be loaded first: `sluicectl status`"},
    {Reason::TableFull, "no exception does: the gateway is at a bound, see `sluicectl status`"},
    {Reason::LogFull, "no exception does: the log takes nothing, see `sluicectl status`"},
};

/// Who asks, also behind sudo.
std::string who_asks() {
  const char* const sudo = std::getenv("SUDO_USER");
  const passwd* const user = sudo == nullptr ? ::getpwuid(::getuid()) : nullptr;
  return sudo != nullptr ? sudo : user != nullptr ? user->pw_name : "unknown";
}

std::string yaml_quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    out += c == '"' || c == '\\' ? "\\" : "";
    out += c;
  }
  return out + "\"";
}

/// An IPv6 address, or a word that YAML takes for something else, stands in quotes.
std::string yaml_word(std::string_view text) {
  const bool plain =
      text.find('.') != std::string_view::npos && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '.' || c == '-' || c == '_';
      });
  return plain && text.front() != '-' ? std::string(text) : yaml_quoted(text);
}

std::string name_of_exception(std::string_view asked) {
  constexpr size_t kMost = 60;
  std::string out = "open-";
  for (const char c : asked.substr(0, kMost)) {
    out += (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ? c : '-';
  }
  return out;
}

}  // namespace

std::string because_text(const BlockedGroup& group) {
  const auto found = std::find(std::begin(kReasonWords), std::end(kReasonWords), group.reason);
  std::string out;
  if (!group.rule.empty()) {
    out = "rule " + group.rule + (group.list.empty() ? " blocks it" : " blocks what is in " + group.list);
  } else {
    out = found == std::end(kReasonWords)
              ? group.reason
              : group.reason + ": " + std::string(kReasonHelp[found - std::begin(kReasonWords)]);
  }
  return out + (group.network.empty() ? "" : ", for network " + group.network);
}

std::string instead_of_exception(const BlockedGroup& group) {
  for (const auto& [reason, text] : kNotByException) {
    if (group.reason == word_of(reason)) {
      return std::string(text);
    }
  }
  return {};
}

std::string exception_text(const BlockedGroup& group, std::chrono::sys_seconds now) {
  constexpr size_t kDay = sizeof "2026-11-23" - 1;
  const auto until = std::chrono::nanoseconds((now + kExceptionHolds).time_since_epoch()).count();
  std::string from;
  for (const std::string& each : group.clients) {
    from += (from.empty() ? "" : ", ") + yaml_word(each);
  }
  // A policy knows nobody by a pseudonym: what can be written is all of the network.
  const bool unknown = std::any_of(group.clients.begin(), group.clients.end(), is_pseudonym);
  const std::string clients =
      unknown ? "[" + yaml_quoted(group.network) + "]    # whom the log calls " + from : "[" + from + "]";
  const std::string name = name_of_exception(group.asked);
  // A word without a dot is taken as a list's, so it becomes one.
  const bool list = group.asked.find_first_of(".:") == std::string::npos;
  return (list ? "lists:\n  " + name + ":\n    names: [" + yaml_quoted(group.asked) + "]\n" : std::string()) +
         "exceptions:\n  - name: " + name + "\n    from: " + clients + "\n    to: [" +
         (list ? name : yaml_word(group.asked)) +
         "]\n    action: allow\n    owner: " + yaml_quoted(who_asks()) +
         "\n    ticket: \"?\"    # which?\n    expires: " + utc_text(until).substr(0, kDay) + "\n";
}

std::string harmless_lines(std::string text) {
  for (char& c : text) {
    c = c != '\n' && c >= 0 && (c < ' ' || c == '\x7f') ? '?' : c;
  }
  return text;
}

}  // namespace sluice::control
