// control/cli: sluicectl reveal and sluicectl keeper.
#include "control/cli/reveal.h"

#include <openssl/evp.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "control/cli/commands.h"
#include "control/cli/note_reading.h"
#include "control/cli/table.h"
#include "control/cli/terminal.h"
#include "control/keep/holds.h"
#include "control/policy/prefix.h"
#include "control/policy/utf8.h"
#include "control/pseudonyms/reveal.h"
#include "control/pseudonyms/seal.h"

namespace sluice::control {
namespace {

using nlohmann::json;
constexpr size_t kMaxPassphrase = 1024;  ///< as OpenSSL's own programs
constexpr size_t kMaxRevealReason = 1000;

/// A pseudonym in lower case; an address as the log writes it; any other text as it is.
std::string asked_for(const std::string& text) {
  std::string lower = text;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  Address address;
  return is_pseudonym(lower) ? lower : parse_address(text, address) ? to_string(Prefix{address, 128}) : text;
}

std::string joined(const std::vector<std::string>& names, std::string_view between) {
  std::string out;
  for (const std::string& each : names) {
    out += (out.empty() ? "" : std::string(between)) + each;
  }
  return out;
}

/// What is wrong with an order, before any key is read.
std::string problem_of(const RevealCommand& command) {
  if (command.keys.size() != 2) {
    return "reveal takes --key twice: the private keys of two keepers";
  }
  if (!is_case(command.name)) {
    return "a case has 1 to " + std::to_string(kMaxCase) +
           " letters, digits, -, _ and dots, and begins with a letter or a digit";
  }
  if (command.reason.empty() || command.reason.size() > kMaxRevealReason) {
    return "reveal needs a reason of 1 to " + std::to_string(kMaxRevealReason) + " bytes: it is on record";
  }
  return {};
}

void print_revealed(const RevealCommand& command, const RevealFindings& found) {
  if (command.json) {
    json out{{"asked", command.asked},
             {"case", command.name},
             {"keepers", found.keepers},
             {"identities", json::array()},
             {"problems", found.problems}};
    for (const Revealed& each : found.found) {
      out["identities"].push_back({{"pseudonym", each.identity.pseudonym},
                                   {"kind", each.identity.of},
                                   {"identity", each.identity.text},
                                   {"period", each.period},
                                   {"vault", each.vault}});
    }
    std::cout << out.dump(2, ' ', false, json::error_handler_t::replace) << "\n";
    return;
  }
  std::vector<std::vector<std::string>> rows;
  for (const Revealed& each : found.found) {
    rows.push_back({each.period, each.identity.of, each.identity.pseudonym, printable(each.identity.text)});
  }
  if (!rows.empty()) {
    const size_t width = output_width();
    std::cout << table_text({{"month", 2}, {"kind", 3}, {"pseudonym", 1}, {"stands for"}}, rows, width)
              << wrapped("revealed by " + printable(joined(found.keepers, " and ")) + " for " + command.name +
                             "; it is on record, see `sluicectl readings`",
                         width, 0)
              << "\n";
  }
}

/// Why nothing was found.
std::string nothing_text(const RevealCommand& command, const RevealFindings& found) {
  if (found.not_theirs != 0 && found.not_theirs == found.matching) {
    return "these are not the keys of two keepers of it; it takes two of " + joined(found.keepers, ", ");
  }
  return "no vault of " + command.log + " knows " + command.asked +
         (is_pseudonym(command.asked) ? "; a copy that went abroad has other pseudonyms than the log" : "");
}

/// Asks twice on the terminal; returns false where there were two answers, or none.
bool ask_passphrase(std::string& out) {
  std::string buffer(kMaxPassphrase, '\0');
  const int failed = EVP_read_pw_string_min(buffer.data(), 0, static_cast<int>(buffer.size()) - 1,
                                            "Passphrase of the new key (empty: none): ", 1);
  out = failed == 0 ? std::string(buffer.c_str()) : std::string();
  wipe(buffer);
  return failed == 0;
}

bool is_person(std::string_view name) {
  constexpr size_t kMaxPerson = 64;
  return !name.empty() && name.size() <= kMaxPerson &&
         std::isalnum(static_cast<unsigned char>(name[0])) != 0 &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return c < 0x80 && (std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_');
         });
}

}  // namespace

