// control/feeds: one look at a feed's server, from the question to what becomes of the answer.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "control/feeds/feed_store.h"
#include "control/feeds/fetch_limits.h"
#include "control/feeds/text_sink.h"
#include "control/feeds/transfer.h"
#include "control/policy/feed_copy.h"

namespace sluice::control {

enum class FetchResult : uint8_t {
  New,        ///< another text, which is the copy in force now
  Unchanged,  ///< the copy is still the newest
  Held,       ///< another text that differs too much from the copy; it waits to be accepted
  Refused,    ///< what came is no list, or not the one that was promised
  Failed,     ///< it could not be had, or not be kept
};
inline constexpr std::string_view kFetchResultWords[] = {"new", "unchanged", "held", "refused", "failed"};

struct FetchOutcome {
  FetchResult result = FetchResult::Failed;
  std::string why;  ///< of Held, Refused and Failed: one printable line
  std::chrono::seconds retry_after{0};
};

/// Fetches one feed, and its checksum after it, and keeps what is good. Run by a multi handle: handle() is to
/// be added, and when it is done, next() called.
class Fetch {
 public:
  /// store, limits: outlive this.
  Fetch(FeedSpec spec, const FeedStore& store, const FetchLimits& limits);

  CURL* handle() const { return transfer_->handle(); }
  /// The transfer has ended. Returns what became of the fetch; nothing where there is another transfer to be
  /// run.
  [[nodiscard]] std::optional<FetchOutcome> next(CURLcode code);

 private:
  std::optional<FetchOutcome> take_text(const TransferOutcome& outcome);
  void ask_for_checksum();
  FetchOutcome take_checksum(const TransferOutcome& outcome);
  FetchOutcome conclude(const std::string& promised);
  FetchOutcome confirm(CopyKind kind, FeedCopy copy);
  FetchOutcome keep(const FeedCopy& copy);

  const FeedSpec spec_;
  const FeedStore& store_;
  const FetchLimits& limits_;
  const FeedCopies before_;
  TextSink text_;
  std::string sums_;
  FeedCopy copy_;  ///< what is known of the text
  bool whole_ = false;
  std::unique_ptr<Transfer> transfer_;
};

}  // namespace sluice::control
