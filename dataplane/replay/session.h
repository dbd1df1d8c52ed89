// replay: captures through the pipeline, records out of it.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "control/accesslog/names.h"
#include "dataplane/replay/capture.h"
#include "dataplane/replay/gateway.h"
#include "dataplane/replay/sides.h"

namespace sluice::replay {

/// What was replayed, over all files.
struct Totals {
  uint64_t files = 0, failed_files = 0;
  uint64_t packets = 0;
  uint64_t cut_short = 0;  ///< captured with fewer bytes than were on the wire
  uint64_t left_out = 0;   ///< of a link type that cannot be replayed, or damaged in its link header
  uint64_t no_buffer = 0;
  std::array<uint64_t, kActionCount> records{};
  std::array<uint64_t, kReasonCount> dropped{};
};

struct SessionConfig {
  const Policy& policy;
  Scratch& scratch;
  const control::ImageNames& names;
  rte_mempool* pool;
  std::span<const LanPrefix> lan;  ///< empty: whoever opens a flow is on the LAN
  bool verify_checksums = false;
  bool ends = false;  ///< records of flows' ends too; those that are open when a file ends are stopped
};

/// Replays one file after the other, each with fresh state, and writes records to standard output.
class Session {
 public:
  explicit Session(const SessionConfig& config) : config_(config) {}

  /// Returns false, having said why on standard error, where path cannot be read to its end; what could be
  /// read is replayed all the same.
  bool replay(const std::string& path);
  const Totals& totals() const { return totals_; }

 private:
  struct FileRun;
  void packet(FileRun& run, const CapturedFrame& captured);
  void settle(FileRun& run);
  void write(FileRun& run, const Record& record, std::string_view name);
  void take_records(FileRun& run);
  bool fail(const std::string& path, const std::string& why);

  const SessionConfig config_;
  Totals totals_;
  std::vector<uint8_t> frame_;
  std::string line_;
};

}  // namespace sluice::replay
