// control/cli: sluicectl except.
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <set>

#include "control/base/clock.h"
#include "control/base/files.h"
#include "control/base/json_fields.h"
#include "control/base/unique_fd.h"
#include "control/base/utc.h"
#include "control/cli/change.h"
#include "control/cli/client.h"
#include "control/cli/commands.h"
#include "control/cli/exception_file.h"
#include "control/cli/period.h"
#include "control/cli/terminal.h"
#include "control/policy/source_files.h"
#include "control/policy/source_loader.h"
#include "control/policy/time_text.h"

namespace sluice::control {
namespace {

using nlohmann::json;
using Exceptions = std::vector<WrittenException>;

/// As the policy's own bound.
constexpr std::chrono::seconds kShortestException{60}, kLongestException{730 * 86'400};
constexpr size_t kMaxSlug = 48;  ///< of a name that is made of a ticket

/// What the policy directory says that matters here.
struct PolicyNames {
  TimeZone zone;
  std::set<std::string> taken;  ///< names of rules, tunnels and exceptions
};

/// Returns an empty string, or why it cannot be read.
std::string read_site(const std::filesystem::path& directory, PolicyNames& site) {
  Report report;
  report.add_file(directory.string());
  std::vector<SourceText> texts;
  if (!read_directory(directory, texts, report)) {
    const Diagnostics problems = report.finish();
    return problems.empty() ? "there is no policy in " + directory.string() : to_string(problems.front());
  }
  const PolicySource source = load_source(texts, report);
  if (source.timezone) {
    site.zone = TimeZone::find(source.timezone->text).value_or(TimeZone());
  }
  for (const RuleSource& rule : source.rules) {
    site.taken.insert(rule.name.text);
  }
  for (const TunnelSource& tunnel : source.tunnels) {
    site.taken.insert(tunnel.name.text);
  }
  for (const ExceptionSource& exception : source.exceptions) {
    site.taken.insert(exception.rule.name.text);
  }
  return {};
}

/// `IT-4711 (audit)` as `it-4711-audit`, with a number behind it where that is taken.
std::string name_for(const std::string& ticket, const std::set<std::string>& taken) {
  std::string slug;
  for (const char c : ticket) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    const bool capital = c >= 'A' && c <= 'Z';
    if (letter || capital) {
      slug += capital ? static_cast<char>(c - 'A' + 'a') : c;
    } else if (!slug.empty() && slug.back() != '-') {
      slug += '-';
    }
  }
  slug.resize(std::min(slug.size(), kMaxSlug));
  slug = slug.empty() || slug == "-" ? "except" : slug.back() == '-' ? slug.substr(0, slug.size() - 1) : slug;
  std::string name = slug;
  for (size_t number = 2; taken.contains(name); ++number) {
    name = slug + "-" + std::to_string(number);
  }
  return name;
}

/// The first whole minute at which so much time is over, as the site's clocks show it.
std::string expiry_after(std::chrono::seconds time, const TimeZone& zone) {
  const auto shown = zone.to_local(std::chrono::ceil<std::chrono::minutes>(utc_now() + time));
  const auto as_utc = std::chrono::nanoseconds(shown.time_since_epoch()).count();
  return utc_text(as_utc).substr(0, sizeof("2026-12-31T18:00") - 1);
}

/// Until it ends; nothing where its time cannot be read.
std::optional<std::chrono::seconds> time_left(const WrittenException& each, const TimeZone& zone) {
  const auto end = parse_moment(each.expires, zone);
  return end ? std::optional(*end - utc_now()) : std::nullopt;
}

bool is_over(const WrittenException& each, const TimeZone& zone) {
  const auto left = time_left(each, zone);
  return left && *left <= std::chrono::seconds::zero();
}

std::string one_line(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; }, ' ');
  return text;
}

std::string joined_words(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) {
    out += (out.empty() ? "" : ", ") + word;
  }
  return out;
}

/// A stop by the keyboard waits until the directory says what is in force: the daemon answers within the
/// time that compiling may take.
class NoInterruption {
 public:
  NoInterruption() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int each : {SIGINT, SIGTERM, SIGHUP}) {
      sigaddset(&signals, each);
    }
    ::pthread_sigmask(SIG_BLOCK, &signals, &before_);
  }
  ~NoInterruption() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  NoInterruption(const NoInterruption&) = delete;
  NoInterruption& operator=(const NoInterruption&) = delete;

 private:
  sigset_t before_{};
};

/// The policy directory, held so that no other sluicectl writes at the same time.
struct HeldDirectory {
  std::filesystem::path directory;
  UniqueFd lock;
  PolicyNames site;
  KeptFile file{""};
  Exceptions all;
};

