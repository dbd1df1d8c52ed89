// control/reload: parcels, and their JSON.
#include "control/reload/compile_messages.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "control/base/files.h"
#include "control/base/unix_socket.h"

namespace sluice::control {
namespace {

using nlohmann::json;

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

bool read_all(int fd, std::string& out) {
  for (size_t done = 0; done < out.size();) {
    const ssize_t got = ::pread(fd, out.data() + done, out.size() - done, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got <= 0) {
      return false;
    }
    done += static_cast<size_t>(got);
  }
  return true;
}

json problem_json(const Diagnostic& each) {
  return {{"file", each.file},     {"line", each.line},
          {"column", each.column}, {"error", each.severity == Severity::Error},
          {"what", each.what},     {"instead", each.instead}};
}

[[noreturn]] void refuse() {
  throw json::other_error::create(501, "not what text_of makes", nullptr);
}

/// A number that is one, and fits.
template <typename Number>
Number required_number(const json& object, const char* key) {
  const json& value = object.at(key);
  if (!value.is_number_unsigned() || !std::in_range<Number>(value.get<uint64_t>())) {
    refuse();
  }
  return value.get<Number>();
}

Diagnostic read_problem(const json& each) {
  return {each.at("file").get<std::string>(),
          required_number<int>(each, "line"),
          required_number<int>(each, "column"),
          each.at("error").get<bool>() ? Severity::Error : Severity::Warning,
          each.at("what").get<std::string>(),
          each.at("instead").get<std::string>()};
}

json facts_json(const PolicyFacts& facts) {
  json feeds = json::array();
  for (const FeedSpec& feed : facts.feeds) {
    feeds.push_back(feed_spec_json(feed));
  }
  return {{"site", facts.site},
          {"on_save", facts.reload_on_save},
          {"networks", facts.networks},
          {"rules", facts.rules},
          {"lists", facts.lists},
          {"names", facts.names},
          {"prefixes", facts.prefixes},
          {"patterns", facts.patterns},
          {"feeds", std::move(feeds)},
          {"log", log_policy_json(facts.log)},
          {"terms", terms_json(facts.terms)},
          {"registers", register_json(facts.registers)},
          {"identity", identity_policy_json(facts.identity)},
          {"alarms", alarm_policy_json(facts.alarms)}};
}

PolicyFacts read_facts(const json& value) {
  const auto number = [&](const char* key) { return required_number<size_t>(value, key); };
  PolicyFacts out{value.at("site").get<std::string>(),
                  value.at("on_save").get<bool>(),
                  number("networks"),
                  number("rules"),
                  number("lists"),
                  number("names"),
                  number("prefixes"),
                  number("patterns"),
                  {},
                  {}};
  for (const json& each : value.at("feeds")) {
    std::optional<FeedSpec> feed = feed_spec_from(each);
    if (!feed) {
      refuse();
    }
    out.feeds.push_back(std::move(*feed));
  }
  std::optional<LogPolicy> log = log_policy_from(value.at("log"));
  if (!log) {
    refuse();
  }
  out.log = std::move(*log);
  std::optional<PolicyTerms> terms = terms_from(value.at("terms"));
  if (!terms) {
    refuse();
  }
  out.terms = std::move(*terms);
  std::optional<PolicyRegister> registers = register_from(value.at("registers"));
  if (!registers) {
    refuse();
  }
  out.registers = std::move(*registers);
  std::optional<IdentityPolicy> identity = identity_policy_from(value.at("identity"));
  if (!identity) {
    refuse();
  }
  out.identity = std::move(*identity);
  std::optional<AlarmPolicy> alarms = alarm_policy_from(value.at("alarms"));
  if (!alarms) {
    refuse();
  }
  out.alarms = std::move(*alarms);
  return out;
}

SourceList sources_from(const json& value) {
  std::optional<SourceList> out = read_sources(value);
  if (!out) {
    refuse();
  }
  return std::move(*out);
}

/// True where read could take everything it wants out of text.
template <typename Read>
bool read_json(const std::string& text, Read read) {
  try {
    read(json::parse(text));
    return true;
  } catch (const json::exception&) {
    return false;
  }
}

}  // namespace

std::string send_parcel(int socket, const std::string& text, int image) {
  if (text.size() > kMaxParcelBytes) {
    return "a message of " + std::to_string(text.size()) + " bytes is too long";
  }
  const UniqueFd memory(::memfd_create("sluice-compile", MFD_CLOEXEC));
  if (!memory || !write_all(memory.get(), text)) {
    return errno_text("memfd");
  }
  ParcelHeader body{kParcelMagic, static_cast<uint32_t>(text.size())};
  iovec part{&body, sizeof body};
  const int fds[] = {memory.get(), image};
  const size_t bytes = sizeof(int) * (image >= 0 ? 2 : 1);
  alignas(cmsghdr) char rights[CMSG_SPACE(sizeof fds)] = {};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = rights;
  header.msg_controllen = CMSG_SPACE(bytes);
  cmsghdr* control = CMSG_FIRSTHDR(&header);
  control->cmsg_level = SOL_SOCKET;
  control->cmsg_type = SCM_RIGHTS;
  control->cmsg_len = CMSG_LEN(bytes);
  std::memcpy(CMSG_DATA(control), fds, bytes);
  return ::sendmsg(socket, &header, MSG_NOSIGNAL) == sizeof body ? "" : errno_text("cannot send");
}

ReceiveResult receive_parcel(int socket, Parcel& parcel) {
  char bytes[sizeof(ParcelHeader) + 1];  // so that a longer packet shows
  ReceivedPacket packet = receive_packet(socket, bytes);
  if (packet.size <= 0) {
    return ReceiveResult::Ended;
  }
  ParcelHeader body{};
  struct stat status {};
  std::memcpy(&body, bytes, std::min(sizeof body, static_cast<size_t>(packet.size)));
  if (static_cast<size_t>(packet.size) != sizeof body || packet.cut || body.magic != kParcelMagic ||
      packet.fd_count < 1 || packet.fd_count > 2 || body.size > kMaxParcelBytes ||
      ::fstat(packet.fds[0].get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return ReceiveResult::Wrong;
  }
  parcel.text.assign(body.size, '\0');
  parcel.image = std::move(packet.fds[1]);
  return read_all(packet.fds[0].get(), parcel.text) ? ReceiveResult::Got : ReceiveResult::Wrong;
}

std::string text_of(const CompileJob& job) {
  return dump({{"directory", job.directory.string()},
               {"generation", job.generation},
               {"kept", job.kept ? to_json(*job.kept) : json()},
               {"unless_digest", job.unless_digest},
               {"unless_written", job.unless_written},
               {"image_wanted", job.image_wanted},
               {"bypass_from_s", job.bypass.from_s},
               {"bypass_until_s", job.bypass.until_s}});
}

bool read_job(const std::string& text, CompileJob& job) {
  return read_json(text, [&](const json& value) {
    job.directory = value.at("directory").get<std::string>();
    job.generation = required_number<uint32_t>(value, "generation");
    if (!value.at("kept").is_null()) {
      job.kept = sources_from(value.at("kept"));
    }
    job.unless_digest = value.at("unless_digest").get<std::string>();
    job.unless_written = value.at("unless_written").get<std::string>();
    job.image_wanted = value.at("image_wanted").get<bool>();
    job.bypass = {required_number<int64_t>(value, "bypass_from_s"),
                  required_number<int64_t>(value, "bypass_until_s")};
  });
}

bool wants_image(const CompileJob& job, const SourceList& sources) {
  return job.image_wanted && digest_of(sources) != job.unless_digest &&
         (job.unless_written.empty() || written_digest_of(sources) != job.unless_written);
}

std::string text_of(const CompileOutcome& outcome) {
  json problems = json::array();
  for (const Diagnostic& each : outcome.diagnostics) {
    problems.push_back(problem_json(each));
  }
  return dump({{"diagnostics", std::move(problems)},
               {"facts", outcome.facts ? facts_json(*outcome.facts) : json()},
               {"sources", to_json(outcome.sources)},
               {"digest", outcome.digest},
               {"failure", outcome.failure}});
}

bool read_outcome(const std::string& text, CompileOutcome& outcome) {
  return read_json(text, [&](const json& value) {
    for (const json& each : value.at("diagnostics")) {
      outcome.diagnostics.push_back(read_problem(each));
    }
    if (!value.at("facts").is_null()) {
      outcome.facts = read_facts(value.at("facts"));
    }
    outcome.sources = sources_from(value.at("sources"));
    outcome.digest = value.at("digest").get<std::string>();
    outcome.failure = value.at("failure").get<std::string>();
  });
}

}  // namespace sluice::control
