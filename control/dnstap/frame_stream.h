// control/dnstap: the framing of dnstap, Frame Streams, as the one who listens.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace sluice::control {

/// A message of DNS has at most 64 KiB; dnstap carries a question and its answer.
inline constexpr size_t kMaxFrame = size_t{160} << 10;

/// One connection's frames: the handshake, both ways or one way, then data frames, then the end. Keeps at
/// most one frame that has not come whole. Source: libfstrm's fstrm(3).
class FrameStream {
 public:
  using Frame = std::function<void(std::span<const uint8_t> payload)>;

  /// Takes what has come, cut anywhere; calls frame for each data frame; adds to reply what is to be said.
  /// Returns an empty string, or why the connection must end; it is of no use then.
  [[nodiscard]] std::string take(std::span<const uint8_t> bytes, const Frame& frame, std::string& reply);

  /// The sender has said that it is done.
  bool ended() const { return state_ == State::Ended; }

 private:
  enum class State {
    Opening,   ///< READY or START comes
    Accepted,  ///< START comes
    Open,
    Ended
  };
  [[nodiscard]] std::string take_control(std::span<const uint8_t> bytes, std::string& reply);

  State state_ = State::Opening;
  bool both_ways_ = false;
  std::vector<uint8_t> kept_;  ///< a frame that has not come whole
};

}  // namespace sluice::control
