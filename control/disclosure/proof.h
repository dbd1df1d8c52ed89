// control/disclosure: says whether the lines of a disclosure stood in the log.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "control/disclosure/form.h"
#include "control/sealed/signing_key.h"
#include "control/segment/check.h"

namespace sluice::control {

/// What a disclosure is held against.
struct ProofOptions {
  std::string fingerprint;   ///< of the log's key, as somebody noted it; empty: any key will do
  WitnessedLines witnessed;  ///< what a witness was given; empty: nothing is compared
};

/// What reading a disclosure has found.
struct ProofFindings {
  static constexpr size_t kMaxTold = 100;  ///< of problems; further ones are counted

  std::string name, time;     ///< of the case; when the disclosure was made, as it says
  nlohmann::json query;       ///< what was asked for, as it says
  Acknowledged acknowledged;  ///< what the witness had, as it says
  std::string fingerprint;    ///< of the key in it
  nlohmann::json record;      ///< the signed line of who disclosed it; null: none, or not the key's
  uint64_t entries = 0;
  uint64_t lines = 0;                 ///< of the log, that it shows
  uint64_t proven = 0;                ///< of them
  uint64_t frames = 0, segments = 0;  ///< that have proven ones
  uint64_t compared = 0;              ///< signed lines that the witness has, too
  uint64_t unwitnessed = 0;           ///< signed lines that are newer than what the witness has
  std::vector<std::string> problems;  ///< each with its place
  uint64_t problem_count = 0;
};

/// Takes a disclosure entry by entry. Any bytes may come.
class DisclosureProof {
 public:
  DisclosureProof(const ProofOptions& options, ProofFindings& findings);

  /// text: without its line feed, at most kMaxEntry. Returns false where nothing can be said of the file: the
  /// first entry is not that of a disclosure, or names no key.
  [[nodiscard]] bool take(std::string_view text);
  /// rest: whether something without a line feed, or too long for an entry, follows.
  void finish(bool rest);

 private:
  /// The segment at hand.
  struct Segment {
    uint64_t number = 0, frames = 0;
    std::string last_header;   ///< SHA-256, as the signed line says; empty: no good signed line
    FrameHeader frame;         ///< the last one
    std::string frame_sha256;  ///< of its header; empty: there is none
    Sha256Bytes root{};        ///< of it
    uint64_t next_line = 0;    ///< no line with a lower place follows
    bool frame_has = false;    ///< a proven line
    uint64_t pending = 0, pending_frames = 0;  ///< proven as soon as the chain leads to the signed line
  };
  [[nodiscard]] bool take_start(const nlohmann::json& said);
  void take_segment(const nlohmann::json& said);
  void take_frame(const nlohmann::json& said);
  void take_line(const nlohmann::json& said);
  void take_record(const nlohmann::json& said, std::string_view text);
  void end_segment();
  [[nodiscard]] nlohmann::json read_signed(const nlohmann::json& said);
  void compare(const nlohmann::json& signed_line, const std::string& text);
  /// Of the entry at hand.
  void wrong(const std::string& what);
  void problem(std::string what);
  [[nodiscard]] std::string place() const;

  const ProofOptions& options_;
  ProofFindings& out_;
  std::unique_ptr<SigningKey> key_;
  Sha256 sum_;  ///< of all entries before the record
  Segment segment_;
  uint64_t last_segment_ = 0;  ///< number of the last one with a good signed line
  bool in_segment_ = false, ended_ = false;
};

/// Reads a disclosure. Returns an empty string; or why nothing can be said of it: it cannot be read, is none,
/// or was stopped by progress.
[[nodiscard]] std::string prove_disclosure(const std::filesystem::path& file, const ProofOptions& options,
                                           const LogProgress& progress, ProofFindings& findings);

}  // namespace sluice::control
