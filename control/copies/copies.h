// control/copies: the copies of the access log that the policy in force names.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "control/copies/copy.h"

namespace sluice::control {

/// One thread for each copy. Any thread may call it.
class Copies {
 public:
  explicit Copies(CopyPaths paths, CopyLimits limits = {});
  ~Copies();
  Copies(const Copies&) = delete;
  Copies& operator=(const Copies&) = delete;

  /// What the policy in force says: copies that are new begin, those that are changed go on as they now are,
  /// the others end. Does not wait for anybody.
  void set(const LogPolicy& log);
  [[nodiscard]] std::vector<CopyStatus> status() const;

 private:
  std::unique_ptr<CopyThread> leaving(const std::string& name);

  const CopyPaths paths_;
  const CopyLimits limits_;
  const std::string host_;
  mutable std::mutex mutex_;  ///< guards the two below
  std::map<std::string, std::unique_ptr<CopyThread>> running_;
  std::vector<std::unique_ptr<CopyThread>> leaving_;  ///< that end
};

/// For `sluicectl status`.
[[nodiscard]] nlohmann::json to_json(const CopyStatus& status);

}  // namespace sluice::control
