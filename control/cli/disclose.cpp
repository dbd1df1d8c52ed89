// control/cli: sluicectl logs disclose and logs prove.
#include "control/cli/disclose.h"
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "control/base/clock.h"
#include "control/base/files.h"
#include "control/base/json_fields.h"
#include "control/base/new_file.h"
#include "control/base/unix_socket.h"
#include "control/base/utc.h"
#include "control/cli/client.h"
#include "control/cli/commands.h"
#include "control/cli/note_reading.h"
#include "control/cli/period.h"
#include "control/cli/pseudonym_hint.h"
#include "control/cli/stop_signals.h"
#include "control/cli/terminal.h"
#include "control/disclosure/proof.h"
#include "control/disclosure/record.h"
#include "control/keep/holds.h"
#include "control/policy/utf8.h"

namespace sluice::control {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr const char* kNotSigned =
    " of a segment that is still being written and not signed yet; disclose them when it is closed, within "
    "an "
    "hour";

/// What a file says of itself stands in it.
int cannot(const std::string& why) {
  return cannot_do(printable(why));
}

/// What is disclosed, on its way to its file.
class OutFile {
 public:
  /// Nobody but its owner may read it: it speaks of people.
  explicit OutFile(const fs::path& path) : file_(path, 0600) {}

  explicit operator bool() const { return static_cast<bool>(file_); }
  const fs::path& temporary() const { return file_.temporary(); }

  bool put(std::string_view entry) {
    sum_.update(entry);
    waiting_ += entry;
    return waiting_.size() < kBuffer || flush();
  }
  bool flush() { return write_all(file_.fd(), std::exchange(waiting_, {})); }
  /// Of what was put since the last time.
  std::string sum() { return sum_.hex(); }
  bool finish() { return flush() && file_.finish(); }

 private:
  static constexpr size_t kBuffer = size_t{1} << 20;
  NewFile file_;
  Sha256 sum_;
  std::string waiting_;
};

/// What can be known before the log is read. Returns nothing, and has said so, where it will not do.
std::optional<Query> read_order(const std::string& socket, const LogsDiscloseOptions& options,
                                QueryOptions& wanted) {
  wanted = options.query;
  if (!read_bound(options.query.since, false, wanted.since) ||
      !read_bound(options.query.until, true, wanted.until)) {
    return std::nullopt;
  }
  std::string error;
  std::error_code ignored;
  std::optional<Query> out = Query::parse(wanted, error);
  if (out && wanted.from.empty() && wanted.to.empty() && wanted.action.empty() && wanted.rule.empty() &&
      wanted.since.empty() && wanted.until.empty()) {
    error = "say whose or which lines are to be disclosed: --from, --to, --action, --rule, --since, --until";
  } else if (!is_case(options.name)) {
    error = "a case has 1 to " + std::to_string(kMaxCase) +
            " letters, digits, -, _ and dots, and begins with a letter or a digit";
  } else if (fs::exists(fs::symlink_status(options.out, ignored))) {
    error = options.out + " is there already";
  } else if (out && !is_daemon_there(socket, error)) {
    error += " (does sluice-control run? It signs who discloses what)";
  }
  if (!error.empty()) {
    cannot(error);
    return std::nullopt;
  }
  return out;
}

/// Has the daemon write down who discloses this, and ends the file with that. Returns an empty string, or why
/// not.
std::string add_record(const std::string& socket, const LogsDiscloseOptions& options,
                       const DisclosureFindings& found, OutFile& out, const StopSignals& stop,
                       ProofFindings& proven) {
  const auto answer = ask(socket, record_request(options.name, found, out.sum()));
  if (!answer || answer->contains("error")) {
    return answer ? text_at(*answer, "error") : "it is not signed who disclosed it";
  }
  if (!out.put(record_entry(text_at(*answer, "signed"))) || !out.flush()) {
    return errno_text("cannot write " + options.out);
  }
  // Also where the daemon is another log's, this shows.
  std::string error = prove_disclosure(out.temporary(), {}, stoppable_progress("check", stop), proven);
  if (error.empty() && proven.problem_count != 0) {
    error = "what was written does not prove itself: " + proven.problems[0];
  }
  return error;
}

void show_problems(const DisclosureFindings& found) {
  const SearchFindings& search = found.search;
  for (const std::string& each : search.problems) {
    std::cerr << "sluicectl: " << printable(each) << "\n";
  }
  if (search.problem_count > search.problems.size()) {
    std::cerr << "sluicectl: and " << grouped(search.problem_count - search.problems.size()) << " more\n";
  }
}

void show_disclosed(const LogsDiscloseOptions& options, const DisclosureFindings& found,
                    const ProofFindings& proven) {
  show_problems(found);
  if (options.json) {
    std::cout << json{{"file", options.out},
                      {"case", options.name},
                      {"lines", found.lines},
                      {"frames", found.frames},
                      {"segments", found.segments},
                      {"unsigned_lines", found.unsigned_lines},
                      {"damaged_lines", found.damaged_lines},
                      {"problem_count", found.search.problem_count},
                      {"record", proven.record},
                      {"key", proven.fingerprint}}
                     .dump(2)
              << "\n";
    return;
  }
  std::cout << options.out << ": " << counted(found.lines, "line") << " in " << counted(found.frames, "frame")
            << " of " << counted(found.segments, "segment") << ", signed by the key " << proven.fingerprint
            << "\nline " << number_at(proven.record, "line") << " of heads.jsonl says that "
            << printable(text_at(proven.record, "user")) << " disclosed it for " << options.name << "\n";
  if (found.damaged_lines != 0) {
    std::cout << coloured(Colour::Red, "left out") << ": " << counted(found.damaged_lines, "line")
              << " that the damage of the log cut off from its signatures\n";
  }
  if (found.unsigned_lines != 0) {
    std::cout << coloured(Colour::Yellow, "left out") << ": " << counted(found.unsigned_lines, "line")
              << kNotSigned << "\n";
  }
}

std::string shown_query(const json& query) {
  std::string out;
  for (const auto& [name, value] : query.items()) {
    out += (out.empty() ? "" : ", ") + name + " " + (value.is_string() ? value.get<std::string>() : "?");
  }
  return printable(out);
}

void show_proof(const LogsProveOptions& options, const ProofFindings& found) {
  std::cout << coloured(Colour::Bold, printable(found.name)) << ": lines with " << shown_query(found.query)
            << ", as the file says\n";
  if (!found.record.is_null()) {
    std::cout << "disclosed by " << printable(text_at(found.record, "user")) << " at "
              << printable(text_at(found.record, "time")) << ", as line " << number_at(found.record, "line")
              << " of heads.jsonl says, signed\n";
  }
  if (found.acknowledged.line != 0) {
    std::cout << "as the gateway says, its witness took heads.jsonl up to line " << found.acknowledged.line
              << " at " << printable(found.acknowledged.time) << "\n";
  }
  if (!options.witness.empty()) {
    std::cout << counted(found.compared, "signed line") << " compared with what the witness has; "
              << grouped(found.unwitnessed) << " newer than that\n";
  }
  for (const std::string& each : found.problems) {
    std::cout << printable(each) << "\n";
  }
  if (found.problem_count > found.problems.size()) {
    std::cout << "and " << grouped(found.problem_count - found.problems.size()) << " more\n";
  }
  std::cout
      << (found.problem_count == 0 ? coloured(Colour::Green, "proven")
                                   : coloured(Colour::Red, "NOT AS IT WAS DISCLOSED"))
      << ": " << grouped(found.proven) << " of " << counted(found.lines, "line") << ", in "
      << counted(found.frames, "frame") << " of " << counted(found.segments, "segment")
      << ", stand in the log that was signed by the key " << found.fingerprint << "\n"
      << "That proves these lines, each in its place. It does not prove that the log has no others that "
         "fit, nor who used an address.\n";
  if (options.fingerprint.empty()) {
    std::cout << "Compare the key's fingerprint with one that came another way: whoever has another key can "
                 "write another log.\n";
  }
}

json proof_json(const ProofFindings& found) {
  return {{"proven", found.proven},
          {"lines", found.lines},
          {"frames", found.frames},
          {"segments", found.segments},
          {"problem_count", found.problem_count},
          {"problems", found.problems},
          {"case", found.name},
          {"time", found.time},
          {"query", found.query},
          {"record", found.record},
          {"witnessed_to_line", found.acknowledged.line},
          {"compared_with_witness", found.compared},
          {"unwitnessed", found.unwitnessed},
          {"key", found.fingerprint}};
}

}  // namespace

