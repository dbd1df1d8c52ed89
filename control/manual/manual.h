// control/manual: what a policy means for the people whom it is about.
#pragma once

#include <cstdint>
#include <string>

#include "control/page/language.h"
#include "control/policy/policy_source.h"
#include "control/policy/time_zone.h"

namespace sluice::control {

/// The policy, and which one it is.
struct ManualPolicy {
  const PolicySource* source = nullptr;  ///< never nullptr
  TimeZone zone;                         ///< the site's
  std::string directory;                 ///< of one that is not in force; empty: it is in force
  uint32_t generation = 0;               ///< of the one in force
  int64_t since_ns = 0;                  ///< from when it is; UTC since 1970
  std::string sha256;                    ///< of its image, or of the directory's sources
  int64_t made_ns = 0;                   ///< now; UTC since 1970
};

/// The access manual for employees, a whole page.
[[nodiscard]] std::string manual_page(const ManualPolicy& policy, Language language);
/// The short notice; one page of A4 for policies of a few networks.
[[nodiscard]] std::string notice_page(const ManualPolicy& policy, Language language);

}  // namespace sluice::control
