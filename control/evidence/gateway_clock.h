// control/evidence: how far this machine's clock is off, as far as it can know.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::control {

struct ClockState {
  std::string source;              ///< who says so: chrony, or the kernel (adjtimex)
  std::optional<double> offset_s;  ///< from true time; nothing: not known
  double within_s = 0;             ///< by how much that may be wrong
  std::string why;                 ///< it is not known
};

/// Asks chrony where it is there, else the kernel.
[[nodiscard]] ClockState read_gateway_clock();

/// Of what `chronyc -c tracking` says; nothing where text is not that.
[[nodiscard]] std::optional<ClockState> read_tracking(std::string_view text);

}  // namespace sluice::control
