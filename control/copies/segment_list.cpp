// control/copies: a listing that is kept while its directory stays as it is.
#include "control/copies/segment_list.h"

#include <sys/stat.h>

#include "control/base/clock.h"

namespace sluice::control {
namespace {

/// File systems tell times by the kernel's tick: a directory that changed less long ago may change again with
/// the same time.
constexpr int64_t kSettledNs = 2'000'000'000;

}  // namespace

const std::vector<SegmentFile>& SegmentList::files() {
  struct stat status {};
  const bool there = ::stat(log_.c_str(), &status) == 0;
  const int64_t now_ns = utc_now_ns();
  const int64_t changed_ns =
      there ? status.st_mtim.tv_sec * int64_t{1'000'000'000} + status.st_mtim.tv_nsec : 0;
  if (changed_ns != 0 && changed_ns == changed_ns_) {
    return files_;
  }
  error_.clear();
  files_ = list_segments(log_, error_);
  changed_ns_ = error_.empty() && changed_ns < now_ns - kSettledNs ? changed_ns : 0;
  return files_;
}

}  // namespace sluice::control
