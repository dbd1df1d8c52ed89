// accesslog: the thread that writes the log.
#include "control/accesslog/access_log.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "control/accesslog/format.h"
#include "control/accesslog/gap.h"
#include "control/base/clock.h"
#include "control/base/log_line.h"

namespace sluice::control {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kIdle{20};  ///< between two looks at empty rings
constexpr milliseconds kAfterWrite{
    500};  ///< lets records gather: long frames pack better, one sync serves many
constexpr milliseconds kAfterRefusal{500};
/// On a disk that is slow: well within the time that the unit gives. A stopped data plane's memory goes with
/// us.
constexpr milliseconds kLongestStop{20'000};
constexpr size_t kRoom = 3 * kMaxLogLine;  ///< for a record and the gaps before it
constexpr size_t kRecordsPerTurn = 256;    ///< of one worker, before the next one has its turn
constexpr size_t kNamesKept = 32;          ///< generations
/// While repeats are waited for, no more of a ring is held back: what is left is for a disk that stands
/// still.
constexpr uint64_t kHeldShare = 4;

/// Of an address (RFC 1035 3.5, RFC 3596 2.5).
bool is_reverse_name(std::string_view name) {
  return name.ends_with(".in-addr.arpa") || name.ends_with(".ip6.arpa");
}

}  // namespace

AccessLog::AccessLog(std::unique_ptr<SegmentWriter> writer, NamesOf names_of, WhoOf who_of,
                     std::unique_ptr<LogPseudonyms> pseudonyms)
    : writer_(std::move(writer)),
      names_of_(std::move(names_of)),
      who_of_(std::move(who_of)),
      pseudonyms_(std::move(pseudonyms)),
      broken_off_ns_(writer_->broken_off_ns()),
      thread_([this] { run(); }) {}

void AccessLog::add_region(std::shared_ptr<SharedRegion> region) {
  {
    const std::lock_guard lock(mutex_);
    arrived_.push_back(std::move(region));
  }
  wake_.notify_one();
}

void AccessLog::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    stop_at_ = std::chrono::steady_clock::now() + kLongestStop;
  }
  wake_.notify_one();
  if (thread_.joinable()) {
    thread_.join();
  }
}

void AccessLog::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    for (auto& region : std::exchange(arrived_, {})) {
      if (!sources_.empty() && sources_.back().region == region) {
        continue;  // only the connection was new
      }
      Source source{region, {}};
      for (size_t i = 0; i < region->worker_count(); ++i) {
        const auto worker = static_cast<uint32_t>(i);
        source.readers.emplace_back(region->ring(i), writer_->last_number(region->boot(), worker));
      }
      sources_.push_back(std::move(source));
    }
    if (stopping_ && !std::exchange(last_set_, true)) {
      for_each_reader([](RingReader& reader) { reader.set_last(); });
    }
    const bool stopping = stopping_;
    lock.unlock();
    const Pass done = pass(stopping);
    lock.lock();
    // Under traffic there are always new ones: what came after it was to stop may wait.
    bool all_read = true;
    for_each_reader([&](const RingReader& reader) { all_read &= reader.is_done(); });
    if (stopping && (done != Pass::Written || all_read || std::chrono::steady_clock::now() > stop_at_)) {
      note_counts();
      note_written(writer_->close(utc_now_ns()));
      return;  // what the rings still hold waits there for the next control
    }
    if (done != Pass::Written || !backlog_) {
      wake_.wait_for(lock, wait_after(done), [this] { return stopping_ || !arrived_.empty(); });
    }
  }
}

milliseconds AccessLog::wait_after(Pass done) const {
  switch (done) {
    case Pass::Idle:
      return kIdle;
    case Pass::Gathering:
      return std::clamp(left_to_gather(), kIdle, kAfterWrite);
    case Pass::Written:
      break;
    case Pass::Refused:
      return kAfterRefusal;
  }
  return fold_s_.load(std::memory_order_relaxed) == 0 ? kAfterWrite : kIdle;
}

AccessLog::Pass AccessLog::pass(bool stopping) {
  if (batch_.empty() && pseudonyms_) {
    if (const std::string why = pseudonyms_->begin(utc_now_ns()); !why.empty()) {
      note_written(why);
      return Pass::Refused;  // no line may be written without them
    }
  }
  if (!batch_closed_) {
    do {
      fill();
    } while (batch_.empty() && drop_finished_source());
  }
  note_counts();
  if (batch_.empty()) {
    if (!sources_.empty()) {
      for (RingReader& reader : sources_.front().readers) {
        reader.release();  // what was passed over holds no record
      }
    }
    note_written(writer_->tick(utc_now_ns()));
    return Pass::Idle;
  }
  if (!batch_closed_ && !stopping && left_to_gather() > milliseconds::zero()) {
    return Pass::Gathering;
  }
  close_batch();
  return flush() ? Pass::Written : Pass::Refused;
}

/// Whether the batch holds back as much of a ring as lines that wait for repeats may.
bool AccessLog::share_held() const {
  const std::vector<RingReader>& readers = sources_.front().readers;
  return fold_s_.load(std::memory_order_relaxed) != 0 &&
         std::any_of(readers.begin(), readers.end(), [](const RingReader& reader) {
           return reader.held() >= reader.slot_count() / kHeldShare;
         });
}

