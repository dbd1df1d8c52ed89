// control/usage: the thread that counts rules' hits as the log grows.
#include "control/usage/hits_thread.h"

#include <sys/resource.h>
#include <unistd.h>

#include <utility>

#include "control/base/log_line.h"
#include "control/copies/cursor.h"

namespace sluice::control {
namespace {

constexpr int kLeastShare = 19;

}  // namespace

HitsThread::HitsThread(std::filesystem::path log, const std::filesystem::path& state,
                       std::chrono::milliseconds every)
    : log_(std::move(log)), file_(state / "rule-hits.json"), every_(every) {
  std::string error;
  counted_ = kept_ = read_hits(file_, error);
  if (!error.empty()) {
    log_warning("rules: " + error + "; their hits are counted anew, from the log's beginning");
  }
  thread_ = std::thread([this] { run(); });
}

HitsThread::~HitsThread() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

RuleHits HitsThread::hits() const {
  const std::lock_guard lock(mutex_);
  return kept_;
}

AccessCounts HitsThread::counts() const {
  const std::lock_guard lock(mutex_);
  return kept_names_;
}

void HitsThread::know(std::vector<std::string> rules, std::vector<std::string> networks) {
  {
    const std::lock_guard lock(mutex_);
    news_ = {std::move(rules), std::move(networks)};
  }
  wake_.notify_one();
}

/// Between two passes, when what was counted is kept, too.
void HitsThread::take_names() {
  const std::lock_guard lock(mutex_);
  if (const auto news = std::exchange(news_, std::nullopt); news) {
    counted_names_.rules.know(news->rules);
    counted_names_.networks.know(news->networks);
    kept_names_ = counted_names_;
  }
}

void HitsThread::complain(const std::string& why) {
  if (!std::exchange(complained_, true)) {
    log_warning("rules: their hits are not counted further: " + why + "; it is tried again");
  }
}

/// Counts some frames, and keeps what it counted. Returns whether there may be more.
bool HitsThread::pass(Cursor& cursor) {
  const LogPlace before = counted_.place;
  auto step = Cursor::Step::Frame;
  for (size_t frames = 0; frames < kFramesAtOnce && !stopping_; ++frames) {
    step = cursor.next(true);
    if (step != Cursor::Step::Frame) {
      break;
    }
    counted_.add(cursor.lines(), counted_names_);
    counted_.place = cursor.place();
  }
  if (step == Cursor::Step::Failed) {
    complain(cursor.error());
  }
  if (counted_.place == before) {
    return false;
  }
  if (const std::string why = write_hits(file_, counted_); !why.empty()) {
    complain(why);
    const std::lock_guard lock(mutex_);
    counted_ = kept_;  // what is not on disk is counted again
    counted_names_ = kept_names_;
    cursor.seek(counted_.place);
    return false;
  }
  complained_ = complained_ && step == Cursor::Step::Failed;
  const std::lock_guard lock(mutex_);
  kept_ = counted_;
  kept_names_ = counted_names_;
  return step == Cursor::Step::Frame;
}

void HitsThread::run() {
  // Linux gives each thread a priority of its own.
  [[maybe_unused]] const int unchanged =
      ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kLeastShare);
  SegmentList segments(log_);
  Cursor cursor(segments, [](const CursorNews&) {});  // whoever reads the log tells of its faults
  cursor.seek(counted_.place);
  while (!stopping_) {
    take_names();
    if (pass(cursor)) {
      continue;
    }
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, every_, [this] { return stopping_ || news_; });
  }
}

}  // namespace sluice::control
