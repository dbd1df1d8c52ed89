// control/alarms: when what is sent, and when again.
#include "control/alarms/delivery.h"

#include <algorithm>
#include <vector>

#include "control/base/log_line.h"

namespace sluice::control {

bool Delivery::turn(AlarmBook& book, const std::string& site, int64_t now_ns, const SendNotices& send) {
  bool changed = false;
  for (size_t i = 0; i < kSinkCount; ++i)
    changed |= send_to(static_cast<AlarmSink>(i), book, site, now_ns, send);
  return changed;
}

bool Delivery::send_to(AlarmSink sink, AlarmBook& book, const std::string& site, int64_t now_ns,
                       const SendNotices& send) {
  const auto index = static_cast<size_t>(sink);
  Way& way = ways_[index];
  if (now_ns < way.due_ns && way.due_ns - now_ns <= limits_.most_retry_ns) return false;
  std::vector<Notice> notices;
  for (const Notice& each : book.notices()) {
    if (each.waits[index] && notices.size() < limits_.at_once) notices.push_back(each);
  }
  if (notices.empty()) return false;
  const uint64_t all_more = book.dropped() + book.unnamed();
  const std::string why = send(sink, book.policy(), {site, notices, all_more - way.more_told});
  const std::string word(kSinkWords[index]);
  if (!why.empty()) {
    if (way.status.error != why) log_warning("alarms: " + word + ": " + why + "; it is tried again");
    way.status.error = why;
    ++way.status.failed;
    way.retry_ns =
        way.retry_ns == 0 ? limits_.first_retry_ns : std::min(limits_.most_retry_ns, 2 * way.retry_ns);
    way.due_ns = now_ns + way.retry_ns;
    return false;
  }
  if (!way.status.error.empty()) log_info("alarms: " + word + " takes them again");
  way.status.error.clear();
  way.status.sent += notices.size();
  way.retry_ns = 0;
  way.due_ns = sink == AlarmSink::Mail ? now_ns + limits_.mail_every_ns : now_ns;
  way.more_told = all_more;
  book.taken(sink, notices.back().number);
  return true;
}

SinkStatus Delivery::status(AlarmSink sink, const AlarmBook& book) const {
  const auto index = static_cast<size_t>(sink);
  SinkStatus out = ways_[index].status;
  for (const Notice& each : book.notices()) {
    if (!each.waits[index]) continue;
    out.waiting_since_ns = out.waiting == 0 ? each.made_ns : out.waiting_since_ns;
    ++out.waiting;
  }
  return out;
}

}  // namespace sluice::control