/// How long the batch still waits for repeats: no longer where fill left something, or its data plane is
/// gone.
milliseconds AccessLog::left_to_gather() const {
  const std::chrono::seconds fold(fold_s_.load(std::memory_order_relaxed));
  if (fold.count() == 0 || backlog_ || sources_.size() > 1) {
    return milliseconds::zero();
  }
  return std::chrono::ceil<milliseconds>(batch_began_ + fold - std::chrono::steady_clock::now());
}

/// Writes the lines that have repeats as they are to be.
void AccessLog::close_batch() {
  if (std::exchange(batch_closed_, true)) {
    return;
  }
  const SharedRegion& region = *sources_.front().region;
  fold_.finish(batch_.lines, [&](std::string& out, const Fold::Line& line) {
    const std::string id = event_id(region.boot(), line.worker, line.record.number);
    append_line(out, line.record, line.name,
                RecordContext{.names = *line.names,
                              .line = region.pair(line.record.line),
                              .event_id = id,
                              .log_file_path = {},
                              .folded = &line.folded,
                              .user = line.who.user,
                              .machine = line.who.machine});
  });
}

bool AccessLog::batch_full() const {
  return batch_.lines.size() + fold_.growth() + kRoom >= kMaxFrameText;
}

/// Reads records of the first source into the batch, the workers in turn, until it is full, the rings are
/// empty, or one of them has lent its share.
void AccessLog::fill() {
  if (sources_.empty()) {
    return;
  }
  if (batch_.empty()) {
    batch_began_ = std::chrono::steady_clock::now();
  }
  bool any = true;
  while (any && !batch_full() && !share_held()) {
    any = false;
    for (size_t worker = 0; worker < sources_.front().readers.size(); ++worker) {
      any |= fill_from(worker);
    }
  }
  backlog_ = any;  // the batch ended before the rings did
}

bool AccessLog::fill_from(size_t worker) {
  Source& source = sources_.front();
  RingItem item;
  size_t count = 0;
  int64_t before_ns = source.readers[worker].last_time_ns();
  while (count < kRecordsPerTurn && !batch_full() && source.readers[worker].next(item)) {
    const Record& record = item.record;
    const std::shared_ptr<const ImageNames>& names = names_for(record.generation);
    append_gaps(source, static_cast<uint32_t>(worker), before_ns, item);
    append_item(source, static_cast<uint32_t>(worker), item, names);
    before_ns = record.time_ns;
    batch_oldest_ = std::min(batch_oldest_, record.generation);
    if ((record.rule != kNone16 && names->rule(record.rule).empty()) ||
        (record.network != kNone16 && names->network(record.network).empty())) {
      counts_.unnamed.fetch_add(1, std::memory_order_relaxed);
    }
    ++count;
  }
  return count != 0;
}

/// A line of its own; or, where it repeats an access, more in the line of that one.
void AccessLog::append_item(const Source& source, uint32_t worker, const RingItem& item,
                            const std::shared_ptr<const ImageNames>& names) {
  const Record& record = item.record;
  const std::chrono::seconds fold(fold_s_.load(std::memory_order_relaxed));
  const WorkerNumber number{source.region->boot(), worker, record.number};
  if (who_of_) {
    who_of_(record, names->is_shared(record.network), who_);
  }
  if (fold.count() != 0 && fold_.add(worker, item, who_, std::chrono::nanoseconds(fold).count())) {
    batch_.note_repeat(record.time_ns, number);
    ++batch_folded_;
    return;
  }
  const size_t begin = batch_.lines.size();
  const std::string id = event_id(number.boot, worker, record.number);
  append_line(batch_.lines, record, item.name(),
              RecordContext{.names = *names,
                            .line = source.region->pair(record.line),
                            .event_id = id,
                            .log_file_path = {},
                            .user = who_.user,
                            .machine = who_.machine});
  batch_.note(record.time_ns, number);
  if (fold.count() != 0) {
    fold_.note(worker, item, who_, names, begin, batch_.lines.size());
  }
}

/// With pseudonyms in place of people, where the policy wants them.
void AccessLog::append_line(std::string& out, const Record& record, std::string_view name,
                            RecordContext context) {
  if (!pseudonyms_ || !pseudonyms_->on()) {
    return append_record(out, record, name, context);
  }
  const bool inbound = record.direction == Direction::Inbound;
  const auto mac = std::to_array(record.mac);
  const RecordPseudonyms people{pseudonyms_->address(inbound ? record.destination : record.source),
                                mac == decltype(mac){} ? std::string_view() : pseudonyms_->mac(mac)};
  context.pseudonyms = &people;
  for (const auto& [of, who] : {std::pair("user", &context.user), std::pair("host", &context.machine)}) {
    if (!who->empty()) {
      *who = pseudonyms_->text(of, *who);
    }
  }
  std::string machine;
  if (is_reverse_name(name)) {  // it is an address, written backwards
    machine = std::string(pseudonyms_->text("name", name)) + ".invalid";
    name = machine;
  }
  append_record(out, record, name, context);
}

