// control/evidence: how far this machine's clock is off.
#include "control/evidence/gateway_clock.h"

#include <sys/timex.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

namespace sluice::control {
namespace {

constexpr const char* kChronyc = "/usr/bin/chronyc";
constexpr size_t kMostSaid = 4096;

std::string chrony_says() {
  std::string out;
  if (::access(kChronyc, X_OK) != 0) {
    return out;
  }
  const std::string command = std::string(kChronyc) + " -n -c tracking 2>/dev/null";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "re"), ::pclose);
  char bytes[512];
  while (pipe && out.size() < kMostSaid && std::fgets(bytes, sizeof bytes, pipe.get()) != nullptr) {
    out += bytes;
  }
  return out;
}

ClockState kernel_says() {
  constexpr double kMicro = 1e-6, kNano = 1e-9;
  ClockState out{"adjtimex", std::nullopt, 0, ""};
  timex state{};
  const int synchronised = ::adjtimex(&state);
  if (synchronised < 0 || synchronised == TIME_ERROR || (state.status & STA_UNSYNC) != 0) {
    out.why = "no time service steers the clock, as the kernel says";
    return out;
  }
  out.offset_s = static_cast<double>(state.offset) * ((state.status & STA_NANO) != 0 ? kNano : kMicro);
  out.within_s = static_cast<double>(state.maxerror) * kMicro;
  return out;
}

}  // namespace

/// Fields as chronyc's manual has them: reference, name, stratum, time, system time's offset, last and mean
/// offset, frequency, residual, skew, root delay, root dispersion, interval, leap status.
std::optional<ClockState> read_tracking(std::string_view text) {
  constexpr size_t kOffset = 4, kDelay = 10, kDispersion = 11, kLeap = 13, kFields = 14;
  std::vector<std::string> fields;
  text = text.substr(0, text.find('\n'));
  for (size_t at = 0; at <= text.size() && fields.size() < kFields;) {
    const size_t end = std::min(text.find(',', at), text.size());
    fields.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  if (fields.size() != kFields) {
    return std::nullopt;
  }
  const auto number = [&](size_t field, double& out) {
    char* end = nullptr;
    out = std::strtod(fields[field].c_str(), &end);
    return !fields[field].empty() && *end == '\0';
  };
  double offset = 0, delay = 0, dispersion = 0;
  if (!number(kOffset, offset) || !number(kDelay, delay) || !number(kDispersion, dispersion)) {
    return std::nullopt;
  }
  ClockState out{"chrony", std::nullopt, 0, ""};
  if (fields[kLeap] == "Not synchronised") {
    out.why = "chrony has no source of time that it trusts";
    return out;
  }
  out.offset_s = offset;
  out.within_s = delay / 2 + dispersion;  // RFC 5905 11.2: the root distance
  return out;
}

ClockState read_gateway_clock() {
  const std::optional<ClockState> chrony = read_tracking(chrony_says());
  return chrony ? *chrony : kernel_says();
}

}  // namespace sluice::control
