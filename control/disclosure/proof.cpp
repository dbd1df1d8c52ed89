// control/disclosure: holds each line against its frame, each frame against its segment's signed line.
#include "control/disclosure/proof.h"

#include <utility>

#include "control/base/hex.h"
#include "control/base/json_fields.h"
#include "control/sealed/sealed_form.h"
#include "control/segment/merkle.h"

namespace sluice::control {
namespace {

using nlohmann::json;
/// A tree of more leaves than a frame has bytes would be higher.
constexpr size_t kMaxPath = 32;

/// Returns false where said is no list of hashes.
bool read_path(const json& said, std::vector<Sha256Bytes>& out) {
  const auto found = said.find("path");
  if (found == said.end() || !found->is_array() || found->size() > kMaxPath) {
    return false;
  }
  for (const json& each : *found) {
    if (!each.is_string() || !bytes_of_hex(each.get_ref<const std::string&>(), out.emplace_back())) {
      return false;
    }
  }
  return true;
}

}  // namespace

DisclosureProof::DisclosureProof(const ProofOptions& options, ProofFindings& findings)
    : options_(options), out_(findings) {}

bool DisclosureProof::take(std::string_view text) {
  ++out_.entries;
  const json said = json::parse(text, nullptr, false);
  const std::string kind = said.is_object() ? text_at(said, "kind") : std::string();
  if (out_.entries == 1 && (kind != "disclosure" || !take_start(said))) {
    return false;
  }
  if (ended_) {
    wrong("something follows the record");
  } else if (kind == "record") {
    take_record(said, text);
    return true;
  } else if (kind == "segment") {
    end_segment();
    take_segment(said);
  } else if (kind == "frame") {
    take_frame(said);
  } else if (kind == "line") {
    take_line(said);
  } else if (out_.entries != 1) {
    wrong("it is no entry of a disclosure");
  }
  sum_.update(text);
  sum_.update("\n");
  return true;
}

void DisclosureProof::finish(bool rest) {
  end_segment();
  if (rest) {
    problem("what follows line " + std::to_string(out_.entries) + " is cut, or too long");
  }
  if (!ended_) {
    problem("after line " + std::to_string(out_.entries) +
            ", the record of who disclosed it is missing: the file was cut, or never completed");
  }
  const auto had = options_.witnessed.find(out_.acknowledged.line);
  if (had != options_.witnessed.end() && sha256_hex(had->second) != out_.acknowledged.sha256) {
    problem("the witness has another line " + std::to_string(had->first) +
            " of heads.jsonl than it took, as the gateway says, at " + out_.acknowledged.time);
  }
}

bool DisclosureProof::take_start(const json& said) {
  std::string ignored;
  if (number_at(said, "version") != kDisclosureVersion ||
      !(key_ = SigningKey::read_public(text_at(said, "key"), "it", ignored))) {
    return false;
  }
  out_.name = text_at(said, "case");
  out_.time = text_at(said, "time");
  out_.query = object_at(said, "query");
  const json had = object_at(said, "acknowledged");
  out_.acknowledged = {number_at(had, "line"), text_at(had, "sha256"), text_at(had, "time")};
  out_.fingerprint = key_->fingerprint();
  if (!options_.fingerprint.empty() && options_.fingerprint != out_.fingerprint) {
    wrong("its key is another one than was noted: " + out_.fingerprint);
  }
  return true;
}

/// The signed line of an entry; null, and it has said so, where it is not the key's.
json DisclosureProof::read_signed(const json& said) {
  const std::string text = text_at(said, "signed");
  const auto parts = take_apart(text);
  json out = parts ? json::parse(parts->body, nullptr, false) : json();
  if (!out.is_object() || !key_->verify(parts->body, parts->signature)) {
    wrong("its signed line was changed, or another key signed it");
    return {};
  }
  compare(out, text);
  return out;
}

/// With what the witness has.
void DisclosureProof::compare(const json& signed_line, const std::string& text) {
  const WitnessedLines& witnessed = options_.witnessed;
  const uint64_t number = number_at(signed_line, "line");
  if (number == out_.acknowledged.line && sha256_hex(text) != out_.acknowledged.sha256) {
    wrong("its signed line is another one than the gateway says the witness took");
  }
  if (witnessed.empty()) {
    return;
  }
  const auto found = witnessed.find(number);
  if (found != witnessed.end() && found->second == text) {
    ++out_.compared;
  } else if (found == witnessed.end() && number > witnessed.rbegin()->first) {
    ++out_.unwitnessed;
  } else {
    wrong("line " + std::to_string(number) + " of heads.jsonl, which is its signed line, is " +
          (found == witnessed.end() ? "not among what the witness has" : "another one than the witness has"));
  }
}

void DisclosureProof::take_segment(const json& said) {
  segment_ = {};
  in_segment_ = true;
  const json line = read_signed(said);
  if (line.is_null()) {
    return;
  }
  segment_.number = number_at(line, "segment");
  segment_.frames = number_at(line, "frames");
  if (text_at(line, "kind") != "segment") {
    wrong("its signed line is not that of a segment");
  } else if (segment_.number <= last_segment_) {
    wrong("its segment does not come after the one before it");
  } else {
    segment_.last_header = text_at(line, "header");
    last_segment_ = segment_.number;
  }
}

void DisclosureProof::take_frame(const json& said) {
  const std::string text = text_at(said, "header");
  const std::optional<FrameHeader> header = read_header_text(text);
  const auto broken = [&](const std::string& why) {
    wrong(why);
    segment_.pending = segment_.pending_frames = 0;  // nothing leads from them to the signed line any more
  };
  segment_.next_line = 0;
  segment_.frame_has = false;
  if (!in_segment_) {
    wrong("a frame without a segment before it");
  } else if (!header) {
    broken("its header was changed");
    segment_.frame_sha256.clear();
  } else {
    if (header->segment != segment_.number && !segment_.last_header.empty()) {
      broken("its header is of segment " + std::to_string(header->segment));
    } else if (!segment_.frame_sha256.empty() &&
               (header->previous != segment_.frame_sha256 || header->frame != segment_.frame.frame + 1)) {
      broken("its header does not follow the one before it");
    }
    segment_.frame = *header;
    segment_.frame_sha256 = sha256_hex(text);
    // It has 64 digits, as every header that can be read.
    [[maybe_unused]] const bool digits = bytes_of_hex(header->root, segment_.root);
  }
}

void DisclosureProof::take_line(const json& said) {
  ++out_.lines;
  const auto text = said.find("line"), index = said.find("index");
  std::vector<Sha256Bytes> path;
  Sha256Bytes salt;
  if (!in_segment_ || segment_.frame_sha256.empty()) {
    return wrong("a line without a frame before it");
  }
  if (text == said.end() || !text->is_string() || index == said.end() || !index->is_number_unsigned() ||
      !bytes_of_hex(text_at(said, "salt"), salt) || !read_path(said, path)) {
    return wrong("it is no line with place, salt and path");
  }
  const auto place = index->get<uint64_t>();
  const std::string& line = text->get_ref<const std::string&>();
  if (place < segment_.next_line) {
    return wrong("its line stands before the one before it, or is the same");
  }
  if (line.find('\n') != std::string::npos ||
      !merkle_verify(merkle_leaf(salt, line), place, segment_.frame.records, path, segment_.root)) {
    return wrong("its line was changed, or stands elsewhere: its path does not lead to the frame's root");
  }
  segment_.next_line = place + 1;
  ++segment_.pending;
  segment_.pending_frames += !std::exchange(segment_.frame_has, true);
}

void DisclosureProof::end_segment() {
  if (!std::exchange(in_segment_, false) || segment_.last_header.empty()) {
    return;
  }
  if (segment_.frame_sha256 != segment_.last_header || segment_.frame.frame + 1 != segment_.frames) {
    wrong("the headers before it do not lead to the signed line of segment " +
          std::to_string(segment_.number));
    return;
  }
  out_.proven += segment_.pending;
  out_.frames += segment_.pending_frames;
  out_.segments += segment_.pending != 0;
}

void DisclosureProof::take_record(const json& said, std::string_view text) {
  end_segment();
  ended_ = true;
  const std::string sum = sum_.hex();
  json line = read_signed(said);
  if (line.is_null()) {
    return;
  }
  if (text_at(line, "kind") != "disclosure" ||
      record_entry(text_at(said, "signed")) != std::string(text) + "\n") {
    return wrong("it is not the record of a disclosure");
  }
  if (text_at(line, "sha256") != sum || number_at(line, "lines") != out_.lines ||
      text_at(line, "case") != out_.name) {
    wrong(
        "what stands before the record is not what was recorded: something was changed, added or taken "
        "away");
  }
  out_.record = std::move(line);
}

std::string DisclosureProof::place() const {
  std::string out = "line " + std::to_string(out_.entries);
  if (in_segment_ && segment_.number != 0) {
    out += " (segment " + std::to_string(segment_.number);
    out += segment_.frame_sha256.empty() ? ")" : ", frame " + std::to_string(segment_.frame.frame) + ")";
  }
  return out + ": ";
}

void DisclosureProof::wrong(const std::string& what) {
  problem(place() + what);
}

void DisclosureProof::problem(std::string what) {
  ++out_.problem_count;
  if (out_.problems.size() < ProofFindings::kMaxTold) {
    out_.problems.push_back(std::move(what));
  }
}

}  // namespace sluice::control