/// Returns an empty string, or why it cannot be.
std::string hold_directory(const std::string& socket, HeldDirectory& held) {
  const std::optional<json> status = ask(socket, {{"command", "status"}});
  if (!status) {
    return "what the gateway enforces is not known, so nothing was changed";
  }
  held.directory = text_at(*status, "directory");
  held.lock.reset(::open(held.directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!held.lock || ::flock(held.lock.get(), LOCK_EX) != 0) {
    return errno_text("cannot open the policy's directory " + held.directory.string());
  }
  if (std::string why = read_site(held.directory, held.site); !why.empty()) {
    return why;
  }
  const std::filesystem::path path = held.directory / kExceptionFile;
  held.file = KeptFile(path);
  if (std::string why = held.file.read(); !why.empty()) {
    return why;
  }
  std::string error;
  auto all = read_exceptions(held.file.text(), error);
  if (!all) {
    return path.string() + ": " + error + "; move what was written by hand to a file of its own";
  }
  held.all = std::move(*all);
  return {};
}

/// Writes the file, has it enforced, and puts it back where that fails.
int enforce(const std::string& socket, const ExceptOptions& options, const HeldDirectory& held,
            const std::string& reason) {
  const NoInterruption until_done;
  if (const std::string why = held.file.replace(write_exceptions(held.all)); !why.empty()) {
    return cannot_do(why);
  }
  json request{{"command", "apply"}, {"reason", reason}, {"wait", true}};
  if (!options.with_pending) {
    request["only"] = kExceptionFile;
  }
  const int status = order_policy(socket, request, options.json);
  if (status != kDone) {
    const std::string why = held.file.restore();
    return cannot_do(why.empty() ? "the policy's directory is as it was" : why);
  }
  return status;
}

int write_one(const std::string& socket, const ExceptOptions& options) {
  for (const auto& [option, missing] :
       {std::pair("--from", options.from.empty()), std::pair("--to", options.to.empty()),
        std::pair("--for", options.time.empty()), std::pair("--owner", options.owner.empty()),
        std::pair("--ticket", options.ticket.empty())}) {
    if (missing) {
      return cannot_do("an exception needs " + std::string(option) +
                       "; sluicectl except --help shows an example");
    }
  }
  const auto time = read_duration_within("--for", options.time, kShortestException, kLongestException);
  if (!time) {
    return kCannot;
  }
  if (options.reason.size() > kMaxNoteBytes) {
    return cannot_do("--reason has at most " + std::to_string(kMaxNoteBytes) + " bytes");
  }
  HeldDirectory held;
  if (const std::string why = hold_directory(socket, held); !why.empty()) {
    return cannot_do(why);
  }
  std::erase_if(held.all, [&](const WrittenException& each) {
    const bool over = is_over(each, held.site.zone);
    if (over) {
      held.site.taken.erase(each.name);
    }
    return over;
  });
  if (held.all.size() >= kMaxWrittenExceptions) {
    return cannot_do("there are " + std::to_string(held.all.size()) +
                     " already; write rules, or exceptions in a file of your own");
  }
  if (held.site.taken.contains(options.name)) {
    return cannot_do("a rule or an exception is named " + options.name + " already");
  }
  WrittenException one{options.name.empty() ? name_for(options.ticket, held.site.taken) : options.name,
                       options.from,
                       options.to,
                       options.owner,
                       options.ticket,
                       expiry_after(*time, held.site.zone),
                       one_line(utc_text(utc_now_ns()) + ": " + options.reason)};
  const std::string said = "exception " + one.name + " for " + duration_text(*time) + ": " +
                           joined_words(one.from) + " to " + joined_words(one.to) + ", " + one.owner + ", " +
                           one.ticket + (options.reason.empty() ? "" : ": " + options.reason);
  const std::string name = one.name, expires = one.expires;
  held.all.push_back(std::move(one));
  const int status = enforce(socket, options, held, one_line(said));
  if (status == kDone && !options.json) {
    std::cout << "exception " << coloured(Colour::Bold, name) << " until " << expires
              << "\nsluicectl except --end " << name << " ends it\n";
  }
  return status;
}

int end_one(const std::string& socket, const ExceptOptions& options) {
  HeldDirectory held;
  if (const std::string why = hold_directory(socket, held); !why.empty()) {
    return cannot_do(why);
  }
  const size_t ended =
      std::erase_if(held.all, [&](const WrittenException& each) { return each.name == options.end; });
  if (ended == 0) {
    return cannot_do("no exception named " + options.end +
                     " was written by sluicectl; sluicectl except --list");
  }
  std::erase_if(held.all, [&](const WrittenException& each) { return is_over(each, held.site.zone); });
  return enforce(socket, options, held,
                 one_line("exception " + options.end + " ended" +
                          (options.reason.empty() ? "" : ": " + options.reason)));
}

int list_all(const std::string& socket, bool json_output) {
  HeldDirectory held;
  if (const std::string why = hold_directory(socket, held); !why.empty()) {
    return cannot_do(why);
  }
  json out = json::array();
  for (const WrittenException& each : held.all) {
    const auto left = time_left(each, held.site.zone);
    out.push_back({{"name", each.name},
                   {"from", each.from},
                   {"to", each.to},
                   {"owner", each.owner},
                   {"ticket", each.ticket},
                   {"expires", each.expires},
                   {"note", each.note},
                   {"seconds_left", left ? json(std::max<int64_t>(0, left->count())) : json()}});
    if (json_output) {
      continue;
    }
    std::cout << coloured(Colour::Bold, each.name) << "\n  from " << joined_words(each.from) << "\n  to "
              << joined_words(each.to) << "\n  until " << each.expires << ", "
              << (is_over(each, held.site.zone) ? coloured(Colour::Yellow, "expired")
                  : left                        ? duration_text(*left) + " left"
                                                : coloured(Colour::Red, "no time"))
              << "\n  " << each.owner << ", " << each.ticket << "\n";
    if (!each.note.empty()) {
      std::cout << "  " << each.note << "\n";
    }
  }
  if (json_output) {
    std::cout << json{{"exceptions", out}}.dump(2, ' ', false, json::error_handler_t::replace) << "\n";
  } else if (held.all.empty()) {
    std::cout << "no exception was written by sluicectl\n";
  }
  return kDone;
}

}  // namespace

int run_except(const std::string& socket, const ExceptOptions& options) {
  return options.list          ? list_all(socket, options.json)
         : options.end.empty() ? write_one(socket, options)
                               : end_one(socket, options);
}

}  // namespace sluice::control
