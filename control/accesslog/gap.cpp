// accesslog: the line that stands where records are missing.
#include "control/accesslog/gap.h"

#include "control/accesslog/format.h"

namespace sluice::control {

void append_gap(std::string& out, const Gap& gap) {
  out += R"({"@timestamp":")";
  append_utc(out, gap.until_ns);
  out += R"(","event":{"kind":"pipeline_error","reason":")";
  out += gap.reason;
  out += R"(","id":")";
  out += event_id(gap.boot, gap.worker, gap.first);
  out += R"("},)";
  if (!gap.site.empty()) {
    out += R"("observer":{"name":")";
    append_json_text(out, gap.site);
    out += R"("},)";
  }
  out += R"("sluice":{)";
  if (gap.lost != 0) {
    out += R"("lost":)" + std::to_string(gap.lost) + ",";
  }
  out += R"("worker":)" + std::to_string(gap.worker) + R"(,"from":")";
  append_utc(out, gap.from_ns);
  out += R"(","until":")";
  append_utc(out, gap.until_ns);
  out += "\"}}\n";
}

}  // namespace sluice::control
