// accesslog: repeats of one access become one line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "control/accesslog/format.h"
#include "control/accesslog/ring_reader.h"
#include "control/accesslog/who.h"

namespace sluice::control {

/// So many stretches of numbers stand in one line; the next repeat beyond them begins another line.
inline constexpr size_t kMaxFoldedRanges = 512;

/// Finds the repeats among the accesses of one batch, and adds them to the lines of those that they repeat.
/// Ends of flows never fold. One thread.
class Fold {
 public:
  /// An access whose line stands in the batch, with what was added to it.
  struct Line {
    Record record{};  ///< of the first access, but for the bytes, which are sums
    std::string name;
    uint32_t worker = 0;
    std::shared_ptr<const ImageNames> names;
    Who who;
    Folded folded;
    size_t begin = 0, end = 0;  ///< where it stands in the batch's lines
  };
  /// Appends a line as it is to be.
  using Append = std::function<void(std::string& out, const Line& line)>;

  /// Adds item to the line of an access before it, of the same worker and the same in all that its line says
  /// but number, time, bytes and source port, that began at most within_ns before. Returns false where there
  /// is none: item gets a line of its own, see note. who: of item.
  [[nodiscard]] bool add(uint32_t worker, const RingItem& item, const Who& who, int64_t within_ns);
  /// The line of the item that add did not take stands from begin to end of the batch's lines. It may get
  /// repeats, unless it is an end's.
  void note(uint32_t worker, const RingItem& item, const Who& who, std::shared_ptr<const ImageNames> names,
            size_t begin, size_t end);

  /// What finish lets the lines grow by, at most.
  size_t growth() const { return growth_; }
  /// Lines that were begun because the one before bears as many numbers as a line may, since the start.
  uint64_t full() const { return full_; }

  /// Writes those of lines anew that have repeats, and forgets all of them.
  void finish(std::string& lines, const Append& append);

 private:
  void make_key(uint32_t worker, const RingItem& item, const Who& who);

  std::vector<Line> lines_;
  std::unordered_map<std::string, size_t> places_;  ///< in lines_, of the last line of each access
  std::string key_;                                 ///< of the item that add saw last
  size_t growth_ = 0;
  uint64_t full_ = 0;
};

}  // namespace sluice::control
