// control/policy: reads the values of one YAML mapping, and says what is wrong with each.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "control/policy/diagnostics.h"
#include "control/policy/policy_source.h"
#include "control/policy/prefix.h"
#include "control/policy/written_name.h"
#include "control/policy/yaml_tree.h"

namespace sluice::control {

/// The keys that a mapping may have.
struct KeySet {
  std::string_view of;  ///< what the mapping is, as `a network`
  std::span<const std::string_view> keys;
};

/// Reports an unknown key. Returns whether key is one of keys.
bool check_key(const YamlNode& key, const KeySet& known, Report& report);

/// One mapping. Its constructor reports a node that is no mapping, and every key that is not known.
class Fields {
 public:
  Fields(const YamlNode& node, const KeySet& known, Report& report);
  bool is_map() const { return node_.kind == YamlNode::Kind::Map; }
  /// The value of key, or nullptr.
  const YamlNode* find(std::string_view key) const;

 private:
  const YamlNode& node_;
};

/// Reports a single value that was given before, at earlier.
void report_twice(Position at, std::string_view key, Position earlier, Report& report);

// Each of these reports a value of another shape at its place and returns nothing then. key: for the message.

/// A text of 1..kMaxText bytes without control characters.
inline constexpr size_t kMaxText = 255;
std::optional<std::string> read_text(const YamlNode& node, std::string_view key, Report& report);
/// `true` or `false`.
std::optional<bool> read_bool(const YamlNode& node, std::string_view key, Report& report);
/// Index into words.
std::optional<size_t> read_choice(const YamlNode& node, std::string_view key,
                                  std::span<const std::string_view> words, Report& report);
/// The scalars of a list that has at least one; others are reported and left out.
std::vector<const YamlNode*> read_items(const YamlNode& node, std::string_view key, Report& report);
/// read_items, of a list or of one scalar that stands for a list.
std::vector<const YamlNode*> read_one_or_more(const YamlNode& node, std::string_view key, Report& report);
/// read_items as words.
std::vector<Word> read_words(const YamlNode& node, std::string_view key, Report& report);
/// A word that names something: letters, digits, `-`, `_`, beginning with a letter or digit, up to max bytes.
inline constexpr size_t kMaxWord = 64;
bool check_word(const Word& word, size_t max, Report& report);
/// The same with dots in it: a person's name.
bool check_person(const Word& word, size_t max, Report& report);
/// The pairs of a mapping of names to values; check reports a name that is not right.
std::vector<std::pair<Word, const YamlNode*>> read_named(const YamlNode& node, std::string_view key,
                                                         Report& report,
                                                         decltype(check_word)& check = check_word);

/// A list of prefixes; those that are wrong are reported with what would be right, and left out.
std::vector<PrefixSource> read_prefixes(const YamlNode& node, std::string_view key, Report& report);
/// Reports what parse_prefix found.
void report_prefix(PrefixError error, const Word& text, const Prefix& prefix, Report& report);

/// A name as people write it; reports what is wrong with it.
std::optional<WrittenName> read_name(const Word& word, Report& report);

/// `90s`, `10m`, `2h` or `7d`, in seconds, min to max.
std::optional<uint32_t> read_duration(const YamlNode& node, std::string_view key, uint32_t min, uint32_t max,
                                      Report& report);
/// A whole number, min to max.
std::optional<uint32_t> read_count(const YamlNode& node, std::string_view key, uint32_t min, uint32_t max,
                                   Report& report);
/// `50%`, at most max.
std::optional<uint32_t> read_percent(const YamlNode& node, std::string_view key, uint32_t max,
                                     Report& report);
/// `200M`: a number with K, M or G (powers of 1000), in bits per second.
std::optional<uint64_t> read_bandwidth(const YamlNode& node, std::string_view key, Report& report);
/// `2026-04-01`; nothing where there is no such day.
std::optional<std::chrono::local_days> parse_date(std::string_view text);
/// `08:30` to `24:00`, in minutes.
std::optional<uint16_t> parse_time(std::string_view text);
/// parse_date of a value.
std::optional<std::chrono::local_days> read_date(const YamlNode& node, std::string_view key, Report& report);

}  // namespace sluice::control
