// control/judge: a policy to be asked, with what people wrote beside it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "control/base/unique_fd.h"
#include "control/judge/judge.h"
#include "control/judge/written.h"

namespace sluice::control {

struct OpenedPolicy {
  std::string name;  ///< for people: the directory, or "the policy in force (generation 17)"
  std::unique_ptr<Judge> judge;
  std::shared_ptr<const WrittenPolicy> written;  ///< nullptr where the sources are not to be had
  std::string no_sources;                        ///< why
  uint32_t generation = 0;                       ///< of the policy in force
  bool enforced = true;                          ///< the data plane has it
};

/// A directory. problems: all that is wrong with it, with warnings. Returns nothing and says why in error.
[[nodiscard]] std::optional<OpenedPolicy> open_directory(const std::filesystem::path& directory,
                                                         const std::filesystem::path& feeds,
                                                         Diagnostics& problems, std::string& error);

/// What the daemon answered to `policy`, and the descriptor that came with it. Its image is what is asked;
/// its sources, as the daemon keeps them, only say where something stands.
[[nodiscard]] std::optional<OpenedPolicy> open_in_force(const nlohmann::json& answer, UniqueFd image,
                                                        std::string& error);

}  // namespace sluice::control
