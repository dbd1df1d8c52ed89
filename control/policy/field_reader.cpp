// control/policy: reads the values of one YAML mapping, and says what is wrong with each.
#include "control/policy/field_reader.h"

#include <algorithm>
#include <charconv>

#include "control/policy/utf8.h"

namespace sluice::control {
namespace {

using Kind = YamlNode::Kind;

std::string_view shape_of(const YamlNode& node) {
  switch (node.kind) {
    case Kind::Null:
      return "nothing";
    case Kind::Scalar:
      return "a single value";
    case Kind::Sequence:
      return "a list";
    case Kind::Map:
      return "a mapping";
  }
  return "nothing";
}

std::string in_ticks(std::string_view key) {
  return "`" + std::string(key) + "`";
}

/// Reports a value of the wrong shape. Returns whether it is a scalar.
bool expect_scalar(const YamlNode& node, std::string_view key, std::string instead, Report& report) {
  if (node.kind == Kind::Scalar) return true;
  report.error(node.at, in_ticks(key) + " has " + std::string(shape_of(node)), std::move(instead));
  return false;
}

/// Splits `<number><unit>`; returns the number and leaves the unit in text.
std::optional<uint64_t> take_number(std::string_view& text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return number;
}

}  // namespace

bool check_key(const YamlNode& key, const KeySet& known, Report& report) {
  if (std::ranges::find(known.keys, key.text) != known.keys.end()) return true;
  const std::string_view near = nearest(key.text, known.keys);
  report.error(
      key.at, "unknown key " + in_quotes(key.text) + " in " + std::string(known.of),
      near.empty() ? "it may have " + alternatives(known.keys) : "did you mean " + in_ticks(near) + "?");
  return false;
}

Fields::Fields(const YamlNode& node, const KeySet& known, Report& report) : node_(node) {
  if (!is_map()) {
    report.error(node.at, std::string(known.of) + " is written as " + std::string(shape_of(node)),
                 "write {" + std::string(known.keys.front()) + ": ...}");
    return;
  }
  for (size_t i = 0; i + 1 < node.children.size(); i += 2) check_key(node.children[i], known, report);
}

const YamlNode* Fields::find(std::string_view key) const {
  if (!is_map()) return nullptr;
  for (size_t i = 0; i + 1 < node_.children.size(); i += 2) {
    if (node_.children[i].text == key) return &node_.children[i + 1];
  }
  return nullptr;
}

void report_twice(Position at, std::string_view key, Position earlier, Report& report) {
  report.error(at, in_ticks(key) + " is given twice", "it stands at " + report.text_of(earlier) + " already");
}

std::optional<std::string> read_text(const YamlNode& node, std::string_view key, Report& report) {
  if (!expect_scalar(node, key, "write a text", report)) return std::nullopt;
  if (node.text.empty()) {
    report.error(node.at, in_ticks(key) + " is empty", "write a text, or leave the key out");
    return std::nullopt;
  }
  if (node.text.size() > kMaxText) {
    report.error(node.at, in_ticks(key) + " is longer than " + std::to_string(kMaxText) + " bytes",
                 "shorten it");
    return std::nullopt;
  }
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::ranges::any_of(node.text, control)) {
    report.error(node.at, in_ticks(key) + " has a control character", "write it on one line of plain text");
    return std::nullopt;
  }
  return node.text;
}

std::optional<bool> read_bool(const YamlNode& node, std::string_view key, Report& report) {
  static constexpr std::string_view kWords[] = {"false", "true"};
  const auto index = read_choice(node, key, kWords, report);
  if (!index) return std::nullopt;
  return *index == 1;
}

std::optional<size_t> read_choice(const YamlNode& node, std::string_view key,
                                  std::span<const std::string_view> words, Report& report) {
  const std::string instead = "write " + alternatives(words);
  if (!expect_scalar(node, key, instead, report)) return std::nullopt;
  const auto found = std::ranges::find(words, node.text);
  if (found == words.end()) {
    report.error(node.at, in_ticks(key) + " cannot be " + in_quotes(node.text), instead);
    return std::nullopt;
  }
  return static_cast<size_t>(found - words.begin());
}