int run_reveal(const std::string& socket, const RevealCommand& order) {
  RevealCommand command = order;
  command.asked = asked_for(order.asked);
  std::string error = problem_of(command);
  std::unique_ptr<SigningKey> signing;
  std::unique_ptr<KeeperSecret> first, second;
  if (error.empty()) {
    signing = SigningKey::open_public(std::filesystem::path(command.log) / "log.pub", error);
  }
  if (error.empty() && (first = KeeperSecret::open(command.keys[0], error))) {
    second = KeeperSecret::open(command.keys[1], error);
  }
  RevealFindings found;
  if (second) {
    const PutOnRecord record = [&](const std::vector<std::string>& keepers) {
      return put_reading(socket, "reveal",
                         {{is_pseudonym(command.asked) ? "pseudonym" : "from", command.asked},
                          {"case", command.name},
                          {"reason", command.reason},
                          {"keepers", joined(keepers, ", ")},
                          {"log", command.log}});
    };
    error = reveal(command.log, *signing, command.asked, *first, *second, record, found);
  }
  if (!error.empty()) {
    return cannot_do(printable(error));
  }
  for (const std::string& each : found.problems) {
    std::cerr << "sluicectl: " << printable(each) << "\n";
  }
  if (found.found.empty() && found.not_theirs != 0 && found.not_theirs == found.matching) {
    return cannot_do(printable(nothing_text(command, found)));
  }
  print_revealed(command, found);
  if (found.found.empty()) {
    std::cerr << "sluicectl: " << printable(nothing_text(command, found)) << "\n";
  }
  return !found.found.empty() && found.problems.empty() ? kDone : kNo;
}

int run_keeper_new(const KeeperCommand& command) {
  if (!is_person(command.name)) {
    return cannot_do("a keeper's name is of letters, digits, -, _ and dots, as li.wei");
  }
  std::string passphrase;
  const bool terminal = ::isatty(STDIN_FILENO) == 1;
  if (terminal && !ask_passphrase(passphrase)) {
    return cannot_do("two different passphrases, or none: no key is made");
  }
  std::string error;
  const bool bare = passphrase.empty();
  const auto made = KeeperSecret::make(command.out, passphrase, error);
  wipe(passphrase);
  if (!made) {
    return cannot_do(printable(error));
  }
  if (bare) {
    std::cerr << "sluicectl: " << printable(command.out)
              << " has no passphrase: whoever reads it has the key\n";
  }
  const std::string text = keeper_key_text(made->shown());
  if (command.json) {
    std::cout
        << json{{"name", command.name}, {"file", command.out}, {"key", text}, {"passphrase", !bare}}.dump(2)
        << "\n";
  } else {
    std::cout << "# " << printable(command.out) << " is for " << command.name
              << " alone: keep it away from the gateway\nlog:\n  pseudonyms:\n    keepers:\n      "
              << command.name << ": " << text << "\n";
  }
  return kDone;
}

void RevealCommands::add_to(CLI::App& app) {
  CLI::App* const reveal = app.add_subcommand(
      "reveal",
      "Say whom a pseudonym of the log stands for. It takes the private keys of two keepers, and is on "
      "record, with\n"
      "the case and the reason, before anything is shown. Their passphrases are asked for on the terminal.");
  reveal
      ->add_option("WHO", reveal_.asked,
                   "A pseudonym, as p-4d2f…; or an address or a name, whose pseudonyms are wanted")
      ->required();
  reveal->add_option("--key", reveal_.keys, "File with a keeper's private key; twice, of two keepers")
      ->required()
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  reveal->add_option("--case", reveal_.name, "Name of the case for which it is done")->required();
  reveal->add_option("--reason", reveal_.reason, "Why; is on record with your name")->required();
  reveal->add_option("--log", reveal_.log, "Directory of the access log")->capture_default_str();
  reveal->add_flag("--json", reveal_.json, "Print JSON");
  CLI::App* const keeper =
      app.add_subcommand("keeper", "Keys of those who can undo the log's pseudonyms, two together.");
  keeper->require_subcommand(1);
  CLI::App* const make = keeper->add_subcommand(
      "new",
      "Make a keeper's pair of keys, and print what belongs into the policy. Needs no daemon; do it on "
      "the keeper's own machine.");
  make->add_option("NAME", keeper_.name, "Who keeps it, as li.wei")->required();
  make->add_option("-o,--out", keeper_.out, "File for the private key; it must not be there yet")->required();
  make->add_flag("--json", keeper_.json, "Print JSON");
  asks_reveal_ = reveal;
  asks_new_ = make;
}

bool RevealCommands::run(const std::string& socket, int& status) const {
  if (*asks_reveal_) {
    status = run_reveal(socket, reveal_);
  } else if (*asks_new_) {
    status = run_keeper_new(keeper_);
  } else {
    return false;
  }
  return true;
}

}  // namespace sluice::control
