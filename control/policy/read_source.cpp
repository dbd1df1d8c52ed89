// control/policy: what a directory's YAML says, without its lists.
#include "control/policy/read_source.h"

#include <vector>

#include "control/policy/source_digest.h"
#include "control/policy/source_files.h"
#include "control/policy/source_loader.h"

namespace sluice::control {

bool read_source(const std::filesystem::path& directory, ReadSource& out) {
  Report& report = out.report;
  report.add_file(directory.string());
  std::vector<SourceText> texts;
  if (read_directory(directory, texts, report)) {
    out.source = load_source(texts, report);
  }
  SourceDigest digest;
  for (const SourceText& each : texts) {
    digest.add(std::filesystem::path(each.name).filename().string(), each.text);
  }
  out.digest = digest.finish();
  if (const auto& name = out.source.timezone) {
    if (const auto zone = TimeZone::find(name->text)) {
      out.zone = *zone;
    } else {
      report.error(name->at, "no time zone is called so");
    }
  }
  return !report.failed();
}

}  // namespace sluice::control
