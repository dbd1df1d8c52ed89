// accesslog: carries records from the rings to the log.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "control/accesslog/fold.h"
#include "control/accesslog/names.h"
#include "control/accesslog/ring_reader.h"
#include "control/accesslog/who.h"
#include "control/pseudonyms/log_pseudonyms.h"
#include "control/segment/writer.h"

namespace sluice::control {

/// A thread that reads every ring of every data plane, writes its records to the log, and moves a ring's tail
/// only when what stood before it is synced. While the disk refuses, nothing is read: the rings keep what
/// they hold.
class AccessLog {
 public:
  /// The names of a generation's image; never nullptr. Called on the log's thread.
  using NamesOf = std::function<std::shared_ptr<const ImageNames>(uint32_t generation)>;

  struct Counts {
    std::atomic<uint64_t> records{0}, bytes{0}, syncs{0}, errors{0};  ///< bytes: as they lie on the disk
    std::atomic<uint64_t> folded{0};     ///< of the records, those that have no line of their own
    std::atomic<uint64_t> fold_full{0};  ///< lines begun as the one before bears as many numbers as it may
    std::atomic<uint64_t> text_bytes{0}, closed{0}, gaps{0};  ///< of the lines; segments; lines that say so
    std::atomic<uint64_t> malformed{0}, lost{0}, doubles{0};
    std::atomic<uint64_t> unnamed{0};  ///< records whose rule, list or network the image does not know
  };

  /// who_of: may be none; then nobody is known. pseudonyms: what lines have in place of people, where the
  /// policy wants it; nullptr: never.
  AccessLog(std::unique_ptr<SegmentWriter> writer, NamesOf names_of, WhoOf who_of = {},
            std::unique_ptr<LogPseudonyms> pseudonyms = nullptr);
  ~AccessLog() { stop(); }
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  /// A data plane is there. The one before is read to its end first. Any thread.
  void add_region(std::shared_ptr<SharedRegion> region);

  /// From now on repeats of one access within so long become one line, and as long lines wait to be written;
  /// 0: every access has its own. Any thread.
  void set_fold(std::chrono::seconds fold) { fold_s_.store(fold.count(), std::memory_order_relaxed); }

  /// From now on lines have pseudonyms, which two of these keepers together can undo; none: people. Any
  /// thread.
  void set_keepers(const std::vector<LogKeeper>& keepers) {
    if (pseudonyms_) {
      pseudonyms_->set(keepers);
    }
  }

  /// Writes what the rings hold, unless the disk refuses, closes the segment, and ends the thread.
  void stop();

  const Counts& counts() const { return counts_; }

  /// The oldest generation whose names records that are not on disk may need; UINT32_MAX where there are
  /// none. Any thread.
  uint32_t oldest_needed() const { return oldest_needed_.load(std::memory_order_relaxed); }

 private:
  struct Source {
    std::shared_ptr<SharedRegion> region;
    std::vector<RingReader> readers;
  };
  enum class Pass : uint8_t {
    Idle,       ///< nothing was there
    Gathering,  ///< what was there waits for its repeats
    Written,    ///< something was written
    Refused,    ///< the disk took nothing
  };

  void run();
  template <typename Visit>
  void for_each_reader(Visit visit) {
    for (Source& source : sources_) {
      for (RingReader& reader : source.readers) visit(reader);
    }
  }
  Pass pass(bool stopping);
  std::chrono::milliseconds wait_after(Pass done) const;
  void fill();
  bool fill_from(size_t worker);
  void append_item(const Source& source, uint32_t worker, const RingItem& item,
                   const std::shared_ptr<const ImageNames>& names);
  void append_line(std::string& out, const Record& record, std::string_view name, RecordContext context);
  bool batch_full() const;
  bool share_held() const;
  std::chrono::milliseconds left_to_gather() const;
  void close_batch();
  void append_gaps(const Source& source, uint32_t worker, int64_t before_ns, const RingItem& item);
  bool flush();
  void note_written(const std::string& why);
  void note_counts();
  bool drop_finished_source();
  const std::shared_ptr<const ImageNames>& names_for(uint32_t generation);

  const std::unique_ptr<SegmentWriter> writer_;
  const NamesOf names_of_;
  const WhoOf who_of_;
  Who who_;  ///< of the record in hand; kept for its memory
  const std::unique_ptr<LogPseudonyms> pseudonyms_;
  std::deque<Source> sources_;          ///< the first one is being read
  LogBatch batch_;                      ///< lines that are not yet synced
  uint64_t batch_gaps_ = 0;             ///< of them
  uint64_t batch_folded_ = 0;           ///< records that they stand for without a line of their own
  uint32_t batch_oldest_ = UINT32_MAX;  ///< generation of its records
  bool batch_closed_ = false;           ///< it is written as it is, until the disk takes it
  std::chrono::steady_clock::time_point batch_began_;
  Fold fold_;  ///< the lines of the batch that may get repeats
  std::atomic<int64_t> fold_s_{0};
  int64_t broken_off_ns_;  ///< as SegmentWriter's, until a data plane is read
  bool last_set_ = false;  ///< it is to stop, and the readers know up to where
  bool backlog_ = false;   ///< fill left something in the rings, so the disk alone sets the pace
  bool complained_ = false;
  RingReader::Counts finished_;  ///< of sources that are gone
  std::map<uint32_t, std::shared_ptr<const ImageNames>> names_;
  Counts counts_;
  std::atomic<uint32_t> oldest_needed_{UINT32_MAX};

  std::mutex mutex_;  ///< guards the four below
  std::condition_variable wake_;
  std::vector<std::shared_ptr<SharedRegion>> arrived_;
  bool stopping_ = false;
  std::chrono::steady_clock::time_point stop_at_;

  std::thread thread_;
};

}  // namespace sluice::control
