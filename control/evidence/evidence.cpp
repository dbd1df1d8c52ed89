// control/evidence: puts an archive together.
#include "control/evidence/evidence.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "control/base/files.h"
#include "control/base/hex.h"
#include "control/base/json_fields.h"
#include "control/base/sha256.h"
#include "control/base/utc.h"
#include "control/evidence/gateway_clock.h"
#include "control/evidence/policies.h"
#include "control/evidence/pseudonymised.h"
#include "control/evidence/sealed_copy.h"
#include "control/evidence/sheet.h"
#include "control/evidence/survey.h"
#include "control/evidence/verify_text.h"
#include "control/policy/line_register.h"
#include "control/policy/lists/list_reader.h"
#include "control/policy/source_files.h"
#include "control/reload/blob_store.h"
#include "control/segment/acknowledged.h"
#include "control/segment/check.h"
#include "control/segment/writer.h"

namespace sluice::control {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr const char* kPseudonymRecipient = "evidence";
constexpr size_t kNameDigits = 16;  ///< of a SHA-256, in front of a file's name

std::string dumped(const json& value) {
  return value.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

std::string name_by_sum(const std::string& sha256, const std::string& path) {
  return sha256.substr(0, kNameDigits) + "-" + plain_name(path);
}

class EvidenceMaker {
 public:
  EvidenceMaker(const EvidenceOptions& options, const SigningKey& key, const EvidenceProgress& progress,
                ArchiveWriter& out, EvidenceFindings& findings)
      : options_(options),
        key_(key),
        progress_(progress),
        out_(out),
        findings_(findings),
        since_ns_(parse_utc(options.since).value_or(INT64_MIN)),
        until_ns_(parse_utc(options.until).value_or(INT64_MAX)),
        blobs_(options.state / "blobs"),
        policies_(since_ns_, until_ns_) {}

  std::string run(const SignEvidence& sign) {
    using Part = std::string (EvidenceMaker::*)();
    constexpr Part kParts[] = {&EvidenceMaker::read_history,  &EvidenceMaker::read_log,
                               &EvidenceMaker::find_sources,  &EvidenceMaker::add_sheet,
                               &EvidenceMaker::add_log,       &EvidenceMaker::add_policies,
                               &EvidenceMaker::add_registers, &EvidenceMaker::add_reports};
    for (const Part part : kParts) {
      if (std::string error = (this->*part)(); !error.empty()) {
        return error;
      }
    }
    return add_manifest(sign);
  }

 private:
  std::string read_history() {
    std::string error;
    const SealedPaths paths = history_paths(options_.state);
    history_key_ = SigningKey::open_public(paths.public_key, error);
    if (!history_key_) {
      return error;
    }
    error = copy_sealed(
        paths, *history_key_, [this](std::string_view line) { policies_.take(line); }, history_);
    policies_.finish();
    findings_.problems += history_.found.problem_count;
    return error;
  }

  std::string read_log() {
    HeadsOfPeriod heads(since_ns_, until_ns_);
    std::string error = copy_sealed(
        heads_paths(options_.log, {}), key_, [&](std::string_view line) { heads.take(line); }, heads_);
    if (error.empty()) {
      error = heads.finish(options_.log, survey_);
    }
    if (!error.empty()) {
      return error;
    }
    const std::string name = text_at(options_.registers, "timezone");
    zone_ = name.empty() ? TimeZone() : TimeZone::find(name).value_or(TimeZone());
    error = survey_log(since_ns_, until_ns_, zone_, progress_of("reading"), survey_);
    if (!error.empty()) {
      return error;
    }
    error =
        check_log(options_.log, key_, {options_.since, options_.until, {}}, progress_of("checking"), check_);
    findings_.records = survey_.records;
    findings_.problems += check_.problem_count;
    if (survey_.begins_ns <= survey_.ends_ns) {
      findings_.signed_until = utc_text(survey_.ends_ns);
    }
    return error.empty() && check_.stopped ? "stopped before the end" : error;
  }

  LogProgress progress_of(const char* what) const {
    return [this, what](uint64_t done, uint64_t all) { return !progress_ || progress_(what, done, all); };
  }

  /// The sources of the policies in force, each once; not of fetched lists, of which no copy is kept, nor
  /// where people are to be named by no word.
  std::string find_sources() {
    std::set<std::string> known;
    for (const json& line : options_.registers.value("lines", json::array())) {
      for (const json& paper : line.value("papers", json::array())) {
        known.insert(text_at(paper, "sha256"));  // it is among the papers
      }
    }
    for (const PolicyOfPeriod& policy : policies_.policies()) {
      for (const SourceFile& source : policy.sources) {
        if (source.kind == SourceFile::Kind::Feed || options_.pseudonyms ||
            !known.insert(source.sha256).second) {
          continue;
        }
        if (blobs_.has(source.sha256) && source.size <= kMaxListBytes) {
          sources_.push_back(source);
        } else {
          sources_missing_.push_back(source.path + ", SHA-256 " + source.sha256);
        }
      }
    }
    for (const std::string& each : sources_missing_) {
      findings_.missing.push_back("a policy's source that is not kept any more: " + each);
    }
    return {};
  }

  std::string add_sheet() {
    SheetFacts facts;
    facts.site = options_.site;
    facts.since = options_.since;
    facts.until = options_.until;
    facts.made = utc_text(options_.now_ns);
    facts.zh_first = options_.zh_first;
    facts.pseudonyms = options_.pseudonyms;
    facts.registers = &options_.registers;
    facts.witness = &options_.witness;
    facts.log_key = key_.fingerprint();
    facts.history_key = history_key_->fingerprint();
    facts.survey = &survey_;
    facts.check = &check_;
    facts.policies = &policies_;
    facts.history_problems = history_.found.problems;
    facts.sources_missing = sources_missing_;
    facts.days = days_of(survey_, since_ns_, std::min(until_ns_, options_.now_ns), zone_);
    facts.clock = read_gateway_clock();
    std::string error = out_.add("00-sheet.html", sheet_html(facts));
    if (error.empty()) {
      error = out_.add("README.txt", readme_text(options_.pseudonyms));
    }
    return error.empty() ? out_.add("verify.py", kVerifyScript) : error;
  }

  /// A sealed file, its head and its key.
  std::string add_sealed(const std::string& path, const SealedCopy& copy, const std::string& head,
                         const std::string& public_path, const SigningKey& key) {
    std::string error = out_.add_file(path, copy.lines.get(), copy.bytes, {});
    if (error.empty()) {
      error = out_.add(head, copy.head);
    }
    return error.empty() ? out_.add(public_path, key.public_text()) : error;
  }

  std::string add_log() {
    std::string error = add_sealed("log/heads.jsonl", heads_, "log/heads.head", "log/log.pub", key_);
    if (const Acknowledged taken = read_acknowledged(options_.log); error.empty() && taken.line != 0) {
      error = out_.add("log/witness.json",
                       dumped({{"line", taken.line}, {"sha256", taken.sha256}, {"time", taken.time}}));
    }
    if (error.empty() && options_.pseudonyms) {
      pseudonyms_ = Pseudonyms::open_or_make(options_.state / "copies.key", kPseudonymRecipient, error);
    }
    std::error_code ignored;
    uint64_t done = 0, all = 0;
    for (const SegmentOfPeriod& each : survey_.segments) {
      all += each.path.empty() ? 0 : fs::file_size(each.path, ignored);
    }
    for (const SegmentOfPeriod& each : survey_.segments) {
      if (!error.empty()) {
        break;
      }
      if (each.path.empty()) {
        if (!each.deleted) {
          findings_.missing.push_back("segment " + std::to_string(each.number) + " of the log");
        }
        continue;
      }
      error = options_.pseudonyms ? add_pseudonymised(each, done, all) : add_segment(each, done, all);
      ++findings_.made.segments;
    }
    return error;
  }

  std::string add_segment(const SegmentOfPeriod& segment, uint64_t& done, uint64_t all) {
    struct stat status {};
    const UniqueFd fd(::open(segment.path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!fd || ::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
      return errno_text("cannot read " + segment.path.string());
    }
    return out_.add_file("log/" + segment.path.filename().string(), fd.get(),
                         static_cast<uint64_t>(status.st_size), [&](uint64_t bytes) {
                           done += bytes;
                           return !progress_ || progress_("packing", done, all);
                         });
  }

  std::string add_pseudonymised(const SegmentOfPeriod& segment, uint64_t& done, uint64_t all) {
    PseudonymisedSegment made;
    uint64_t reached = 0;
    std::string error = pseudonymise(
        segment.path, *pseudonyms_, options_.near,
        [&](uint64_t offset) {
          reached = offset;
          return !progress_ || progress_("packing", done + offset, all);
        },
        made);
    done += reached;
    std::string stem = segment.path.filename().string();
    stem.resize(stem.find('.'));
    if (error.empty()) {
      error = out_.add_file("log/" + stem + ".headers.jsonl", made.headers.get(), made.headers_bytes, {});
    }
    if (error.empty()) {
      error = out_.add_file("log/" + stem + ".pseudonyms.jsonl.zst", made.lines.get(), made.lines_bytes, {});
    }
    findings_.withheld += made.withheld;
    if (made.damaged != 0) {
      findings_.missing.push_back(std::to_string(made.damaged) + " damaged frames of " + stem);
    }
    return error;
  }

  std::string add_policies() {
    std::string error = add_sealed("policy/history.jsonl", history_, "policy/history.head",
                                   "policy/history.pub", *history_key_);
    std::string text;
    for (const SourceFile& source : sources_) {
      if (!error.empty()) {
        break;
      }
      if (const std::string why = blobs_.get(source.sha256, source.size, text); !why.empty()) {
        findings_.missing.push_back("a policy's source, SHA-256 " + source.sha256 + ": " + why);
      } else {
        error = out_.add("policy/sources/" + name_by_sum(source.sha256, source.path), text);
      }
    }
    return error;
  }

  std::string add_registers() {
    json registers = options_.registers;
    for (const char* key : {"blobs", "generation"}) {
      registers.erase(key);
    }
    std::string error = out_.add("lines.json", dumped(registers));
    for (const json& line : registers.value("lines", json::array())) {
      for (const json& paper : line.value("papers", json::array())) {
        if (error.empty()) {
          error = add_paper(text_at(paper, "file"), text_at(paper, "sha256"), number_at(paper, "bytes"));
        }
      }
    }
    return error;
  }

  std::string add_paper(const std::string& file, const std::string& sha256, uint64_t bytes) {
    const std::string path = "papers/" + name_by_sum(sha256, file);
    if (out_.has(path) || !is_sha256_text(sha256)) {
      return {};
    }
    std::string text, why = "it is too large";
    bool there = bytes <= kMaxPaperBytes && (why = blobs_.get(sha256, bytes, text)).empty();
    if (!there && !options_.policy.empty()) {
      there = read_file((options_.policy / file).string(), kMaxPaperBytes, text, why) &&
              sha256_hex(text) == sha256;
    }
    if (!there) {
      findings_.missing.push_back("the paper " + file + ": " + why);
      return {};
    }
    return out_.add(path, text);
  }

  std::string add_reports() {
    for (const fs::path& report : options_.reports) {
      std::string text, error;
      if (!read_file(report.string(), kMaxReportBytes, text, error)) {
        return "cannot read " + report.string() + ": " + error;
      }
      if (error = out_.add("reports/" + plain_name(report.string()), text); !error.empty()) {
        return error;
      }
    }
    return {};
  }

  std::string add_manifest(const SignEvidence& sign) {
    json files = json::array();
    for (const ArchivedFile& each : out_.files()) {
      files.push_back({{"path", each.path}, {"sha256", each.sha256}, {"bytes", each.bytes}});
      findings_.bytes += each.bytes;
    }
    EvidenceMade& made = findings_.made;
    const std::string text = dumped({{"version", 1},
                                     {"site", options_.site},
                                     {"since", options_.since},
                                     {"until", options_.until},
                                     {"made", utc_text(options_.now_ns)},
                                     {"pseudonyms", options_.pseudonyms},
                                     {"missing", findings_.missing},
                                     {"files", std::move(files)}});
    made.since = options_.since;
    made.until = options_.until;
    made.pseudonyms = options_.pseudonyms;
    made.files = out_.files().size();
    made.sha256 = sha256_hex(text);
    std::string line, error = sign(made, line);
    if (error.empty() && !is_record_of(line, made, key_)) {
      error = "what the daemon signed is not the log's: it writes another log";
    }
    if (error.empty()) {
      error = out_.add("MANIFEST.json", text);
    }
    if (error.empty()) {
      error = out_.add("MANIFEST.signed", line + "\n");
    }
    return error.empty() ? out_.finish() : error;
  }

  const EvidenceOptions& options_;
  const SigningKey& key_;
  const EvidenceProgress& progress_;
  ArchiveWriter& out_;
  EvidenceFindings& findings_;
  const int64_t since_ns_, until_ns_;
  const BlobStore blobs_;
  PoliciesOfPeriod policies_;
  std::unique_ptr<SigningKey> history_key_;
  SealedCopy history_, heads_;
  LogSurvey survey_;
  LogFindings check_;
  TimeZone zone_;
  SourceList sources_;
  std::vector<std::string> sources_missing_;
  std::unique_ptr<const Pseudonyms> pseudonyms_;
};

}  // namespace

std::string make_evidence(const EvidenceOptions& options, const SigningKey& key,
                          const EvidenceProgress& progress, const SignEvidence& sign, ArchiveWriter& out,
                          EvidenceFindings& findings) {
  if (!register_from(options.registers)) {
    return "what sluice-control told is no line register; is it of this version?";
  }
  return EvidenceMaker(options, key, progress, out, findings).run(sign);
}

}  // namespace sluice::control
