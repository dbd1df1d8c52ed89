// control/cli: being told to stop, so that long work ends in order.
#include "control/cli/stop_signals.h"

#include <csignal>
#include <memory>

#include "control/cli/terminal.h"

namespace sluice::control {
namespace {

constexpr int kStops[] = {SIGINT, SIGTERM, SIGHUP};
std::atomic<bool> stop_came{false};
static_assert(std::atomic<bool>::is_always_lock_free);  // a signal sets it

}  // namespace

StopSignals::StopSignals() {
  stop_came = false;
  for (const int each : kStops) {
    std::signal(each, [](int) { stop_came = true; });
  }
}

StopSignals::~StopSignals() {
  for (const int each : kStops) {
    std::signal(each, SIG_DFL);
  }
}

const std::atomic<bool>& StopSignals::flag() const {
  return stop_came;
}

std::function<bool(uint64_t, uint64_t)> stoppable_progress(std::string what, const StopSignals& stop) {
  return
      [what = std::move(what), &stop, line = std::make_shared<ProgressLine>()](uint64_t done, uint64_t all) {
        line->show_share(what, done, all);
        return !stop.came();
      };
}

}  // namespace sluice::control
