// control/registry: people and machines of addresses.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <thread>
#include <vector>

#include "control/accesslog/who.h"
#include "control/link/shared_region.h"
#include "control/policy/identity_policy.h"
#include "control/registry/sessions.h"
#include "control/registry/store.h"
#include "control/registry/watched_files.h"

namespace sluice::control {

/// What is told of an address by ARP or ND holds for so long.
inline constexpr int64_t kNeighbourHoldsNs = 3'600'000'000'000;

/// A file's state, for people.
struct IdentityFileStatus {
  std::string name;     ///< of the policy; `table`
  std::string pattern;  ///< its path
  uint64_t held = 0;    ///< what it says
  std::vector<std::string> problems;
  uint64_t problem_count = 0;
};

/// Everything that knows anything of people, and who it was. Files and neighbours are looked at once a
/// second, by a thread of its own. Any thread may call.
class Registry {
 public:
  struct Counts {
    std::array<std::atomic<uint64_t>, kNoUserCount> records{};  ///< by NoUser
    std::atomic<uint64_t> machines{0};                          ///< records that bear a machine
    std::atomic<uint64_t> save_errors{0}, state_set_aside{0};
    std::atomic<uint64_t> read_problems{0};  ///< places of files that could not be understood
    std::atomic<uint64_t> overwritten{0};    ///< neighbours that the data plane had no room for
  };
  struct Figures {
    std::array<uint64_t, kHoldingSourceCount> held{};
    std::array<uint64_t, kRefusedCount> refused{};
    size_t sessions = 0;
  };

  using ClockFunction = std::function<int64_t()>;  ///< UTC nanoseconds since 1970

  /// state: a directory; what was kept there is taken up.
  explicit Registry(const std::filesystem::path& state);
  /// By another clock, with nothing kept, and nothing looked at but by look().
  explicit Registry(ClockFunction clock);
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  /// From now on the policy says so.
  void set(const IdentityPolicy& identity);
  void set_region(std::shared_ptr<SharedRegion> region);
  /// Reads what has changed, as the thread does once a second. Where there is a thread, it alone calls.
  void look();

  /// Fills in who, see WhoOf: of the moment of an access, or at which what a flow's end tells of began.
  void attribute(const Record& record, bool shared, Who& who);
  /// Of a RADIUS packet. Returns 0 where it may be answered at once, else what kept() must have reached: an
  /// end that were forgotten would be a wrong name.
  [[nodiscard]] uint64_t take(const Address& client, const RadiusRequest& request);
  /// How many ends are on the disk.
  uint64_t kept() const { return kept_.load(std::memory_order_acquire); }

  /// The answers to `bind`, `unbind` and `who`.
  [[nodiscard]] nlohmann::json bind(const nlohmann::json& request);
  [[nodiscard]] nlohmann::json unbind(const nlohmann::json& request);
  [[nodiscard]] nlohmann::json who(const nlohmann::json& request);

  const Counts& counts() const { return counts_; }
  [[nodiscard]] Figures figures() const;
  [[nodiscard]] std::vector<IdentityFileStatus> files() const;

 private:
  struct Source {
    IdentityFileStatus status;
    IdentityLeases leases;  ///< without a format's file: the table
    bool is_table = false;
    bool always = false;  ///< what it says first, and not since when, has always been so
    uint8_t origin = 0;
    WatchedFiles files;

    bool reads_as(const Source& other) const {
      return is_table == other.is_table && leases == other.leases && files.pattern() == other.files.pattern();
    }
  };

  void run();
  void apply(const IdentityPolicy& identity, int64_t now_ns);
  void read_source(Source& source, int64_t now_ns);
  void poll_neighbours(int64_t now_ns);
  void save(int64_t now_ns, bool stopping);
  void restore();
  uint8_t origin_of(const std::string& name);
  nlohmann::json shown(const HoldingStore::Found& found, int64_t at_ns) const;

  const std::filesystem::path state_;  ///< empty: nothing is kept
  const ClockFunction clock_;
  Counts counts_;

  mutable std::mutex mutex_;  ///< guards all up to the sources
  std::condition_variable wake_;
  HoldingStore store_;
  RadiusSessions sessions_{store_};
  std::optional<IdentityPolicy> pending_;  ///< that the thread has not taken up yet
  IdentityPolicy policy_;
  bool users_set_ = false;
  std::vector<std::string> origins_;  ///< names of the files of leases, by origin
  std::shared_ptr<SharedRegion> region_;
  std::vector<IdentityFileStatus> statuses_;
  bool changed_ = false, ended_ = false;  ///< since what was kept last
  uint64_t ends_ = 0;                     ///< told by RADIUS
  bool stopping_ = false;

  std::atomic<uint64_t> kept_{0};

  // The thread's own.
  std::vector<Source> sources_;
  IdentityPolicy taken_;                         ///< what sources_ is made of
  std::map<size_t, uint64_t> neighbour_writes_;  ///< by worker, of the region that was looked at last
  uint64_t neighbour_boot_ = 0;
  int64_t saved_ns_ = 0, pruned_ns_ = 0;
  bool complained_ = false;
  std::thread thread_;
};

}  // namespace sluice::control
