// control/evidence: a sealed file at one moment, while its daemon writes on it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "control/base/unique_fd.h"
#include "control/sealed/sealed_file.h"

namespace sluice::control {

/// So much of a sealed file as its head speaks of.
struct SealedCopy {
  UniqueFd lines;        ///< at its beginning
  uint64_t bytes = 0;    ///< of them: up to the line that the head names; all whole lines where there is none
  std::string head;      ///< the head's file, as it is
  SealedFindings found;  ///< of all of it
};

/// Returns an empty string, or why the files cannot be read. take: as for read_sealed.
[[nodiscard]] std::string copy_sealed(const SealedPaths& paths, const SigningKey& key, const TakeLine& take,
                                      SealedCopy& out);

}  // namespace sluice::control