std::vector<const YamlNode*> read_items(const YamlNode& node, std::string_view key, Report& report) {
  std::vector<const YamlNode*> out;
  if (node.kind != Kind::Sequence) {
    report.error(node.at, in_ticks(key) + " has " + std::string(shape_of(node)),
                 node.kind == Kind::Scalar ? "write [" + printable(node.text.substr(0, kMaxWord)) + "]"
                                           : "write a list, as [a, b]");
    return out;
  }
  if (node.children.empty()) report.error(node.at, in_ticks(key) + " is an empty list", "leave the key out");
  for (const YamlNode& item : node.children) {
    if (expect_scalar(item, key, "write single values in the list", report)) out.push_back(&item);
  }
  return out;
}

std::vector<const YamlNode*> read_one_or_more(const YamlNode& node, std::string_view key, Report& report) {
  if (node.kind == Kind::Scalar) return {&node};
  return read_items(node, key, report);
}

std::vector<Word> read_words(const YamlNode& node, std::string_view key, Report& report) {
  std::vector<Word> out;
  for (const YamlNode* item : read_items(node, key, report)) out.push_back({item->text, item->at});
  return out;
}

std::vector<std::pair<Word, const YamlNode*>> read_named(const YamlNode& node, std::string_view key,
                                                         Report& report, decltype(check_word)& check) {
  std::vector<std::pair<Word, const YamlNode*>> out;
  if (node.kind != Kind::Map) {
    report.error(node.at, in_ticks(key) + " has " + std::string(shape_of(node)),
                 "write a mapping of names, as {name: {...}}");
    return out;
  }
  for (size_t i = 0; i + 1 < node.children.size(); i += 2) {
    Word name{node.children[i].text, node.children[i].at};
    check(name, kMaxWord, report);
    out.emplace_back(std::move(name), &node.children[i + 1]);
  }
  return out;
}

static bool check_name(const Word& word, size_t max, std::string_view marks, std::string_view instead,
                       Report& report) {
  const auto alnum = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  const auto allowed = [&](char c) { return alnum(c) || marks.find(c) != marks.npos; };
  if (word.text.size() > max) {
    report.error(word.at, "the name " + in_quotes(word.text) + " is too long",
                 "use at most " + std::to_string(max) + " characters");
    return false;
  }
  if (word.text.empty() || !alnum(word.text.front()) || !std::ranges::all_of(word.text, allowed)) {
    report.error(word.at, in_quotes(word.text) + " cannot be a name here",
                 "use letters, digits, " + std::string(instead) + ", beginning with a letter or a digit");
    return false;
  }
  return true;
}

bool check_word(const Word& word, size_t max, Report& report) {
  return check_name(word, max, "-_", "- and _", report);
}

bool check_person(const Word& word, size_t max, Report& report) {
  return check_name(word, max, "-_.", "-, _ and dots", report);
}

void report_prefix(PrefixError error, const Word& text, const Prefix& prefix, Report& report) {
  switch (error) {
    case PrefixError::None:
      return;
    case PrefixError::NotAnAddress:
      return report.error(text.at, in_quotes(text.text) + " is not a prefix",
                          "write 10.0.0.0/8 or \"fd00::/8\"");
    case PrefixError::BadLength:
      return report.error(text.at, in_quotes(text.text) + " has no valid length",
                          "write /0 to /32 for IPv4, /0 to /128 for IPv6");
    case PrefixError::HostBits:
      return report.error(text.at, in_quotes(text.text) + " has host bits set", "write " + to_string(prefix));
    case PrefixError::Mapped:
      return report.error(text.at, in_quotes(text.text) + " is IPv4 written as IPv6", "write it as IPv4");
  }
}

std::vector<PrefixSource> read_prefixes(const YamlNode& node, std::string_view key, Report& report) {
  std::vector<PrefixSource> out;
  for (const YamlNode* item : read_items(node, key, report)) {
    Prefix prefix;
    const PrefixError error = parse_prefix(item->text, prefix);
    report_prefix(error, {item->text, item->at}, prefix, report);
    if (error == PrefixError::None) out.push_back({prefix, item->at});
  }
  return out;
}

std::optional<WrittenName> read_name(const Word& word, Report& report) {
  WrittenName written = read_written_name(word.text);
  const std::string reason = written.reason.empty() ? "" : " (" + std::string(written.reason) + ')';
  if (written.error != NameError::None) {
    report.error(word.at,
                 "the name " + in_quotes(word.text) + ' ' + std::string(what_of(written.error)) + reason,
                 std::string(instead_of(written.error)));
    return std::nullopt;
  }
  if (!reason.empty()) {
    report.warn(word.at,
                "the name " + in_quotes(word.text) + " has an A-label that stands for nothing" + reason,
                "it is taken as it is written");
  }
  return written;
}

