// control/copies: reads, sends, and remembers how far.
#include "control/copies/copy.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "control/base/clock.h"
#include "control/base/files.h"
#include "control/base/log_line.h"
#include "control/base/sha256.h"
#include "control/base/utc.h"
#include "control/copies/clickhouse.h"
#include "control/copies/syslog.h"

namespace sluice::control {
namespace {

constexpr int kNice = 19;
constexpr size_t kMaxTold = 1000;  ///< news that are remembered, not to be said twice
constexpr int64_t kSecondNs = 1'000'000'000;

/// As the policy's names are: it becomes a file's name.
bool is_copy_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

}  // namespace

std::string target_of(const LogCopy& copy) {
  return sha256_hex(std::string(kCopyWords[static_cast<size_t>(copy.kind)]) + '\0' + copy.host + '\0' +
                    std::to_string(copy.port) + '\0' +
                    (copy.kind == LogCopy::Kind::Clickhouse ? copy.database : std::string()));
}

std::unique_ptr<Sender> make_sender(const CopyPlan& plan, const SendLimits& limits,
                                    const std::atomic<bool>& stop) {
  return plan.copy.kind == LogCopy::Kind::Clickhouse ? clickhouse_sender(plan.copy, limits, stop)
                                                     : syslog_sender(plan.copy, plan.host, limits, stop);
}

CopyThread::CopyThread(CopyPaths paths, CopyPlan plan, CopyLimits limits, std::unique_ptr<CopyThread> before,
                       MakeSender make)
    : paths_(std::move(paths)),
      plan_(std::move(plan)),
      limits_(limits),
      make_(std::move(make)),
      before_(std::move(before)),
      segments_(paths_.log),
      cursor_(segments_, [this](const CursorNews& news) { take_news(news); }),
      scout_(segments_, [](const CursorNews&) {}),
      retry_(limits_.first_retry) {
  now_.plan = status_.plan = plan_;
  thread_ = std::thread([this] { run(); });
}

CopyThread::~CopyThread() {
  stop();
}

void CopyThread::stop() {
  stop_soon();
  if (thread_.joinable()) {
    thread_.join();
  }
}

CopyStatus CopyThread::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

void CopyThread::stop_soon() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
}

void CopyThread::run() {
  // Linux gives each thread a priority of its own.
  [[maybe_unused]] const int unchanged = ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice);
  if (before_) {
    before_->stop();
    now_ = before_->status();
    now_.plan = plan_;
    now_.error.clear();
    before_.reset();
  }
  while (!stopping_) {
    const std::chrono::milliseconds wait = turn();
    std::unique_lock lock(mutex_);
    status_ = now_;
    wake_.wait_for(lock, wait, [this] { return stopping_.load(); });
  }
  finished_ = true;
}

/// Returns how long to wait before the next one.
std::chrono::milliseconds CopyThread::turn() {
  if (!ready_) {
    if (std::string why = prepare(); !why.empty()) {
      note({CopyFailure::Local, std::move(why)});
      return std::exchange(retry_, std::min(limits_.most_retry, 2 * retry_));
    }
    ready_ = true;
  }
  const SendResult result = advance();
  reckon();
  if (stopping_) {
    return {};
  }
  note(result);
  warn_of_delay();
  if (!result.good()) {
    return std::exchange(retry_, std::min(limits_.most_retry, 2 * retry_));
  }
  retry_ = limits_.first_retry;
  const bool more = !batch_.lines.empty();
  return more ? std::chrono::milliseconds(0) : limits_.every;
}

std::string CopyThread::prepare() {
  if (!is_copy_name(plan_.copy.name)) {
    return "a copy cannot have this name";
  }
  if (std::string why = make_directory(paths_.checkpoints()); !why.empty()) {
    return why;
  }
  if (plan_.pseudonyms) {
    std::string error;
    pseudonyms_ = Pseudonyms::open_or_make(paths_.key(), plan_.copy.recipient, error);
    if (!pseudonyms_) {
      return error;
    }
  }
  sender_ = make_(plan_, limits_.send, stopping_);
  return begin();
}

