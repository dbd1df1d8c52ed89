// control/evidence: the signed line that says who made an archive.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "control/disclosure/record.h"

namespace sluice::control {

/// What an archive's signed line says of it.
struct EvidenceMade {
  std::string since, until;  ///< the period, as in `@timestamp`
  std::string sha256;        ///< of its MANIFEST.json
  uint64_t files = 0, segments = 0;
  bool pseudonyms = false;
};

/// What sluicectl asks of the daemon.
[[nodiscard]] nlohmann::json evidence_request(const EvidenceMade& made);

/// Answers it: writes the line down and gives it as `signed`; or `error`. uid, user: who asks.
[[nodiscard]] nlohmann::json record_evidence(const nlohmann::json& request, uid_t uid,
                                             const std::string& user, int64_t utc_ns,
                                             const AppendSigned& append);

/// Whether line is the key's own about this archive.
[[nodiscard]] bool is_record_of(const std::string& line, const EvidenceMade& made, const SigningKey& key);

}  // namespace sluice::control
