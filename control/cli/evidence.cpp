// control/cli: sluicectl evidence.
#include "control/evidence/evidence.h"

#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "control/base/clock.h"
#include "control/base/files.h"
#include "control/base/json_fields.h"
#include "control/base/new_file.h"
#include "control/base/utc.h"
#include "control/cli/audit.h"
#include "control/cli/client.h"
#include "control/cli/commands.h"
#include "control/cli/note_reading.h"
#include "control/cli/period.h"
#include "control/cli/stop_signals.h"
#include "control/cli/table.h"
#include "control/cli/terminal.h"
#include "control/lines/lines_json.h"
#include "control/policy/policy_compiler.h"
#include "control/policy/utf8.h"

namespace sluice::control {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;
constexpr int64_t kNsPerS = 1'000'000'000;

int cannot_make(const std::string& why) {
  return cannot_do(printable(why));
}

/// The register of a directory, or of the policy in force. Returns why there is none.
std::string read_registers(const std::string& socket, const std::string& policy, int64_t now_ns,
                           EvidenceOptions& out) {
  if (policy.empty()) {
    const auto answer = ask(socket, {{"command", "lines"}});
    if (!answer) {
      return "the line register is not to be had";
    }
    out.registers = *answer;
    return text_at(*answer, "error");
  }
  Compiled compiled = compile_policy(policy, 1);
  if (!compiled.policy) {
    return policy + " is invalid: sluicectl check says why";
  }
  out.registers = lines_register(compiled.policy->registers, compiled.policy->terms, now_ns / kNsPerS);
  out.policy = policy;
  return {};
}

/// What can be known before the log is read. Returns why it cannot be done.
std::string read_evidence_order(const std::string& socket, const EvidenceCommand& command,
                                EvidenceOptions& out) {
  std::error_code ignored;
  if (fs::exists(fs::symlink_status(command.out, ignored))) {
    return command.out + " is there already";
  }
  if (out.until < out.since) {
    return "the period ends before it begins";
  }
  const auto status = ask(socket, {{"command", "status"}});
  if (!status) {
    return "no evidence without sluice-control: it signs who made it";
  }
  out.witness = object_at(object_at(*status, "log"), "witness");
  out.site = text_at(object_at(*status, "policy"), "site");
  return read_registers(socket, command.policy, out.now_ns, out);
}

std::string period_folder(const EvidenceOptions& options) {
  constexpr size_t kDayText = 10;
  return "sluice-evidence-" + options.since.substr(0, kDayText) + "-" + options.until.substr(0, kDayText);
}

void show_made(const EvidenceCommand& command, const EvidenceFindings& found, const std::string& key,
               const std::string& line) {
  const json said = json::parse(line, nullptr, false);
  if (command.json) {
    std::cout << json{{"file", command.out},
                      {"since", found.made.since},
                      {"until", found.made.until},
                      {"records", found.records},
                      {"segments", found.made.segments},
                      {"files", found.made.files},
                      {"bytes", found.bytes},
                      {"pseudonyms", found.made.pseudonyms},
                      {"withheld", found.withheld},
                      {"problem_count", found.problems},
                      {"missing", found.missing},
                      {"signed_until", found.signed_until},
                      {"record", said},
                      {"key", key}}
                     .dump(2, ' ', false, json::error_handler_t::replace)
              << "\n";
    return;
  }
  std::cout << command.out << ": " << counted(found.records, "record") << " in "
            << counted(found.made.segments, "segment") << ", " << counted(found.made.files, "file") << ", "
            << bytes_text(found.bytes) << ", signed by the key " << key << "\n"
            << "line " << number_at(said, "line") << " of heads.jsonl says that "
            << printable(text_at(said, "user")) << " made it\n";
  if (found.signed_until.empty()) {
    std::cout << coloured(Colour::Yellow, "nothing of the log is signed yet") << "\n";
  } else if (found.signed_until < found.made.until) {
    std::cout << "the log is signed up to " << found.signed_until << "; what came later is not in it\n";
  }
  for (const std::string& each : found.missing) {
    std::cout << coloured(Colour::Yellow, "missing") << ": " << printable(each) << "\n";
  }
  if (found.withheld != 0) {
    std::cout << coloured(Colour::Yellow, counted(found.withheld, "line") + " withheld")
              << ": they cannot be read\n";
  }
  if (found.problems != 0) {
    std::cout << coloured(Colour::Red, "ALTERED") << ": " << counted(found.problems, "problem")
              << " of the log or the history, as the sheet says\n";
  }
  std::cout << "check it: tar --zstd -xf it, then python3 verify.py --fingerprint " << key << "\n";
}

}  // namespace

int run_evidence(const std::string& socket, const EvidenceCommand& command) {
  EvidenceOptions options{.log = command.log, .state = command.state};
  if (!read_bound(command.since, false, options.since) || !read_bound(command.until, true, options.until)) {
    return kCannot;
  }
  options.pseudonyms = command.pseudonyms;
  options.zh_first = command.lang == "zh";
  options.reports.assign(command.reports.begin(), command.reports.end());
  options.now_ns = utc_now_ns();
  const fs::path out(command.out);
  options.near = out.has_parent_path() ? out.parent_path() : fs::path(".");
  std::string error = read_evidence_order(socket, command, options);
  const auto key = error.empty() ? SigningKey::open_public(options.log / "log.pub", error) : nullptr;
  if (!error.empty()) {
    return cannot_make(error);
  }
  const StopSignals stop;
  NewFile file(out, 0600);
  if (!file) {
    return cannot_make(errno_text("cannot write " + command.out));
  }
  note_reading(socket, "evidence",
               {{"since", command.since}, {"until", command.until}, {"log", command.log}});
  const auto archive =
      ArchiveWriter::open(file.fd(), period_folder(options), options.now_ns / kNsPerS, error);
  ProgressLine line;
  EvidenceFindings found;
  std::string record;
  if (archive) {
    error = make_evidence(
        options, *key,
        [&](const char* what, uint64_t done, uint64_t all) {
          line.show_share(what, done, all);
          return !stop.came();
        },
        [&](const EvidenceMade& made, std::string& signed_line) -> std::string {
          const auto answer = !stop.came() ? ask(socket, evidence_request(made)) : std::nullopt;
          if (!answer) {
            return "it is not signed who made it";
          }
          record = signed_line = text_at(*answer, "signed");
          return text_at(*answer, "error");
        },
        *archive, found);
  }
  line.clear();
  if (error.empty() && !file.finish()) {
    error = errno == EEXIST ? command.out + " is there already" : errno_text("cannot write " + command.out);
  }
  if (!error.empty()) {
    return cannot_make(error + "; no evidence is made");
  }
  show_made(command, found, key->fingerprint(), record);
  return found.problems == 0 && found.missing.empty() && found.withheld == 0 ? kDone : kNo;
}

}  // namespace sluice::control
