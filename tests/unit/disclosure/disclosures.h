// tests: a log of three clients, and disclosures of it.
#pragma once

#include <nlohmann/json.hpp>
#include <sstream>

#include "control/base/utc.h"
#include "control/disclosure/disclose.h"
#include "control/disclosure/proof.h"
#include "control/disclosure/record.h"
#include "tests/unit/segment/segments.h"

namespace sluice::control {

struct DisclosureTest : Segments {
  static constexpr uint64_t kClients = 3;
  std::unique_ptr<SegmentWriter> writer = open();
  std::unique_ptr<SigningKey> key = SigningKey::open_public(log / "log.pub", error);
  DisclosureFindings found;
  ProofFindings proven;
  uint64_t numbers = 0;

  static std::string client(uint64_t number) { return "10.20.1." + std::to_string(number % kClients); }
  static std::string text_of(uint64_t number) {
    return nlohmann::json{
        {"@timestamp", utc_text(kNow + static_cast<int64_t>(number) * kSecond)},
        {"event", {{"id", "000000000000b007-0-" + std::to_string(number)}, {"action", "allowed"}}},
        {"source", {{"ip", client(number)}}},
        {"destination", {{"domain", "secret-" + std::to_string(number) + ".example"}}}}
        .dump();
  }
  /// Frames of lines; the clients take turns.
  static void add(SegmentWriter& to, uint64_t& last, size_t frames, size_t lines) {
    for (size_t i = 0; i < frames; ++i) {
      LogBatch out;
      for (size_t k = 0; k < lines; ++k) {
        out.lines += text_of(++last) + "\n";
        out.note(kNow + static_cast<int64_t>(last) * kSecond, {kBoot, 0, last});
      }
      ASSERT_EQ(to.append(out, kNow), "");
    }
  }
  void add(size_t frames, size_t lines) { add(*writer, numbers, frames, lines); }
  void add_closed(size_t frames, size_t lines) {
    add(frames, lines);
    ASSERT_EQ(writer->close(kNow), "");
  }

  /// A whole disclosure of a log.
  std::string disclose(const QueryOptions& options, const std::filesystem::path& of, SegmentWriter& signs) {
    found = {};
    const auto query = Query::parse(options, error);
    const auto its_key = SigningKey::open_public(of / "log.pub", error);
    std::string out = start_entry({"2026-7", utc_text(kNow), options, its_key->public_text(), {}});
    EXPECT_EQ(
        disclose_log(
            of, *query, *its_key, {}, [&](std::string_view entry) { return out += entry, true; }, found),
        "");
    const nlohmann::json answer =
        record_disclosure(record_request("2026-7", found, sha256_hex(out)), 1000, "li.wei", kNow,
                          [&](const nlohmann::json& line, std::string& written) {
                            return signs.heads().append(line, &written);
                          });
    return out + record_entry(answer.value("signed", ""));
  }
  std::string disclose(const QueryOptions& options = {.from = client(0)}) {
    return disclose(options, log, *writer);
  }

  /// Whether nothing is wrong with it.
  bool prove(const std::string& text, const ProofOptions& options = {}) {
    write(root / "disclosure", text);
    const std::string why = prove_disclosure(root / "disclosure", options, {}, proven);
    EXPECT_EQ(proven.problem_count == 0 && why.empty(), proven.problems.empty() && why.empty());
    return why.empty() && proven.problem_count == 0;
  }
  bool says(const std::string& what) const {
    return std::ranges::any_of(proven.problems,
                               [&](const std::string& each) { return each.find(what) != std::string::npos; });
  }
  static std::vector<std::string> entries(const std::string& text) {
    std::vector<std::string> out;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
      out.push_back(line + "\n");
    }
    return out;
  }
  static std::string joined(const std::vector<std::string>& entries) {
    std::string out;
    for (const std::string& each : entries) {
      out += each;
    }
    return out;
  }
  static std::string kind(const std::string& entry) { return nlohmann::json::parse(entry).value("kind", ""); }
  /// The place of the nth entry of a kind.
  static size_t nth(const std::vector<std::string>& all, const std::string& wanted, size_t n) {
    for (size_t i = 0; i < all.size(); ++i) {
      if (kind(all[i]) == wanted && n-- == 0) {
        return i;
      }
    }
    ADD_FAILURE() << "no such " << wanted;
    return 0;
  }
};

}  // namespace sluice::control
