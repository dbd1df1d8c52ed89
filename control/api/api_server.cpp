// control/api: serves the Unix socket.
#include "control/api/api_server.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <vector>

#include "control/base/json_fields.h"
#include "control/base/log_line.h"
#include "control/base/unix_socket.h"

namespace sluice::control {
namespace {

using nlohmann::json;

/// A client that says nothing, or does not read what it asked for, is dropped after this time.
constexpr std::chrono::seconds kPatience{60};
constexpr size_t kReadBytes = 16384;
/// Refusals are all counted; a line tells of one in so long.
constexpr std::chrono::seconds kBetweenRefusals{1};
constexpr size_t kLongestCommand = 32;

/// A command as it may stand in a line.
std::string shown(const std::string& command) {
  const bool plain = !command.empty() && command.size() <= kLongestCommand &&
                     command.find_first_not_of("abcdefghijklmnopqrstuvwxyz-") == std::string::npos;
  return plain ? "`" + command + "`" : "what was asked";
}

std::string all_commands() {
  std::string out;
  for (const std::string_view each : known_commands()) {
    out += (out.empty() ? "" : ", ") + std::string(each);
  }
  return out;
}

/// Sends what the kernel takes, and fd beside the first byte; fd -1: none.
ssize_t send_some(int socket, const std::string& text, int fd) {
  alignas(cmsghdr) char rights[CMSG_SPACE(sizeof fd)] = {};
  iovec part{const_cast<char*>(text.data()), text.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  if (fd >= 0) {
    header.msg_control = rights;
    header.msg_controllen = sizeof rights;
    cmsghdr* const item = CMSG_FIRSTHDR(&header);
    item->cmsg_level = SOL_SOCKET;
    item->cmsg_type = SCM_RIGHTS;
    item->cmsg_len = CMSG_LEN(sizeof fd);
    std::memcpy(CMSG_DATA(item), &fd, sizeof fd);
  }
  return ::sendmsg(socket, &header, MSG_NOSIGNAL);
}

}  // namespace

ApiServer::ApiServer(EventLoop& loop, Handler handler, const RoleGroups& groups)
    : loop_(loop), handler_(std::move(handler)), groups_(groups) {}

ApiServer::~ApiServer() {
  while (!clients_.empty()) {
    drop(clients_.begin()->first);
  }
  if (listener_) {
    loop_.forget(listener_.get());
    ::unlink(path_.c_str());
  }
}

std::string ApiServer::listen(const std::string& path) {
  std::string error;
  listener_ = listen_unix(path, 0660, error);
  if (listener_ && !loop_.watch(listener_.get(), EPOLLIN, [this](uint32_t) { accept(); })) {
    listener_.reset();
    error = "no epoll";
  }
  path_ = path;
  return error;
}

void ApiServer::accept() {
  UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!socket) {
    return;
  }
  uid_t user = 0;
  std::vector<gid_t> groups;
  if (groups_of_peer(socket.get(), user, groups)) {
    adopt(std::move(socket), user, groups);
  }
}

void ApiServer::adopt(UniqueFd socket, uid_t user, std::span<const gid_t> groups) {
  if (clients_.size() >= kMaxClients) {
    log_warning("api: a client was turned away, " + std::to_string(clients_.size()) + " are connected");
    return;
  }
  const uint64_t id = ++last_id_;
  const int fd = socket.get();
  if (!loop_.watch(fd, EPOLLIN, [this, id](uint32_t events) { ready(id, events); })) {
    return;
  }
  Client client;
  client.socket = std::move(socket);
  client.user = user;
  client.roles = groups_.roles_of(user, groups);
  restart_timer(id, clients_.emplace(id, std::move(client)).first->second);
}

void ApiServer::ready(uint64_t id, uint32_t events) {
  const auto found = clients_.find(id);
  if (found == clients_.end()) {
    return;
  }
  Client& client = found->second;
  if ((events & (EPOLLERR | EPOLLHUP)) != 0 && (events & EPOLLIN) == 0) {
    return drop(id);
  }
  if ((events & EPOLLOUT) != 0) {
    return write(id);
  }
  if (!read(client)) {
    return drop(id);
  }
  serve(id);
}

/// Reads what is there, up to a request and a bit. Returns false where the connection is broken.
bool ApiServer::read(Client& client) {
  char bytes[kReadBytes];
  const ssize_t got = ::recv(client.socket.get(), bytes, sizeof bytes, 0);
  if (got < 0) {
    return errno == EAGAIN || errno == EINTR;
  }
  if (got == 0) {
    client.ended = true;
    return true;
  }
  client.in.append(bytes, static_cast<size_t>(got));
  return true;
}

/// Takes requests out of what was read, until one has to wait for its answer.
void ApiServer::serve(uint64_t id) {
  auto found = clients_.find(id);
  while (found != clients_.end() && !found->second.busy && found->second.out.empty()) {
    Client& client = found->second;
    const size_t end = client.in.find('\n');
    if (end == std::string::npos && client.in.size() > kMaxRequestBytes) {
      client.in.clear();
      client.ended = true;
      client.busy = true;
      answer(id, {{"error", "a request has at most " + std::to_string(kMaxRequestBytes) + " bytes"}});
    } else if (end == std::string::npos) {
      break;
    } else {
      const std::string line = client.in.substr(0, end);
      client.in.erase(0, end + 1);
      handle_line(id, client, line);
    }
    found = clients_.find(id);
  }
  if (found == clients_.end()) {
    return;
  }
  Client& client = found->second;
  if (client.ended && !client.busy && client.out.empty()) {
    return drop(id);
  }
  // A client that is owed something is not read, so it cannot make the daemon keep more and more for it.
  const bool listening = !client.busy && client.out.empty() && !client.ended;
  loop_.change(client.socket.get(), client.out.empty() ? (listening ? EPOLLIN : 0u) : EPOLLOUT);
}

void ApiServer::handle_line(uint64_t id, Client& client, std::string_view line) {
  client.busy = true;
  if (line.size() > kMaxRequestBytes) {
    client.in.clear();
    client.ended = true;
    return answer(id, {{"error", "a request has at most " + std::to_string(kMaxRequestBytes) + " bytes"}});
  }
  const json request = json::parse(line, nullptr, false);
  if (!request.is_object()) {
    return answer(id, {{"error", "a request is one JSON object on one line"}});
  }
  const std::string command = text_at(request, "command");
  if (const RoleSet needed = roles_for(command); !client.roles.meets(needed)) {
    return refuse(id, client, command, needed);
  }
  loop_.cancel(client.timer);  // from here on it is the daemon that is waited for
  client.timer = 0;
  handler_(id, client.user, request);
}

void ApiServer::refuse(uint64_t id, const Client& client, const std::string& command, RoleSet needed) {
  counts_.refused.fetch_add(1, std::memory_order_relaxed);
  const std::string user = user_name(client.user);
  const bool known = needed != RoleSet();
  const std::string why =
      known ? shown(command) + " is for members of " + groups_of(needed) + "; " + user + " is not one of them"
            : shown(command) + " is no command";
  if (const auto now = std::chrono::steady_clock::now(); now - refusal_said_ >= kBetweenRefusals) {
    refusal_said_ = now;
    log_warning("api: refused: " + why + (known ? "" : ", asked by " + user));
  }
  answer(id, {{"error", known ? why : why + "; there are " + all_commands()}});
}

void ApiServer::answer(uint64_t id, const json& answer, int fd) {
  const auto found = clients_.find(id);
  if (found == clients_.end() || !found->second.busy) {
    return;
  }
  Client& client = found->second;
  client.busy = false;
  client.passed.reset(fd < 0 ? -1 : ::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  client.out = answer.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  restart_timer(id, client);
  loop_.change(client.socket.get(), EPOLLOUT);
}

void ApiServer::write(uint64_t id) {
  Client& client = clients_.at(id);
  const ssize_t sent = send_some(client.socket.get(), client.out, client.passed.get());
  if (sent < 0) {
    return errno == EAGAIN || errno == EINTR ? void() : drop(id);
  }
  client.passed.reset();
  client.out.erase(0, static_cast<size_t>(sent));
  restart_timer(id, client);
  if (client.out.empty()) {
    serve(id);
  }
}

void ApiServer::restart_timer(uint64_t id, Client& client) {
  loop_.cancel(client.timer);
  client.timer = loop_.after(kPatience, [this, id] { drop(id); });
}

void ApiServer::drop(uint64_t id) {
  const auto found = clients_.find(id);
  if (found != clients_.end()) {
    loop_.cancel(found->second.timer);
    loop_.forget(found->second.socket.get());
    clients_.erase(found);
  }
}

std::string user_name(uid_t user) {
  std::vector<char> buffer(16384);
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) {
    return found->pw_name;
  }
  return "uid " + std::to_string(user);
}

}  // namespace sluice::control
