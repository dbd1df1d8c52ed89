// control/feeds: one look at a feed's server, from the question to what becomes of the answer.
#include "control/feeds/fetch.h"

#include "control/base/clock.h"
#include "control/feeds/checksum_file.h"
#include "control/feeds/text_check.h"
#include "control/policy/feed_url.h"
#include "control/reload/state_store.h"

namespace sluice::control {
namespace {

FetchOutcome refused(std::string why) {
  return {FetchResult::Refused, std::move(why), {}};
}

/// Done, unless it could not be kept.
FetchOutcome kept(const std::string& problem, FetchResult result, std::string why = {}) {
  return problem.empty() ? FetchOutcome{result, std::move(why), {}}
                         : FetchOutcome{FetchResult::Failed, problem, {}};
}

bool is_url(const std::string& checksum) {
  return checksum.find(':') != std::string::npos;
}

}  // namespace

Fetch::Fetch(FeedSpec spec, const FeedStore& store, const FetchLimits& limits)
    : spec_(std::move(spec)),
      store_(store),
      limits_(limits),
      before_(store.read(spec_)),
      text_(store.temporary(spec_)) {
  // What is held back was asked for last: as long as the server has that, nothing comes.
  const std::optional<FeedCopy>& known = before_.held ? before_.held : before_.in_force;
  TransferRequest request{spec_.source.url, {}, {}, limits.most_bytes};
  if (known) {
    request.etag = known->etag;
    request.last_modified = known->last_modified;
  }
  transfer_ = std::make_unique<Transfer>(std::move(request), limits,
                                         [this](std::string_view bytes) { return text_.write(bytes); });
}

std::optional<FetchOutcome> Fetch::next(CURLcode code) {
  const TransferOutcome outcome = transfer_->finish(code);
  return whole_ ? take_checksum(outcome) : take_text(outcome);
}

std::optional<FetchOutcome> Fetch::take_text(const TransferOutcome& outcome) {
  if (outcome.kind == TransferOutcome::Kind::NotModified) {
    return before_.held ? confirm(CopyKind::Held, *before_.held)
                        : confirm(CopyKind::InForce, *before_.in_force);
  }
  if (outcome.kind == TransferOutcome::Kind::Failed || !text_.finish()) {
    return FetchOutcome{FetchResult::Failed, text_.problem().empty() ? outcome.why : text_.problem(),
                        outcome.retry_after};
  }
  whole_ = true;
  const int64_t now = utc_now_ns();
  copy_ = {text_.sha256(), text_.size(), 0, outcome.etag, outcome.last_modified, now, now};
  if (!is_url(spec_.source.checksum)) {
    return conclude(spec_.source.checksum);
  }
  ask_for_checksum();
  return std::nullopt;
}

void Fetch::ask_for_checksum() {
  transfer_ =
      std::make_unique<Transfer>(TransferRequest{spec_.source.checksum, {}, {}, limits_.most_sum_bytes},
                                 limits_, [this](std::string_view bytes) {
                                   sums_ += bytes;
                                   return true;
                                 });
}

FetchOutcome Fetch::take_checksum(const TransferOutcome& outcome) {
  if (outcome.kind != TransferOutcome::Kind::Whole) {
    return {FetchResult::Failed, "its checksum: " + outcome.why, outcome.retry_after};
  }
  const std::optional<std::string> sum = find_checksum(sums_, file_of_url(spec_.source.url));
  return sum ? conclude(*sum) : refused("its checksum: the file does not say one of this feed");
}

/// promised: the SHA-256 that it must have; empty: any.
FetchOutcome Fetch::conclude(const std::string& promised) {
  if (!promised.empty() && promised != copy_.sha256) {
    return refused("its SHA-256 is not the one that was promised");
  }
  for (const auto& [kind, known] :
       {std::pair(CopyKind::InForce, before_.in_force), {CopyKind::Held, before_.held}}) {
    if (known && known->sha256 == copy_.sha256) {
      copy_.entries = known->entries;
      copy_.fetched_ns = known->fetched_ns;
      return confirm(kind, copy_);
    }
  }
  TextCheck check = check_text(text_.path(), spec_.format);
  if (!check.problem.empty()) {
    return refused(std::move(check.problem));
  }
  copy_.entries = check.entries;
  return keep(copy_);
}

/// The server has the text that is known already.
FetchOutcome Fetch::confirm(CopyKind kind, FeedCopy copy) {
  copy.checked_ns = utc_now_ns();
  const std::string problem = store_.touch(spec_, kind, copy);
  if (problem.empty() && kind == CopyKind::InForce) {
    store_.drop_held(spec_);
  }
  return kept(problem, FetchResult::Unchanged);
}

FetchOutcome Fetch::keep(const FeedCopy& copy) {
  const uint64_t before = before_.in_force ? before_.in_force->entries : 0;
  if (before_.in_force && differs_by_more(copy.entries, before, spec_.source.max_change_percent)) {
    return kept(store_.keep(spec_, CopyKind::Held, text_, copy), FetchResult::Held,
                std::to_string(copy.entries) + " entries instead of " + std::to_string(before));
  }
  return kept(store_.keep(spec_, CopyKind::InForce, text_, copy), FetchResult::New);
}

}  // namespace sluice::control