std::optional<uint32_t> read_duration(const YamlNode& node, std::string_view key, uint32_t min, uint32_t max,
                                      Report& report) {
  const std::string instead = "write 90s, 10m, 2h or 7d, " +
                              (min == 0 ? std::string() : "at least " + std::to_string(min) + "s and ") +
                              "at most " + std::to_string(max) + 's';
  if (!expect_scalar(node, key, instead, report)) return std::nullopt;
  std::string_view rest = node.text;
  const auto number = take_number(rest);
  const uint64_t unit = rest == "s" ? 1 : rest == "m" ? 60 : rest == "h" ? 3600 : rest == "d" ? 86400 : 0;
  if (!number || unit == 0 || *number > max / unit || *number * unit < min) {
    report.error(node.at, in_ticks(key) + " cannot be " + in_quotes(node.text), instead);
    return std::nullopt;
  }
  return static_cast<uint32_t>(*number * unit);
}

std::optional<uint32_t> read_count(const YamlNode& node, std::string_view key, uint32_t min, uint32_t max,
                                   Report& report) {
  const std::string instead = "write a number from " + std::to_string(min) + " to " + std::to_string(max);
  if (!expect_scalar(node, key, instead, report)) return std::nullopt;
  std::string_view rest = node.text;
  const auto number = take_number(rest);
  if (!number || !rest.empty() || *number < min || *number > max) {
    report.error(node.at, in_ticks(key) + " cannot be " + in_quotes(node.text), instead);
    return std::nullopt;
  }
  return static_cast<uint32_t>(*number);
}

std::optional<uint32_t> read_percent(const YamlNode& node, std::string_view key, uint32_t max,
                                     Report& report) {
  const std::string instead = "write 50%, at most " + std::to_string(max) + '%';
  if (!expect_scalar(node, key, instead, report)) return std::nullopt;
  std::string_view rest = node.text;
  const auto number = take_number(rest);
  if (!number || rest != "%" || *number > max) {
    report.error(node.at, in_ticks(key) + " cannot be " + in_quotes(node.text), instead);
    return std::nullopt;
  }
  return static_cast<uint32_t>(*number);
}

std::optional<uint64_t> read_bandwidth(const YamlNode& node, std::string_view key, Report& report) {
  constexpr std::string_view kInstead =
      "write 200M, with K, M or G for a thousand, a million, 10^9 bits a second";
  if (!expect_scalar(node, key, std::string(kInstead), report)) return std::nullopt;
  std::string_view rest = node.text;
  const auto number = take_number(rest);
  const uint64_t unit = rest == "K" ? 1'000 : rest == "M" ? 1'000'000 : rest == "G" ? 1'000'000'000 : 0;
  if (!number || *number == 0 || *number > 1'000'000 || unit == 0) {
    report.error(node.at, in_ticks(key) + " cannot be " + in_quotes(node.text), std::string(kInstead));
    return std::nullopt;
  }
  return *number * unit;
}

/// A number of exactly so many digits; nothing for anything else.
static std::optional<int> digits(std::string_view text, size_t count) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.size() != count || !std::ranges::all_of(text, is_digit)) return std::nullopt;
  return static_cast<int>(take_number(text).value_or(0));
}

std::optional<std::chrono::local_days> parse_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = digits(text.substr(0, 4), 4), month = digits(text.substr(5, 2), 2),
             day = digits(text.substr(8), 2);
  if (!year || !month || !day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year},
                                         std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok() || *year == 0) return std::nullopt;
  return std::chrono::local_days{date};
}

std::optional<uint16_t> parse_time(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const auto hour = digits(text.substr(0, 2), 2), minute = digits(text.substr(3), 2);
  if (!hour || !minute || *minute > 59 || *hour * 60 + *minute > 24 * 60) return std::nullopt;
  return static_cast<uint16_t>(*hour * 60 + *minute);
}

std::optional<std::chrono::local_days> read_date(const YamlNode& node, std::string_view key, Report& report) {
  constexpr std::string_view kInstead = "write a day that exists, as 2026-04-01";
  if (!expect_scalar(node, key, std::string(kInstead), report)) return std::nullopt;
  const auto date = parse_date(node.text);
  if (!date)
    report.error(node.at, in_ticks(key) + " cannot be " + in_quotes(node.text), std::string(kInstead));
  return date;
}

}  // namespace sluice::control
