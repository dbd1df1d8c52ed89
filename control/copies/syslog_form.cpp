// control/copies: RFC 5424 6 and RFC 5425 4.3.
#include "control/copies/syslog_form.h"

#include "control/base/utc.h"

namespace sluice::control {
namespace {

constexpr size_t kMaxHost = 255;
// Facility 13, log audit; severity 6, informational; an access that was refused is 5, a notice; missing
// records are 4, a warning (RFC 5424 6.2.1).
constexpr unsigned kFacility = 13, kInformational = 6, kNotice = 5, kWarning = 4;
constexpr std::string_view kTimeBefore = R"({"@timestamp":")", kTimeForm = "2026-11-23T04:05:06.123456Z";
constexpr std::string_view kActionBefore = R"(,"event":{)", kBlocked = R"("action":"blocked")",
                           kMissing = R"("kind":"pipeline_error")";

/// The log's own time, as it is RFC 5424's form too; `-` where line has none.
std::string_view time_of(std::string_view line) {
  if (!line.starts_with(kTimeBefore)) {
    return "-";
  }
  const std::string_view time = line.substr(kTimeBefore.size(), kTimeForm.size());
  return parse_utc(time) ? time : "-";
}

/// By what stands at the place where the log writes it; no name can stand before it.
unsigned severity_of(std::string_view line) {
  constexpr size_t kEvent = kTimeBefore.size() + kTimeForm.size() + 1;
  if (line.size() < kEvent || !line.substr(kEvent).starts_with(kActionBefore)) {
    return kInformational;
  }
  const std::string_view event = line.substr(kEvent + kActionBefore.size());
  return event.starts_with(kBlocked) ? kNotice : event.starts_with(kMissing) ? kWarning : kInformational;
}

}  // namespace

std::string syslog_host(std::string_view name) {
  std::string out;
  for (const char c : name.substr(0, kMaxHost)) {
    if (c > ' ' && c < '\x7f') {
      out += c;
    }
  }
  return out.empty() ? "-" : out;
}

void append_syslog(std::string& out, std::string_view line, std::string_view host) {
  const std::string head = "<" + std::to_string(kFacility * 8 + severity_of(line)) + ">1 " +
                           std::string(time_of(line)) + " " + std::string(host) + " sluice - access - ";
  out += std::to_string(head.size() + line.size());
  out += ' ';
  out += head;
  out += line;
}

}  // namespace sluice::control
