// control/search: the thread that builds indexes.
#include "control/search/indexer.h"

#include <sys/resource.h>
#include <unistd.h>

#include <set>

#include "control/base/log_line.h"
#include "control/search/index.h"
#include "control/segment/reader.h"

namespace sluice::control {

constexpr int kNice = 19;

Indexer::Indexer(std::filesystem::path log, std::chrono::milliseconds every)
    : log_(std::move(log)), every_(every), thread_([this] { run(); }) {}

Indexer::~Indexer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Indexer::run() {
  // Linux gives each thread a priority of its own.
  [[maybe_unused]] const int unchanged = ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice);
  std::set<std::filesystem::path> failed;
  while (!stopping_) {
    std::string error;
    for (const SegmentFile& file : list_segments(log_, error)) {
      std::error_code ignored;
      if (stopping_ || failed.contains(file.path) ||
          std::filesystem::exists(index_path(file.path), ignored) || !ends_closed(file.path)) {
        continue;
      }
      if (const std::string why = build_index(file.path, stopping_); why.empty()) {
        built_.fetch_add(1, std::memory_order_relaxed);
      } else if (!stopping_) {
        log_warning("index: " + why + "; a search reads all of that segment");
        failed.insert(file.path);
      }
    }
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, every_, [this] { return stopping_.load(); });
  }
}

}  // namespace sluice::control
