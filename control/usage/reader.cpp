// control/usage: reads the access log's lines for those who add them up.
#include "control/usage/reader.h"

#include "control/base/utc.h"
#include "control/segment/reader.h"

namespace sluice::control {
namespace {

uint64_t bytes_of(const std::filesystem::path& log) {
  std::string ignored;
  uint64_t out = 0;
  for (const SegmentFile& file : list_segments(log, ignored)) {
    std::error_code error;
    const uint64_t size = std::filesystem::file_size(file.path, error);
    out += error ? 0 : size;
  }
  return out;
}

}  // namespace

std::string read_usage(const UsageScope& scope, const std::function<bool(const UsageLine& line)>& take,
                       SearchFindings& findings) {
  std::string error;
  const auto query = Query::parse(scope.query, error);
  if (!query) {
    return error;
  }
  const uint64_t all = scope.progress ? bytes_of(scope.log) : 0;
  UsageLine line;
  LogPosition position;
  const TakeFound each = [&](std::string_view lines) {
    if (scope.progress) {
      scope.progress(findings.bytes_read, all);
    }
    while (!lines.empty()) {
      const size_t end = lines.find('\n');
      line.text = lines.substr(0, end);
      lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
      if (!read_access(line.text, line.fields) || line.fields.action.empty() || !line.fields.kind.empty()) {
        continue;
      }
      const auto time = parse_utc(line.fields.time);
      line.time_ns = time.value_or(0);
      if (time && !take(line)) {
        return false;
      }
    }
    return true;
  };
  return search_log(scope.log, *query, position, each, findings);
}

}  // namespace sluice::control
