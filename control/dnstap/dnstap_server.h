// control/dnstap: the Unix socket on which a resolver tells what it answered.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "control/base/event_loop.h"
#include "control/base/unique_fd.h"
#include "control/dnstap/answer_reader.h"
#include "control/dnstap/frame_stream.h"

namespace sluice::control {

/// So many resolvers, or threads of one, may be connected at once.
inline constexpr size_t kMaxResolvers = 64;

/// Takes dnstap from whoever may open the socket, and gives on what the answers bind. Runs on the loop's
/// thread and never waits for a resolver.
class DnstapServer {
 public:
  struct Counts {
    std::atomic<uint64_t> answers{0}, others{0}, unreadable{0};  ///< frames, see FrameKind
    std::atomic<uint64_t> refused{0};    ///< connections that were ended for what came
    std::atomic<uint64_t> connected{0};  ///< now
  };
  using Take = std::function<void(std::span<const Binding> bindings)>;

  DnstapServer(EventLoop& loop, Take take) : loop_(loop), take_(std::move(take)) {}
  ~DnstapServer() { listen({}); }
  DnstapServer(const DnstapServer&) = delete;
  DnstapServer& operator=(const DnstapServer&) = delete;

  /// Listens there from now on, and nowhere else; empty: nowhere. What cannot be is logged, and tried again
  /// when another path has been asked for.
  void listen(const std::string& path);

  const Counts& counts() const { return counts_; }

 private:
  struct Resolver {
    UniqueFd socket;
    FrameStream stream;
    bool gone = false;
  };
  void accept();
  void ready(uint64_t id);
  [[nodiscard]] std::string read(Resolver& resolver);
  void drop(uint64_t id);

  EventLoop& loop_;
  const Take take_;
  std::string path_;
  UniqueFd listener_;
  uint64_t last_id_ = 0;
  std::map<uint64_t, Resolver> resolvers_;
  std::vector<Binding> bindings_;  ///< of what was read last; kept for its memory
  Counts counts_;
};

}  // namespace sluice::control