/// Finds where the copy goes on.
std::string CopyThread::begin() {
  const std::string name = "copy " + plan_.copy.name + ": ", target = target_of(plan_.copy);
  std::string error;
  checkpoint_ = read_checkpoint(paths_.checkpoints() / (plan_.copy.name + ".json"), error);
  if (!error.empty()) {
    log_error(name + error + "; it begins anew with the oldest record that there is");
  } else if (checkpoint_.target.empty()) {
    log_info(name + "is new, and begins with the oldest record that there is");
  } else if (checkpoint_.target != target) {
    log_info(name + "goes elsewhere now, and begins anew with the oldest record that there is");
  }
  if (checkpoint_.target != target) {
    checkpoint_ = {};
  }
  checkpoint_.target = target;
  now_.missed_segments = checkpoint_.missed_segments;
  now_.missed_records = checkpoint_.missed_records;
  now_.taken_ns = checkpoint_.taken_ns;
  cursor_.seek(checkpoint_.place);
  scout_.seek(checkpoint_.place);
  return save();
}

/// Sends one batch, where there is one, and moves the checkpoint as far as was taken.
SendResult CopyThread::advance() {
  if (unsaved_) {
    if (std::string why = save(); !why.empty()) {
      return {CopyFailure::Local, std::move(why)};
    }
  }
  if (SendResult result = take_settled(); !result.good()) {
    return result;
  }
  const std::string unread = fill();
  survey();
  {
    const std::lock_guard lock(mutex_);
    status_ = now_;  // a send may take long
  }
  const LogPlace& before = sent_.empty() ? checkpoint_.place : sent_.back().end;
  if (cursor_.place() != before && !stopping_) {
    if (!batch_.lines.empty()) {
      batch_.alone = sent_.empty();
      if (SendResult result = sender_->send(batch_); !result.good()) {
        if (!sent_.empty()) {
          rewind();
        }
        return result;
      }
    } else if (sent_.empty()) {
      checkpoint_.place = cursor_.place();  // all that was read is withheld or damaged
      batch_ = {};
      std::string why = save();
      return {why.empty() ? CopyFailure::None : CopyFailure::Local, std::move(why)};
    }
    sent_.push_back({cursor_.place(), batch_.records, batch_.first_ns, Clock::now()});
    const bool full = batch_.lines.size() >= limits_.batch_bytes;
    batch_ = {};
    if (SendResult result = take_settled(); !result.good()) {
      return result;
    }
    if (full) {
      [[maybe_unused]] const std::string again = fill();  // what is wrong with the log, the next turn says
    }
  }
  return unread.empty() ? SendResult{} : SendResult{CopyFailure::Local, unread};
}

/// Reads as many lines as go at once. Returns an empty string, or why the log cannot be read further.
std::string CopyThread::fill() {
  while (batch_.lines.size() < limits_.batch_bytes && !stopping_) {
    const Cursor::Step step = cursor_.next(true);
    if (step != Cursor::Step::Frame) {
      return step == Cursor::Step::Failed ? cursor_.error() : std::string();
    }
    if (batch_.first_ns == 0) {
      batch_.first_ns = cursor_.header().first_ns;
    }
    append_lines(cursor_.lines());
  }
  return {};
}

void CopyThread::append_lines(std::string_view lines) {
  if (!pseudonyms_) {
    batch_.records += cursor_.header().records;
    batch_.lines += lines;
    return;
  }
  while (!lines.empty()) {
    const size_t end = lines.find('\n');  // a frame's lines each have one
    if (const auto line = pseudonyms_->line(lines.substr(0, end))) {
      batch_.lines += *line;
      batch_.lines += '\n';
      ++batch_.records;
    } else {
      ++now_.withheld;
    }
    lines.remove_prefix(std::min(end, lines.size() - 1) + 1);
  }
}

