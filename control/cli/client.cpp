// control/cli: asks the daemon.
#include "control/cli/client.h"

#include <sys/socket.h>

#include <cerrno>
#include <iostream>
#include <utility>

#include "control/base/files.h"
#include "control/base/json_fields.h"
#include "control/base/unix_socket.h"
#include "control/cli/commands.h"

namespace sluice::control {
namespace {

using nlohmann::json;

/// A daemon that compiles a large policy takes its time; one that is hung is not waited for for ever.
constexpr std::chrono::seconds kPatience{300};
constexpr size_t kMaxAnswerBytes = size_t{64} << 20;

}  // namespace

bool is_daemon_there(const std::string& socket, std::string& error) {
  return static_cast<bool>(connect_unix(socket, error));
}

std::optional<json> try_ask(const std::string& socket, const json& request, std::chrono::seconds patience,
                            std::string& error, UniqueFd* passed) {
  const auto cannot = [&error](std::string why) {
    error = std::move(why);
    return std::nullopt;
  };
  const UniqueFd fd = connect_unix(socket, error);
  if (!fd) {
    return cannot(error + (errno == EACCES ? " (it is for root and members of sluice-read)"
                                           : " (does sluice-control run?)"));
  }
  const timeval longest{patience.count(), 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &longest, sizeof longest);
  const std::string line = request.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  if (!write_all(fd.get(), line)) {
    return cannot(errno_text("cannot send to " + socket));
  }
  std::string answer;
  while (answer.find('\n') == std::string::npos) {
    char bytes[16384];
    ReceivedPacket part = receive_packet(fd.get(), bytes);
    if (part.size <= 0 || answer.size() > kMaxAnswerBytes) {
      return cannot(part.size == 0 ? "sluice-control hung up before it answered"
                                   : errno_text("no answer from " + socket));
    }
    if (passed != nullptr && part.fd_count == 1) {
      *passed = std::move(part.fds[0]);
    }
    answer.append(bytes, static_cast<size_t>(part.size));
  }
  json out = json::parse(answer, nullptr, false);
  if (!out.is_object()) {
    return cannot("sluice-control answered something else than a JSON object");
  }
  return out;
}

std::optional<json> ask(const std::string& socket, const json& request, UniqueFd* passed) {
  std::string error;
  std::optional<json> out = try_ask(socket, request, kPatience, error, passed);
  if (!out) {
    std::cerr << "sluicectl: " << error << "\n";
  }
  return out;
}

std::optional<json> order(const std::string& socket, const json& request, bool json_output, int& status) {
  const std::optional<json> answer = ask(socket, request);
  status = !answer || answer->contains("error") ? kCannot : kDone;
  if (answer && json_output) {
    std::cout << answer->dump(2) << "\n";
  } else if (answer && status == kCannot) {
    std::cerr << "sluicectl: " << text_at(*answer, "error") << "\n";
  }
  return status == kDone && !json_output ? answer : std::nullopt;
}

}  // namespace sluice::control
