// control/evidence: the signed line that says who made an archive.
#include "control/evidence/record.h"

#include <nlohmann/json.hpp>

#include "control/base/hex.h"
#include "control/base/json_fields.h"
#include "control/base/log_line.h"
#include "control/base/utc.h"
#include "control/sealed/sealed_form.h"

namespace sluice::control {

using nlohmann::json;

json evidence_request(const EvidenceMade& made) {
  return {{"command", "evidence"},        {"since", made.since}, {"until", made.until},
          {"sha256", made.sha256},        {"files", made.files}, {"segments", made.segments},
          {"pseudonyms", made.pseudonyms}};
}

json record_evidence(const json& request, uid_t uid, const std::string& user, int64_t utc_ns,
                     const AppendSigned& append) {
  const std::string since = text_at(request, "since"), until = text_at(request, "until"),
                    sha256 = text_at(request, "sha256");
  const uint64_t files = number_at(request, "files");
  const bool pseudonyms = request.value("pseudonyms", json()) == true;
  if (!parse_utc(since) || !parse_utc(until) || until < since || files == 0 || !is_sha256_text(sha256)) {
    return {{"error", "evidence needs since, until, files, and the sha256 of the manifest"}};
  }
  std::string written;
  std::string why = append(json{{"kind", "evidence"},
                                {"time", utc_text(utc_ns)},
                                {"since", since},
                                {"until", until},
                                {"files", files},
                                {"segments", number_at(request, "segments")},
                                {"pseudonyms", pseudonyms},
                                {"sha256", sha256},
                                {"user", user},
                                {"uid", uint64_t{uid}}},
                           written);
  if (!why.empty()) {
    return {{"error", std::move(why)}};
  }
  log_info("access log: evidence of " + since + " to " + until + " made by " + user);
  return {{"signed", std::move(written)}};
}

bool is_record_of(const std::string& line, const EvidenceMade& made, const SigningKey& key) {
  const auto parts = take_apart(line);
  const json said = parts ? json::parse(parts->body, nullptr, false) : json();
  return said.is_object() && text_at(said, "kind") == "evidence" && text_at(said, "sha256") == made.sha256 &&
         key.verify(parts->body, parts->signature);
}

}  // namespace sluice::control
