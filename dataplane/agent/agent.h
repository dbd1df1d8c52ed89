// agent: hears control: hands it the shared memory, takes images from it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <span>
#include <string>

#include "dataplane/agent/generation_switch.h"
#include "dataplane/contract/messages.h"

namespace sluice {

struct AgentConfig {
  std::string socket_path;
  std::string state_directory;  ///< for the last good image
  uid_t peer = 0;               ///< the only user whose connections are accepted (beside root)
  uint32_t workers = 1;
  int shared_fd = -1;  ///< the shared memory's memfd, handed to control
  /// Gives a binding to every worker; false where one of them has no room for it.
  std::function<bool(const Binding& binding)> bind;
  std::function<void()> each_second;  ///< what is to be looked at now and then; may be empty
};

/// The data plane's side of the SOCK_SEQPACKET socket. Runs on one thread, off the packet path. Control may
/// come, go, hang up in mid-message or send nonsense: the workers never notice.
class Agent {
 public:
  Agent(const AgentConfig& config, GenerationSwitch& generations)
      : config_(config), generations_(generations) {}
  ~Agent();
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  /// Binds the socket; one that nobody listens on any more is replaced. why: one sentence where it cannot be.
  [[nodiscard]] bool listen(std::string& why);
  /// Serves until stop_fd becomes readable.
  void serve(int stop_fd);

 private:
  bool let_peer_in() const;
  void accept_newcomer();
  void hear_newcomer();
  void hear();
  void hang_up(const char* why);
  void welcome();
  void load(const Message& request, int image_fd);
  void take(std::span<const Binding> bindings);
  void keep();
  void look();

  const AgentConfig config_;
  GenerationSwitch& generations_;
  int listen_fd_ = -1, peer_fd_ = -1;
  int newcomer_fd_ = -1;                            ///< has connected and said nothing yet
  bool to_keep_ = false;                            ///< what is in force is not yet kept for the next start
  bool bound_ = false;                              ///< the socket's file is ours to remove
  std::chrono::steady_clock::time_point looked_{};  ///< when each_second was called last
};

}  // namespace sluice
