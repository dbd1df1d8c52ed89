// control/segment: headers as JSON, and little numbers.
#include "control/segment/form.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "control/base/hex.h"
#include "control/base/json_fields.h"
#include "control/base/sha256.h"
#include "control/base/utc.h"

namespace sluice::control {
namespace {

using nlohmann::json;
constexpr size_t kSegmentDigits = 10, kBootDigits = 16;
constexpr std::string_view kPrefix = "access-", kSuffix = ".jsonl.zst";
constexpr std::string_view kTimeForm = "00000000T000000Z";  ///< 0 stands for any digit

std::string worker_key(const WorkerNumber& number) {
  char boot[kBootDigits + 1];
  std::snprintf(boot, sizeof boot, "%016llx", static_cast<unsigned long long>(number.boot));
  return std::string(boot) + "-" + std::to_string(number.worker);
}

bool parse_worker_key(std::string_view text, WorkerNumber& out) {
  const char* const end = text.data() + text.size();
  const auto boot = std::from_chars(text.data(), end, out.boot, 16);
  if (boot.ec != std::errc() || boot.ptr != text.data() + kBootDigits || boot.ptr == end ||
      *boot.ptr != '-') {
    return false;
  }
  const auto worker = std::from_chars(boot.ptr + 1, end, out.worker);
  return worker.ec == std::errc() && worker.ptr == end;
}

/// Types alone: whether the values are those that header_text writes, the comparison tells.
std::optional<FrameHeader> header_of(const json& said) {
  FrameHeader out;
  const auto first = said.find("first"), last = said.find("last"), numbers = said.find("numbers");
  if (first == said.end() || last == said.end() || numbers == said.end() || !first->is_number_integer() ||
      !last->is_number_integer() || !numbers->is_array() || numbers->size() > kMaxWorkersKnown) {
    return std::nullopt;
  }
  for (const json& each : *numbers) {
    WorkerNumber number;
    if (!each.is_array() || each.size() != 2 || !each[0].is_string() || !each[1].is_number_unsigned() ||
        !parse_worker_key(each[0].get_ref<const std::string&>(), number)) {
      return std::nullopt;
    }
    number.last = each[1].get<uint64_t>();
    out.numbers.push_back(number);
  }
  out.segment = number_at(said, "segment");
  out.frame = number_at(said, "frame");
  out.previous = text_at(said, "previous");
  out.records = number_at(said, "records");
  out.first_ns = first->get<int64_t>();
  out.last_ns = last->get<int64_t>();
  out.text_bytes = number_at(said, "text");
  out.body_bytes = number_at(said, "body");
  out.sha256 = text_at(said, "sha256");
  out.root = text_at(said, "root");
  const bool fits = is_sha256_text(out.previous) && is_sha256_text(out.sha256) && is_sha256_text(out.root) &&
                    out.records != 0 && out.text_bytes <= kMaxFrameText && out.body_bytes <= kMaxFrameBody &&
                    out.body_bytes > kSkippableStart + kSaltBytes;
  return fits ? std::optional(std::move(out)) : std::nullopt;
}

std::optional<FrameHeader> parse_header(std::string_view text) {
  const json said = text.size() <= kMaxHeader ? json::parse(text, nullptr, false) : json();
  return said.is_object() ? header_of(said) : std::nullopt;
}

}  // namespace

void set_number(WorkerNumbers& numbers, const WorkerNumber& number) {
  std::erase_if(numbers, [&](const WorkerNumber& each) {
    return each.boot == number.boot && each.worker == number.worker;
  });
  if (numbers.size() >= kMaxWorkersKnown) {
    numbers.erase(numbers.begin());
  }
  numbers.push_back(number);
}

std::string skippable_frame(uint32_t magic, std::string_view content) {
  std::string out;
  out.reserve(kSkippableStart + content.size());
  append_number_of(out, magic);
  append_number_of(out, static_cast<uint32_t>(content.size()));
  out += content;
  return out;
}

uint32_t number_of(std::string_view text) {
  uint32_t out = 0;
  for (size_t i = 4; i-- > 0;) {
    out = out << 8 | static_cast<uint8_t>(text[i]);
  }
  return out;
}

void append_number_of(std::string& out, uint32_t number) {
  for (int shift = 0; shift < 32; shift += 8) {
    out += static_cast<char>(number >> shift);
  }
}

std::string header_text(const FrameHeader& header) {
  json numbers = json::array();
  for (const WorkerNumber& each : header.numbers) {
    numbers.push_back({worker_key(each), each.last});
  }
  return json{{"segment", header.segment}, {"frame", header.frame},        {"previous", header.previous},
              {"records", header.records}, {"first", header.first_ns},     {"last", header.last_ns},
              {"text", header.text_bytes}, {"body", header.body_bytes},    {"sha256", header.sha256},
              {"root", header.root},       {"numbers", std::move(numbers)}}
      .dump();
}

std::optional<FrameHeader> read_header_text(std::string_view text) {
  std::optional<FrameHeader> out = parse_header(text);
  return out && header_text(*out) == text ? out : std::nullopt;
}

std::string header_frame(const FrameHeader& header, std::string& sha256) {
  const std::string text = header_text(header);
  sha256 = sha256_hex(text);
  return skippable_frame(kHeaderMagic, text + "\n" + sha256 + "\n");
}

std::optional<FrameHeader> read_header_frame(std::string_view frame, std::string& sha256) {
  constexpr size_t kAround = kSkippableStart + kSha256Digits + 2;
  if (frame.size() <= kAround || frame.size() > kMaxHeader) {
    return std::nullopt;
  }
  std::optional<FrameHeader> out = parse_header(frame.substr(kSkippableStart, frame.size() - kAround));
  return out && header_frame(*out, sha256) == frame ? out : std::nullopt;
}

/// Of zstd's seekable format, version 0.1.0, without checksums: the frames have their own.
std::string seek_table(const std::vector<SeekEntry>& entries) {
  std::string table;
  for (const SeekEntry& each : entries) {
    append_number_of(table, each.file_bytes);
    append_number_of(table, each.text_bytes);
  }
  append_number_of(table, static_cast<uint32_t>(entries.size()));
  table += '\0';
  append_number_of(table, kSeekTableEndMagic);
  return skippable_frame(kSeekTableMagic, table);
}

std::string segment_name(uint64_t number, int64_t opened_ns) {
  std::string time = utc_text(opened_ns);  // 2026-11-23T04:00:00…
  std::erase(time, '-');
  std::erase(time, ':');
  std::string digits = std::to_string(number);
  digits.insert(0, kSegmentDigits - std::min(kSegmentDigits, digits.size()), '0');
  return std::string(kPrefix) + time.substr(0, kTimeForm.size() - 1) + "Z-" + digits + std::string(kSuffix);
}

std::optional<uint64_t> segment_number(std::string_view name) {
  if (name.size() != kPrefix.size() + kTimeForm.size() + 1 + kSegmentDigits + kSuffix.size() ||
      !name.starts_with(kPrefix) || !name.ends_with(kSuffix)) {
    return std::nullopt;
  }
  name.remove_prefix(kPrefix.size());
  for (size_t i = 0; i < kTimeForm.size(); ++i) {
    const bool digit = name[i] >= '0' && name[i] <= '9';
    if (kTimeForm[i] == '0' ? !digit : name[i] != kTimeForm[i]) {
      return std::nullopt;
    }
  }
  const char* const digits = name.data() + kTimeForm.size() + 1;
  uint64_t number = 0;
  const auto read = std::from_chars(digits, digits + kSegmentDigits, number);
  if (name[kTimeForm.size()] != '-' || read.ec != std::errc() || read.ptr != digits + kSegmentDigits ||
      number == 0) {
    return std::nullopt;
  }
  return number;
}

}  // namespace sluice::control
