// control/judge: which entry of a list takes a name or an address.
#include "control/judge/cover.h"

#include <hs/hs.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <utility>

#include "control/judge/written.h"

namespace sluice::control {
namespace {

// Ranks: patterns below all prefixes, and those below all names.
constexpr uint32_t kPatternRank = 1, kPrefixRank = 1000, kNameRank = 2000;

bool is_name_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
}

/// Whether expression is found in name, as the data plane scans for it.
bool matches(const std::string& expression, const std::string& name) {
  hs_database_t* database = nullptr;
  hs_compile_error_t* error = nullptr;
  if (hs_compile(expression.c_str(), HS_FLAG_CASELESS | HS_FLAG_SINGLEMATCH, HS_MODE_BLOCK, nullptr,
                 &database, &error) != HS_SUCCESS) {
    hs_free_compile_error(error);
    return false;
  }
  const std::unique_ptr<hs_database_t, decltype(&hs_free_database)> owner(database, hs_free_database);
  hs_scratch_t* scratch = nullptr;
  if (hs_alloc_scratch(database, &scratch) != HS_SUCCESS) return false;
  bool found = false;
  const auto take = [](unsigned, unsigned long long, unsigned long long, unsigned, void* out) {
    *static_cast<bool*>(out) = true;
    return 1;
  };
  hs_scan(database, name.data(), static_cast<unsigned>(name.size()), 0, scratch, take, &found);
  hs_free_scratch(scratch);
  return found;
}

}  // namespace

/// Whether anything of one line is the best so far.
class Cover::LineTaker : public ListTaker {
 public:
  explicit LineTaker(Cover& cover) : cover_(cover) {}
  void take_name(std::string_view name, NameScope scope) override { found_ |= cover_.name(name, scope); }
  void take_exception(std::string_view, NameScope) override {}
  void take_pattern(std::string pattern, Position) override { found_ |= cover_.pattern(pattern); }
  void take_prefix(const Prefix& prefix) override { found_ |= cover_.prefix(prefix); }
  void begin_ports(std::span<const PortRange>) override {}
  bool found() const { return found_; }

 private:
  Cover& cover_;
  bool found_ = false;
};

Cover::Cover(std::string_view name, const Address& address) : name_(name), address_(address) {
  for (std::string_view rest = name_; !rest.empty();) {
    suffixes_.push_back(rest);
    const size_t dot = rest.find('.');
    rest.remove_prefix(dot == std::string_view::npos ? rest.size() : dot + 1);
  }
}

Cover::~Cover() = default;

bool Cover::better(uint32_t rank) {
  if (rank <= rank_) return false;
  rank_ = rank;
  return true;
}

bool Cover::name(std::string_view entry, NameScope scope) {
  if (std::ranges::find(suffixes_, entry) == suffixes_.end()) return false;
  const bool itself = entry.size() == name_.size();
  const bool takes = itself ? scope != NameScope::Below : scope != NameScope::Self;
  return takes && better(kNameRank + static_cast<uint32_t>(entry.size()));
}

bool Cover::prefix(const Prefix& entry) {
  return contains(entry, address_) && better(kPrefixRank + entry.length);
}

bool Cover::keyword(std::string_view entry) {
  return name_.find(entry) != std::string::npos && better(kPatternRank);
}

bool Cover::pattern(const std::string& entry) {
  return rank_ < kPatternRank && !name_.empty() && matches(entry, name_) && better(kPatternRank);
}

void Cover::keep(Place place) {
  best_ = std::make_unique<Place>(std::move(place));
}

std::optional<Place> Cover::best() const {
  return best_ ? std::optional(*best_) : std::nullopt;
}

/// Whether the line is worth being parsed: it has the name, or one above it, as a word of its own; or may
/// hold a prefix, a name in other letters, or a pattern.
bool Cover::may_hold(const std::string& line, bool prefixes) const {
  const bool other = std::ranges::any_of(line, [](char c) { return c < 0 || c == '*'; });
  const bool address = prefixes && rank_ < kNameRank;
  if (other || (address && line.find_first_of(":0123456789") != std::string::npos)) return true;
  return std::ranges::any_of(suffixes_, [&](std::string_view suffix) {
    for (size_t at = line.find(suffix); at != std::string::npos; at = line.find(suffix, at + 1)) {
      const size_t end = at + suffix.size();
      const bool begins = at == 0 || (!is_name_character(line[at - 1]) &&
                                      (line[at - 1] != '.' || at == 1 || !is_name_character(line[at - 2])));
      if (begins && (end == line.size() || !is_name_character(line[end]))) return true;
    }
    return false;
  });
}

bool Cover::line(std::string text, ListFormat format) {
  Report ignored;
  ListText one;
  one.text = std::move(text);
  LineTaker taker(*this);
  read_list(one, format, ignored.add_file(""), ignored, taker);
  return taker.found();
}

void Cover::file(const std::string& path, ListFormat format, std::string_view text) {
  if (format == ListFormat::Microsoft365) {
    if (line(std::string(text), format)) keep({path, 0, 0, {}});
    return;
  }
  // In these an address is what a name is to resolve to.
  const bool names_only =
      format == ListFormat::Hosts || format == ListFormat::Dnsmasq || format == ListFormat::Adblock;
  int number = 0;
  while (!text.empty()) {
    const std::string_view raw = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), raw.size() + 1));
    ++number;
    std::string lower(raw);
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
    if (!may_hold(lower, !names_only)) continue;
    if (line(std::string(raw) + "\n", format)) {
      std::string shown(raw.substr(0, raw.find_last_not_of(" \t\r") + 1));
      keep({path, number, 1, std::move(shown)});
    }
  }
}

}  // namespace sluice::control
