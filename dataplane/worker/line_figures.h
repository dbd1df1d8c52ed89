// worker: what tells whether a line answers: see LineStats.
#pragma once

#include <cstddef>
#include <cstdint>

#include "dataplane/contract/stats.h"
#include "dataplane/decode/packet.h"
#include "dataplane/flow/flow_table.h"
#include "dataplane/worker/pipeline.h"

namespace sluice {

inline constexpr uint32_t kAnswerMs = 3000;  ///< what is not answered by then is unanswered

/// Follows what the LAN opens, TCP's handshake and DNS' questions, by Flow::opening. Flows from the line are
/// not watched: their last step is a packet that nobody looks at.
class LineFigures {
 public:
  explicit LineFigures(WorkerStats& stats) : stats_(stats) {}

  /// A SYN passes.
  void asked(Flow& flow, Clock now) {
    if (!is_watched(flow)) return;
    if (flow.cold().opening != Opening::None) return asked_again(flow, now);
    line_of(flow).syns.asked.add();
    step(flow, Opening::Asked, now);
  }
  /// The same SYN, or another in place of it.
  void asked_again(Flow& flow, Clock now) {
    if (!is_watched(flow)) return;
    if (flow.cold().opening == Opening::None) return asked(flow, now);
    if (flow.cold().opening > Opening::Unanswered)
      return;  // its answer got lost on the LAN, which says so again
    line_of(flow).syns.repeated.add();
    if (flow.cold().opening == Opening::Asked) flow.cold().opening = Opening::AskedAgain;
  }
  /// A SYN-ACK passes.
  void syn_answered(Flow& flow, Clock now) {
    if (flow.cold().opening == Opening::None) return;
    LineStats& line = line_of(flow);
    if (flow.cold().opening >= Opening::Answered) {
      if (flow.cold().opening == Opening::Done) return;
      line.syn_acks.repeated.add();
      if (flow.cold().opening == Opening::Answered) flow.cold().opening = Opening::AnsweredAgain;
      return;
    }
    answered(line.syns, flow, Opening::Asked, Opening::Unanswered, now);
    line.syn_acks.asked.add();
    step(flow, Opening::Answered, now);
  }
  /// An RST from the line: it answers as well.
  void refused(Flow& flow, Clock now) {
    if (flow.cold().opening == Opening::None || flow.cold().opening > Opening::Unanswered) return;
    answered(line_of(flow).syns, flow, Opening::Asked, Opening::Unanswered, now);
    flow.cold().opening = Opening::Done;
  }
  /// A segment of the opener.
  void acknowledged(Flow& flow, uint8_t tcp_flags, Clock now) {
    if (flow.cold().opening < Opening::Answered || flow.cold().opening == Opening::Done || (tcp_flags & kSyn))
      return;
    answered(line_of(flow).syn_acks, flow, Opening::Answered, Opening::Unacknowledged, now);
    flow.cold().opening = Opening::Done;
  }
  /// A question of DNS passes.
  void question(Flow& flow, Clock now) {
    if (flow.key.transport != kUdp || !is_watched(flow)) return;
    Asking& questions = line_of(flow).questions;
    if (flow.cold().opening == Opening::Asked || flow.cold().opening == Opening::AskedAgain) {
      questions.repeated.add();
      flow.cold().opening = Opening::AskedAgain;
      return;
    }
    questions.asked.add();
    step(flow, Opening::Asked, now);
  }
  void question_answered(Flow& flow, Clock now) {
    if (flow.key.transport != kUdp || flow.cold().opening == Opening::None ||
        flow.cold().opening > Opening::Unanswered)
      return;
    answered(line_of(flow).questions, flow, Opening::Asked, Opening::Unanswered, now);
    flow.cold().opening = Opening::Done;
  }
  /// A segment whose bytes were read before passes.
  void repeated(const Flow& flow, size_t bytes) {
    constexpr size_t kKeepAlive = 1;
    if (bytes > kKeepAlive && is_watched(flow)) line_of(flow).hellos_repeated.add();
  }
  /// The flow's end.
  void ended(const Flow& flow) {
    if (!is_watched(flow) || !flow.has_passed()) return;
    LineStats& line = line_of(flow);
    line.ended.add();
    if (flow.packets[static_cast<size_t>(Side::Line)] == 0) line.one_way.add();
  }
  /// Now and then, each flow: what has waited too long is unanswered.
  void sweep(Flow& flow, Clock now) {
    constexpr uint32_t kWaits =
        1U << static_cast<unsigned>(Opening::Asked) | 1U << static_cast<unsigned>(Opening::AskedAgain) |
        1U << static_cast<unsigned>(Opening::Answered) | 1U << static_cast<unsigned>(Opening::AnsweredAgain);
    if (!(kWaits >> static_cast<unsigned>(flow.cold().opening) & 1) ||
        waited_us(flow, now) < kAnswerMs * 1000)
      return;
    const bool tcp = flow.key.transport == kTcp;
    // What was decided meanwhile was refused, or is no longer looked at.
    const bool open = !tcp || flow.state == FlowState::Undecided || flow.has(kFlowReopening);
    LineStats& line = line_of(flow);
    const bool of_lan = flow.cold().opening >= Opening::Answered;
    if (open) (of_lan ? line.syn_acks : tcp ? line.syns : line.questions).unanswered.add();
    flow.cold().opening = !open ? Opening::Done : of_lan ? Opening::Unacknowledged : Opening::Unanswered;
  }

 private:
  static bool is_watched(const Flow& flow) {
    return flow.key.pair < kMaxPairs && !flow.has(kFlowInbound);  // inside of a tunnel it is greater
  }
  LineStats& line_of(const Flow& flow) { return stats_.lines[flow.key.pair]; }
  /// The clock's microseconds. One that is set while somebody waits makes one odd figure.
  static uint32_t us(Clock now) {
    constexpr int64_t kNs = 1000;
    return static_cast<uint32_t>(now.utc_ns / kNs);
  }
  static uint32_t waited_us(const Flow& flow, Clock now) { return us(now) - flow.cold().step_us; }
  static void step(Flow& flow, Opening opening, Clock now) {
    flow.cold().opening = opening;
    flow.cold().step_us = us(now);
  }
  /// once: where the time is known. late: where it was counted as unanswered already.
  static void answered(Asking& asking, const Flow& flow, Opening once, Opening late, Clock now) {
    if (flow.cold().opening == late) return asking.late.add();
    asking.answered.add();
    constexpr uint64_t kNs = 1000;
    if (flow.cold().opening == once) asking.times.add(waited_us(flow, now) * kNs);
  }

  WorkerStats& stats_;
};

}  // namespace sluice
