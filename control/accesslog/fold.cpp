// accesslog: finds repeats by what their lines would say.
#include "control/accesslog/fold.h"

#include <algorithm>
#include <utility>

namespace sluice::control {
namespace {

constexpr size_t kDigits = 20;                    ///< of the greatest number
constexpr size_t kRangeGrowth = 2 * kDigits + 2;  ///< `,FIRST-LAST`
/// Count, last time and the words around them; and the bytes, which are sums now.
constexpr size_t kLineGrowth = 100 + 3 * kDigits;

/// Whether time_ns lies from first_ns to within_ns later. Both come from another process: they may be any.
bool is_within(int64_t first_ns, int64_t time_ns, int64_t within_ns) {
  int64_t later = 0;
  return !__builtin_sub_overflow(time_ns, first_ns, &later) && later >= 0 && later <= within_ns;
}

}  // namespace

/// Names and ends lie behind the fields that are compared; a name follows them whole.
void Fold::make_key(uint32_t worker, const RingItem& item, const Who& who) {
  Record same = item.record;
  same.number = 0;
  same.time_ns = 0;
  same.source_port = 0;
  same.source_bytes = same.destination_bytes = 0;
  key_.assign(reinterpret_cast<const char*>(&same), offsetof(Record, name));
  key_.append(reinterpret_cast<const char*>(&worker), sizeof worker);
  // The name's size stands in the record, the user's here, so none runs into the next.
  const size_t user = who.user.size();
  key_.append(reinterpret_cast<const char*>(&user), sizeof user);
  key_ += item.name();
  key_ += who.user;
  key_ += who.machine;
}

bool Fold::add(uint32_t worker, const RingItem& item, const Who& who, int64_t within_ns) {
  const Record& record = item.record;
  if (record.ended != Ended::No) {
    return false;
  }
  make_key(worker, item, who);
  const auto found = places_.find(key_);
  if (found == places_.end()) {
    return false;
  }
  Line& line = lines_[found->second];
  Folded& folded = line.folded;
  uint64_t source_bytes = 0, destination_bytes = 0;
  if (!is_within(line.record.time_ns, record.time_ns, within_ns) ||
      __builtin_add_overflow(line.record.source_bytes, record.source_bytes, &source_bytes) ||
      __builtin_add_overflow(line.record.destination_bytes, record.destination_bytes, &destination_bytes)) {
    return false;
  }
  if (!folded.numbers.empty() && folded.numbers.back().last + 1 == record.number) {
    folded.numbers.back().last = record.number;
  } else if (folded.numbers.size() == kMaxFoldedRanges) {
    ++full_;
    return false;
  } else {
    growth_ += kRangeGrowth + (folded.numbers.empty() ? kLineGrowth : 0);
    folded.numbers.push_back({record.number, record.number});
  }
  line.record.source_bytes = source_bytes;
  line.record.destination_bytes = destination_bytes;
  ++folded.count;
  folded.last_ns = std::max(folded.last_ns, record.time_ns);
  return true;
}

void Fold::note(uint32_t worker, const RingItem& item, const Who& who,
                std::shared_ptr<const ImageNames> names, size_t begin, size_t end) {
  if (item.record.ended != Ended::No) {
    return;
  }
  places_[key_] = lines_.size();
  lines_.push_back({item.record, std::string(item.name()), worker, std::move(names), who,
                    Folded{1, item.record.time_ns, {}}, begin, end});
}

void Fold::finish(std::string& lines, const Append& append) {
  if (growth_ != 0) {
    std::string out;
    size_t done = 0;
    out.reserve(lines.size() + growth_);
    for (const Line& line : lines_) {
      if (line.folded.count > 1) {
        out.append(lines, done, line.begin - done);
        append(out, line);
        done = line.end;
      }
    }
    out.append(lines, done);
    lines = std::move(out);
  }
  lines_.clear();
  places_.clear();
  growth_ = 0;
}

}  // namespace sluice::control
