// control/api: the Unix socket on which people and tools speak to the daemon.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>

#include "control/api/roles.h"
#include "control/base/event_loop.h"
#include "control/base/unique_fd.h"

namespace sluice::control {

/// The longest request, without its line feed.
inline constexpr size_t kMaxRequestBytes = size_t{64} << 10;
/// So many may be connected at once; another one has to come again.
inline constexpr size_t kMaxClients = 64;

/// One JSON object a line in, one JSON object a line out, in the order of the requests. Runs on the loop's
/// thread and never waits for a client: what one does not read is kept for it, and until it has read it
/// nothing more of it is read.
class ApiServer {
 public:
  /// Handles a request, a JSON object, for a known command, of somebody whose roles allow it. Answers at once
  /// or later, by `answer`, exactly once.
  using Handler = std::function<void(uint64_t client, uid_t user, const nlohmann::json& request)>;

  struct Counts {
    std::atomic<uint64_t> refused{
        0};  ///< requests that are nobody's, or of somebody in none of the groups that may
  };

  ApiServer(EventLoop& loop, Handler handler, const RoleGroups& groups = RoleGroups());
  ~ApiServer();
  ApiServer(const ApiServer&) = delete;
  ApiServer& operator=(const ApiServer&) = delete;

  /// Returns an empty string, or why it cannot listen on path.
  [[nodiscard]] std::string listen(const std::string& path);

  /// Serves a connected socket of somebody whom another way than the socket's own has shown to be user.
  void adopt(UniqueFd socket, uid_t user, std::span<const gid_t> groups);

  /// Answers the request of a client. One that is gone is passed over. fd: passed on beside the answer's
  /// first byte; stays the caller's; -1: none.
  void answer(uint64_t client, const nlohmann::json& answer, int fd = -1);

  const Counts& counts() const { return counts_; }
  Counts& counts() { return counts_; }

 private:
  struct Client {
    UniqueFd socket;
    uid_t user = 0;
    RoleSet roles;
    std::string in, out;
    UniqueFd passed;     ///< goes out with the first byte
    bool busy = false;   ///< a request waits for its answer
    bool ended = false;  ///< it will send no more
    EventLoop::Timer timer = 0;
  };
  void accept();
  void ready(uint64_t id, uint32_t events);
  bool read(Client& client);
  void serve(uint64_t id);
  void handle_line(uint64_t id, Client& client, std::string_view line);
  void refuse(uint64_t id, const Client& client, const std::string& command, RoleSet needed);
  void write(uint64_t id);
  void restart_timer(uint64_t id, Client& client);
  void drop(uint64_t id);

  EventLoop& loop_;
  const Handler handler_;
  const RoleGroups groups_;
  Counts counts_;
  std::chrono::steady_clock::time_point refusal_said_{};
  std::string path_;
  UniqueFd listener_;
  uint64_t last_id_ = 0;
  std::map<uint64_t, Client> clients_;
};

/// The name of a user; `uid 1234` where there is none.
[[nodiscard]] std::string user_name(uid_t user);

}  // namespace sluice::control
