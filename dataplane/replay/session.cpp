// replay: captures through the pipeline, records out of it.
#include "dataplane/replay/session.h"

#include <xxhash.h>

#include <algorithm>
#include <cstdio>
#include <optional>

#include "control/accesslog/format.h"
#include "dataplane/replay/link_layer.h"

namespace sluice::replay {
namespace {

constexpr uint64_t kStartMs = 1'000'000;  // so that no time in the past is negative
// After a capture's last packet time goes on, in steps as a worker's, until all that waited has timed out.
constexpr int kSettleTurns = 2048;
constexpr uint64_t kSettleStepMs = 500;
constexpr int64_t kMsNs = 1'000'000;
constexpr uint64_t kMaxTurnsAtOnce = 64;

}  // namespace

/// The state of one file.
struct Session::FileRun {
  const std::string& path;
  uint64_t boot;
  std::unique_ptr<Gateway> gateway;
  Sides sides;
  std::optional<int64_t> first_ns;
  int64_t latest_ns = 0;
  Clock clock{kStartMs, 0};
  std::optional<uint32_t> unknown_link;
  uint64_t replayed = 0;
  uint64_t written = 0;  ///< records

  /// Time never goes back for time-outs; a record bears its packet's own time.
  void advance(int64_t time_ns) {
    if (!first_ns) first_ns = latest_ns = time_ns;
    latest_ns = std::max(latest_ns, time_ns);
    const uint64_t ms =
        kStartMs + (static_cast<uint64_t>(latest_ns) - static_cast<uint64_t>(*first_ns)) / 1'000'000;
    const uint64_t turns = std::min(ms - clock.ms, kMaxTurnsAtOnce);
    clock = {ms, time_ns};
    for (uint64_t turn = 0; turn < turns; ++turn) {
      gateway->housekeeping(clock);
      gateway->clear_output();
    }
  }
};

bool Session::fail(const std::string& path, const std::string& why) {
  std::fprintf(stderr, "sluice-replay: %s: %s\n", path.c_str(), why.c_str());
  ++totals_.failed_files;
  return false;
}

/// Numbers what is written: where ends are left out, so are theirs.
void Session::write(FileRun& run, const Record& record, std::string_view name) {
  const Policy& policy = config_.policy;
  ++run.written;
  const std::string id = control::event_id(run.boot, 0, config_.ends ? record.number : run.written);
  const auto line = policy.line_name(policy.network_line(record.network));
  control::append_record(line_, record, name, {config_.names, line, id, run.path});
}

void Session::take_records(FileRun& run) {
  run.gateway->drain(
      [this, &run](const Record& record, std::string_view name) {
        write(run, record, name);
        if (record.action < kActionCount) ++totals_.records[record.action];
      },
      [this, &run](const Record& record, std::string_view name) {
        if (config_.ends) write(run, record, name);
      });
  std::fwrite(line_.data(), 1, line_.size(), stdout);
  line_.clear();
}

void Session::packet(FileRun& run, const CapturedFrame& captured) {
  ++totals_.packets;
  if (!link_is_known(captured.link)) run.unknown_link = captured.link;
  if (!link_is_known(captured.link) || !to_ethernet(captured.link, captured.bytes, frame_) ||
      frame_.empty()) {
    ++totals_.left_out;
    return;
  }
  if (captured.bytes.size() < captured.original_size) ++totals_.cut_short;
  ++run.replayed;
  if (!config_.verify_checksums) mend_lengths(frame_);
  const std::span<const uint8_t> frame(frame_);
  Packet packet;
  const auto headers = frame.first(std::min(frame.size(), kMaxHeaderBytes));
  const Decoded decoded = decode_frame(headers, static_cast<uint32_t>(frame.size()), packet);
  const bool ip = decoded.kind == Decoded::Kind::Ip;
  const Side side = ip ? run.sides.side_of(packet, frame) : Side::Lan;
  run.advance(captured.time_ns);
  if (!run.gateway->process(frame, side, run.clock)) ++totals_.no_buffer;
  run.gateway->clear_output();
  take_records(run);
}

void Session::settle(FileRun& run) {
  for (int turn = 0; turn < kSettleTurns; ++turn) {
    run.clock.ms += kSettleStepMs;
    if (config_.ends) run.clock.utc_ns += static_cast<int64_t>(kSettleStepMs) * kMsNs;
    run.gateway->housekeeping(run.clock);
    run.gateway->clear_output();
    take_records(run);
  }
  run.gateway->stop(run.clock);
  take_records(run);
}

bool Session::replay(const std::string& path) {
  ++totals_.files;
  std::string error;
  const auto capture = Capture::open(path, error);
  if (capture == nullptr) return fail(path, error);
  PipelineConfig pipeline;
  pipeline.replay = true;
  pipeline.verify_checksums = config_.verify_checksums;
  pipeline.lines[0] = config_.policy.line_name(0);
  FileRun run{.path = path,
              .boot = XXH3_64bits(path.data(), path.size()),
              .gateway = Gateway::create(pipeline, config_.pool, config_.policy, config_.scratch),
              .sides = Sides(config_.lan)};
  if (run.gateway == nullptr) return fail(path, "no memory for its flows");
  CapturedFrame captured;
  ReadResult result;
  while ((result = capture->next(captured)) == ReadResult::Frame) packet(run, captured);
  settle(run);
  const WorkerStats& stats = run.gateway->stats();
  for (size_t reason = 0; reason < kReasonCount; ++reason)
    totals_.dropped[reason] += stats.dropped[reason].get();
  if (result == ReadResult::Failed) return fail(path, capture->error());
  if (run.unknown_link && run.replayed == 0) {
    return fail(path,
                "its link type " + link_name(*run.unknown_link) +
                    " is not one of Ethernet, raw IP, Linux cooked, null, PPP, Cisco HDLC, ARCnet and NFLOG");
  }
  return true;
}

}  // namespace sluice::replay
