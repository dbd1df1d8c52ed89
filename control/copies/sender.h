// control/copies: what brings lines to a far side.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

namespace sluice::control {

/// Why a copy does not get on.
enum class CopyFailure : uint8_t {
  None,
  Local,        ///< something of this machine: the log, the checkpoint, a key, a password
  Unreachable,  ///< no such name, no route, nobody listens
  Tls,          ///< no common TLS, or a certificate that is not believed
  Refused,      ///< it answers that it does not take it
  Timeout,
  Closed,  ///< the connection broke
};
inline constexpr std::string_view kCopyFailureWords[] = {"none",    "local",   "unreachable", "tls",
                                                         "refused", "timeout", "closed"};
inline constexpr size_t kCopyFailureCount = std::size(kCopyFailureWords);

struct SendResult {
  CopyFailure failure = CopyFailure::None;
  std::string why;  ///< for people, without password; empty where nothing failed
  bool good() const { return failure == CopyFailure::None; }
};

/// Lines that go at once.
struct CopyBatch {
  std::string lines;     ///< each with its line feed
  int64_t first_ns = 0;  ///< the least time of the first frame
  uint64_t records = 0;  ///< lines
  bool alone = false;    ///< all that was sent before counts as taken: no connection need be the one before
};

struct SendLimits {
  std::chrono::seconds connect{15};
  std::chrono::seconds stall{120};  ///< without a byte that goes on or an answer: slow lines may be slow
  std::chrono::milliseconds settle{2000};  ///< of syslog, see Sender::settle
};

/// Brings batches to one far side. One thread, but for stop.
class Sender {
 public:
  Sender() = default;
  virtual ~Sender() = default;
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  /// Good where the far side has said that it has taken all of it, as far as its protocol can say so.
  [[nodiscard]] virtual SendResult send(const CopyBatch& batch) = 0;
  /// How long the connection must have stayed whole after a batch before that batch counts as taken: 0 where
  /// the far side says so by itself.
  [[nodiscard]] virtual std::chrono::milliseconds settle() const = 0;
  /// Whether what was sent last may still count as taken.
  [[nodiscard]] virtual SendResult alive() = 0;
};

}  // namespace sluice::control
