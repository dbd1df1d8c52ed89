// control/registry: the sessions that RADIUS accounting tells of.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "control/registry/radius.h"
#include "control/registry/store.h"

namespace sluice::control {

inline constexpr size_t kMaxSessions = 262'144;       ///< those that ended of late included
inline constexpr uint32_t kMaxRadiusDelayS = 86'400;  ///< a packet that says it is older is taken as so old

/// Makes holdings of packets. Not for several threads at once.
class RadiusSessions {
 public:
  explicit RadiusSessions(HoldingStore& store) : store_(store) {}

  /// Of a request that was read. client: who sent it. Returns whether something ended.
  bool take(const Address& client, const RadiusRequest& request, int64_t max_age_ns, int64_t now_ns);
  /// Forgets those that ended, or were heard of last, long ago.
  void prune(int64_t now_ns);
  size_t size() const { return sessions_.size(); }

  /// To be kept, and back: false where value is none of ours. The holdings are the store's.
  [[nodiscard]] nlohmann::json to_json() const;
  [[nodiscard]] bool restore(const nlohmann::json& value);

 private:
  struct Session {
    uint64_t id = 0;
    std::vector<HoldingKey> keys;
    std::string user;
    Mac mac = 0;
    int64_t last_ns = 0;  ///< when it was heard of, or ended
    bool ended = false;   ///< what comes of it now is a repetition
  };
  using Name = std::pair<Address, std::string>;  ///< client and Acct-Session-Id

  void end(Session& session, int64_t at_ns);

  HoldingStore& store_;
  std::map<Name, Session> sessions_;
  uint64_t last_id_ = 0;
};

}  // namespace sluice::control
