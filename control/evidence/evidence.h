// control/evidence: one archive with all that an auditor asks for of a period.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "control/evidence/archive_writer.h"
#include "control/evidence/record.h"
#include "control/sealed/signing_key.h"

namespace sluice::control {

inline constexpr uint64_t kMaxReportBytes = uint64_t{256} << 20;

struct EvidenceOptions {
  std::filesystem::path log, state;
  std::filesystem::path policy;  ///< where papers lie that control does not keep; may be empty
  std::string since, until;      ///< as in `@timestamp`
  std::string site;
  bool pseudonyms = false, zh_first = true;
  std::vector<std::filesystem::path> reports;
  nlohmann::json registers;    ///< what lines_register told
  nlohmann::json witness;      ///< of the daemon's status; may be empty
  std::filesystem::path near;  ///< a directory on the disk of the archive
  int64_t now_ns = 0;
};

struct EvidenceFindings {
  EvidenceMade made;
  uint64_t bytes = 0;                ///< of the files that are in it
  uint64_t records = 0;              ///< of the period
  uint64_t problems = 0;             ///< that the check of log and history found
  uint64_t withheld = 0;             ///< records that could not be made anew
  std::vector<std::string> missing;  ///< what should be in it and is not to be had, each with why
  std::string signed_until;          ///< the log is signed up to here; empty: nothing of it is
};

/// what: a word for people. False stops.
using EvidenceProgress = std::function<bool(const char* what, uint64_t done, uint64_t all)>;
/// Has the daemon sign; gives the line as it stands in heads.jsonl. Returns an empty string, or why not.
using SignEvidence = std::function<std::string(const EvidenceMade& made, std::string& signed_line)>;

/// key: the log's. Returns an empty string, or why it cannot be; then what out wrote is of no use.
[[nodiscard]] std::string make_evidence(const EvidenceOptions& options, const SigningKey& key,
                                        const EvidenceProgress& progress, const SignEvidence& sign,
                                        ArchiveWriter& out, EvidenceFindings& findings);

}  // namespace sluice::control