/// The lines that say that something is missing before item, where it is. before_ns: of the worker's record
/// before it; 0: not known.
void AccessLog::append_gaps(const Source& source, uint32_t worker, int64_t before_ns, const RingItem& item) {
  const uint64_t boot = source.region->boot();
  Gap gap{.site = names_for(item.record.generation)->site(),
          .boot = boot,
          .worker = worker,
          .until_ns = item.record.time_ns};
  const auto append = [&] {
    append_gap(batch_.lines, gap);
    batch_.note(gap.until_ns, {boot, worker, gap.lost == 0 ? 0 : gap.first + gap.lost - 1});
    ++batch_gaps_;
  };
  // Of a data plane that the log knows the numbers tell what is missing. Of one that went down with control,
  // as in a power cut, nobody knows.
  if (const int64_t from = std::exchange(broken_off_ns_, 0); from != 0 && !writer_->knows(boot)) {
    gap.reason = "unclean-stop";
    gap.from_ns = from;
    append();
  }
  if (item.lost != 0) {
    gap.reason = "log-full";
    gap.from_ns = before_ns == 0 ? gap.until_ns : before_ns;
    gap.first = item.record.number - item.lost;
    gap.lost = item.lost;
    append();
  }
}

bool AccessLog::flush() {
  // First whom the pseudonyms stand for: one that is in the log can always be undone.
  std::string why = pseudonyms_ ? pseudonyms_->sync(utc_now_ns()) : std::string();
  if (why.empty()) {
    why = writer_->append(batch_, utc_now_ns());
  }
  note_written(why);
  if (!why.empty()) {
    return false;
  }
  for (RingReader& reader : sources_.front().readers) {
    reader.release();
  }
  counts_.records.fetch_add(batch_.records - batch_gaps_ + batch_folded_, std::memory_order_relaxed);
  counts_.folded.fetch_add(batch_folded_, std::memory_order_relaxed);
  counts_.gaps.fetch_add(batch_gaps_, std::memory_order_relaxed);
  counts_.syncs.fetch_add(1, std::memory_order_relaxed);
  std::string room = std::move(batch_.lines);  // its pages serve the next batch
  room.clear();
  batch_ = {};
  batch_.lines = std::move(room);
  batch_gaps_ = batch_folded_ = 0;
  batch_oldest_ = UINT32_MAX;
  batch_closed_ = false;
  return true;
}

/// why: the disk refused; empty: it did not.
void AccessLog::note_written(const std::string& why) {
  const SegmentWriter::Counts& written = writer_->counts();
  counts_.bytes.store(written.file_bytes, std::memory_order_relaxed);
  counts_.text_bytes.store(written.text_bytes, std::memory_order_relaxed);
  counts_.closed.store(written.closed, std::memory_order_relaxed);
  if (!why.empty()) {
    counts_.errors.fetch_add(1, std::memory_order_relaxed);
    if (!std::exchange(complained_, true)) {
      log_error("access log: " + why + "; the rings keep the records, it is tried again");
    }
  } else if (std::exchange(complained_, false)) {
    log_info("access log: writing again");
    backlog_ = true;  // the rings have filled up meanwhile
  }
}

void AccessLog::note_counts() {
  RingReader::Counts sum = finished_;
  uint32_t oldest = batch_oldest_;
  for (const Source& source : sources_) {
    for (const RingReader& reader : source.readers) {
      sum.malformed += reader.counts().malformed;
      sum.lost += reader.counts().lost;
      sum.doubles += reader.counts().doubles;
      if (!reader.empty()) {
        oldest = std::min(oldest, reader.last_generation());
      }
    }
  }
  counts_.malformed.store(sum.malformed, std::memory_order_relaxed);
  counts_.lost.store(sum.lost, std::memory_order_relaxed);
  counts_.doubles.store(sum.doubles, std::memory_order_relaxed);
  counts_.fold_full.store(fold_.full(), std::memory_order_relaxed);
  oldest_needed_.store(oldest, std::memory_order_relaxed);
}

/// Leaves a data plane that is gone and read to its end. Returns true where there is another one to read.
bool AccessLog::drop_finished_source() {
  if (sources_.size() < 2) {
    return false;
  }
  std::vector<RingReader>& readers = sources_.front().readers;
  if (!std::all_of(readers.begin(), readers.end(), [](const RingReader& reader) { return reader.empty(); })) {
    return false;
  }
  for (RingReader& reader : readers) {
    reader.release();
    finished_.malformed += reader.counts().malformed;
    finished_.lost += reader.counts().lost;
    finished_.doubles += reader.counts().doubles;
  }
  sources_.pop_front();
  return true;
}

const std::shared_ptr<const ImageNames>& AccessLog::names_for(uint32_t generation) {
  auto found = names_.find(generation);
  if (found == names_.end()) {
    if (names_.size() >= kNamesKept) {
      names_.erase(names_.begin());
    }
    found = names_.emplace(generation, names_of_(generation)).first;
  }
  return found->second;
}

}  // namespace sluice::control