int run_logs_disclose(const std::string& socket, const LogsDiscloseOptions& options) {
  DisclosureStart start{.name = options.name, .time = utc_text(utc_now_ns())};
  const std::optional<Query> query = read_order(socket, options, start.query);
  if (!query) {
    return kCannot;
  }
  std::string error;
  const auto key = SigningKey::open_public(fs::path(options.log) / "log.pub", error);
  if (!key) {
    return cannot(error);
  }
  start.key = key->public_text();
  start.acknowledged = read_acknowledged(options.log);
  json asked = reading_query(options.query, options.log);
  asked["case"] = options.name;
  hint_at_pseudonyms(options.log, options.query.from);
  if (const std::string why = put_reading(socket, "disclose", asked); !why.empty()) {
    return cannot("it cannot be put on record who reads it: " + why + "; nothing is disclosed");
  }
  const StopSignals stop;
  OutFile out(options.out);
  if (!out || !out.put(start_entry(start))) {
    return cannot(errno_text("cannot write " + options.out));
  }
  bool written = true;
  DisclosureFindings found;
  error = disclose_log(
      options.log, *query, *key, stoppable_progress("disclose", stop),
      [&](std::string_view entry) { return written = out.put(entry); }, found);
  if (!written || (error.empty() && !out.flush())) {
    error = errno_text("cannot write " + options.out);
  } else if (error.empty() && found.lines == 0) {
    show_problems(found);
    return cannot(found.unsigned_lines == 0 ? "no line fits that can be proved; nothing is disclosed"
                                            : counted(found.unsigned_lines, "line") + kNotSigned);
  }
  ProofFindings proven;
  if (error.empty()) {
    error = add_record(socket, options, found, out, stop, proven);
  }
  if (error.empty() && !out.finish()) {
    error = errno_text("cannot write " + options.out);
  }
  if (!error.empty()) {
    return cannot(error + "; nothing is disclosed");
  }
  show_disclosed(options, found, proven);
  return found.search.problem_count == 0 ? kDone : kNo;
}

int run_logs_prove(const LogsProveOptions& options) {
  ProofOptions against{.fingerprint = options.fingerprint, .witnessed = {}};
  std::string error =
      options.witness.empty() ? std::string() : read_witnessed(options.witness, against.witnessed);
  ProofFindings found;
  const StopSignals stop;
  if (error.empty()) {
    error = prove_disclosure(options.file, against, stoppable_progress("prove", stop), found);
  }
  if (!error.empty()) {
    return cannot(error);
  }
  if (options.json) {
    std::cout << proof_json(found).dump(2) << "\n";
  } else {
    show_proof(options, found);
  }
  return found.problem_count == 0 && found.proven == found.lines ? kDone : kNo;
}

}  // namespace sluice::control