/// How far the log goes beyond what was taken.
void CopyThread::survey() {
  for (size_t i = 0; i < limits_.headers_a_turn && !stopping_; ++i) {
    if (scout_.next(false) != Cursor::Step::Frame) {
      break;
    }
  }
  now_.behind_bytes = Cursor::bytes_behind(segments_, checkpoint_.place);
  reckon();
}

void CopyThread::reckon() {
  const uint64_t ahead = std::max(scout_.place().records, cursor_.place().records);
  now_.behind_records = ahead - std::min(ahead, checkpoint_.place.records);
  now_.behind_bytes = now_.behind_records == 0 ? 0 : now_.behind_bytes;
  now_.behind_since_ns = sent_.empty() ? batch_.first_ns : sent_.front().first_ns;
}

/// Moves the checkpoint behind what counts as taken by now.
SendResult CopyThread::take_settled() {
  if (sent_.empty()) {
    return {};
  }
  if (SendResult result = sender_->alive(); !result.good()) {
    rewind();
    return result;
  }
  const Clock::time_point now = Clock::now();
  bool moved = false;
  while (!sent_.empty() && sent_.front().at + sender_->settle() <= now) {
    checkpoint_.place = sent_.front().end;
    now_.records += sent_.front().records;
    sent_.pop_front();
    moved = true;
  }
  if (moved) {
    now_.taken_ns = checkpoint_.taken_ns = utc_now_ns();
    if (std::string why = save(); !why.empty()) {
      return {CopyFailure::Local, std::move(why)};
    }
  }
  return {};
}

std::string CopyThread::save() {
  std::string why = write_checkpoint(paths_.checkpoints() / (plan_.copy.name + ".json"), checkpoint_);
  unsaved_ = !why.empty();
  return why;
}

/// What was sent and may not have been taken is read and sent again.
void CopyThread::rewind() {
  for (const Sent& each : sent_) {
    now_.resent += each.records;
  }
  sent_.clear();
  batch_ = {};
  cursor_.seek(checkpoint_.place);
}

void CopyThread::note(const SendResult& result) {
  const std::string name = "copy " + plan_.copy.name + ": ";
  if (!result.good()) {
    ++now_.failures[static_cast<size_t>(result.failure)];
    if (result.failure != last_failure_) {
      log_warning(name + result.why + "; it is tried again");
    }
  } else if (!now_.error.empty()) {
    log_info(name + "gets lines again");
  }
  last_failure_ = result.failure;
  now_.error = result.why;
}

void CopyThread::take_news(const CursorNews& news) {
  if (told_.size() >= kMaxTold) {
    told_.clear();
  }
  if (!told_.insert(news.what).second) {
    return;
  }
  const std::string what = "copy " + plan_.copy.name + ": " + news.what;
  switch (news.kind) {
    case CursorNews::Kind::Missed:
      checkpoint_.missed_segments += news.segments;
      checkpoint_.missed_records += news.records;
      now_.missed_segments = checkpoint_.missed_segments;
      now_.missed_records = checkpoint_.missed_records;
      return log_error(what);
    case CursorNews::Kind::Damaged:
      ++now_.damaged;
      return log_error(what + "; what cannot be read is not copied");
    case CursorNews::Kind::Again:
      scout_.seek(checkpoint_.place);
      return log_warning(what + "; lines are sent again");
  }
}

void CopyThread::warn_of_delay() {
  const auto now = Clock::now();
  const int64_t late_ns = now_.behind_since_ns == 0 ? 0 : utc_now_ns() - now_.behind_since_ns;
  if (late_ns < std::chrono::nanoseconds(limits_.alarm).count() || now - alarmed_ < limits_.alarm) {
    return;
  }
  alarmed_ = now;
  log_error("copy " + plan_.copy.name + ": has nothing since " + utc_text(now_.behind_since_ns) + ", " +
            std::to_string(late_ns / kSecondNs) + " seconds; at least " +
            std::to_string(now_.behind_records) +
            " records wait, and go lost for it when their term is over");
}

}  // namespace sluice::control
