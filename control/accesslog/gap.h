// accesslog: the line that stands where records are missing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::control {

/// Records of one worker that no line tells of.
struct Gap {
  std::string_view reason;  ///< `log-full`: the ring was; `unclean-stop`: nobody knows whether there were any
  std::string_view site;    ///< left out where empty
  uint64_t boot = 0;        ///< of the data plane
  uint32_t worker = 0;
  uint64_t first = 0;                 ///< number of the first one; 0: not known
  uint64_t lost = 0;                  ///< how many; 0: not known
  int64_t from_ns = 0, until_ns = 0;  ///< times of the records around them
};

/// Appends one JSON object and a line feed; its event.id bears the first missing number, so no other line has
/// it.
void append_gap(std::string& out, const Gap& gap);

}  // namespace sluice::control
