// control/search: reads a query, and holds lines against it.
#include "control/search/query.h"

#include <algorithm>
#include <cstring>

#include "control/base/utc.h"
#include "control/policy/host_name.h"
#include "control/search/fields.h"
#include "control/search/filter.h"

namespace sluice::control {
namespace {

constexpr std::string_view kActions[] = {"allowed", "blocked", "observed"};

/// Of what is an address or a prefix; a single address as the log writes it.
std::optional<Prefix> prefix_of(const std::string& text) {
  Prefix out;
  return parse_prefix(text, out) == PrefixError::None ? std::optional(out) : std::nullopt;
}

bool is_single(const Prefix& prefix) {
  return prefix.length == 128;
}

bool lies_in(const Prefix& prefix, std::string_view address) {
  Address parsed;
  return parse_address(address, parsed) && contains(prefix, parsed);
}

/// Whether name is wanted, or lies below it.
bool covers(std::string_view wanted, std::string_view name) {
  return name.ends_with(wanted) &&
         (name.size() == wanted.size() || name[name.size() - wanted.size() - 1] == '.');
}

/// The longest of two, for a line without it need not be taken apart.
void use_needle(std::string& needle, std::string_view text) {
  // What JSON escapes stands otherwise in a line.
  const bool plain =
      std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c != '"' && c != '\\'; });
  if (plain && text.size() > needle.size()) {
    needle = text;
  }
}

}  // namespace

std::optional<Query> Query::parse(const QueryOptions& options, std::string& error) {
  Query out;
  out.options_ = options;
  if (!options.action.empty() &&
      std::find(std::begin(kActions), std::end(kActions), options.action) == std::end(kActions)) {
    error = options.action + " is no action; there are allowed, blocked and observed";
    return std::nullopt;
  }
  for (const auto& [text, bound] :
       {std::pair{&options.since, &out.since_ns_}, {&options.until, &out.until_ns_}}) {
    if (const auto time = text->empty() ? std::optional(*bound) : parse_utc(*text)) {
      *bound = *time;
    } else {
      error = *text + " is no time";
      return std::nullopt;
    }
  }
  const auto look_for = [&](KeyKind kind, const std::string& text) {
    out.keys_.push_back(key_of(kind, text));
    use_needle(out.needle_, text);
  };
  out.from_ = prefix_of(options.from);
  if (out.from_ ? is_single(*out.from_) : !options.from.empty()) {
    look_for(KeyKind::From, out.from_ ? to_string(*out.from_) : options.from);
  }
  out.to_ = prefix_of(options.to);
  if (out.to_ && is_single(*out.to_)) {
    look_for(KeyKind::To, to_string(*out.to_));
  } else if (!out.to_ && !options.to.empty()) {
    std::string& name = out.options_.to;
    const ParsedName parsed = parse_bare_name(name.data(), name.size());
    if (parsed.error != NameError::None) {
      error = options.to + " is neither a name nor an address: it " + std::string(what_of(parsed.error));
      return std::nullopt;
    }
    name = std::string(parsed.name);
    look_for(KeyKind::To, name);
  }
  if (!options.rule.empty()) {
    look_for(KeyKind::Rule, options.rule);
  }
  use_needle(out.needle_, options.network);
  return out;
}

bool Query::matches(std::string_view line, uint64_t& count) const {
  AccessFields fields;
  const bool all = !options_.network.empty();
  if ((!needle_.empty() && line.find(needle_) == std::string_view::npos) ||
      !(all ? read_access(line, fields) : read_fields(line, fields))) {
    return false;
  }
  if ((since_ns_ != INT64_MIN || until_ns_ != INT64_MAX) && !matches_time(fields.time, fields.end)) {
    return false;
  }
  if (!options_.action.empty() && fields.action != options_.action) {
    return false;
  }
  if (!options_.rule.empty() && field_text(fields.rule) != options_.rule) {
    return false;
  }
  if (!options_.network.empty() && field_text(fields.network) != options_.network) {
    return false;
  }
  if (from_ ? !lies_in(*from_, fields.source_ip)
            : !options_.from.empty() && field_text(fields.user) != options_.from &&
                  fields.source_ip != options_.from) {
    return false;
  }
  count = fields.count;
  return options_.to.empty() || matches_to(fields.domain, fields.destination_ip);
}

std::string_view Query::next_match(std::string_view& rest, uint64_t& count) const {
  while (!rest.empty()) {
    size_t begin = 0;
    if (!needle_.empty()) {
      // One search over many lines; std::string_view's own goes from one first letter to the next.
      const void* const found = ::memmem(rest.data(), rest.size(), needle_.data(), needle_.size());
      if (found == nullptr) {
        break;
      }
      const auto place = static_cast<size_t>(static_cast<const char*>(found) - rest.data());
      begin = rest.rfind('\n', place) + 1;  // npos + 1 is 0
    }
    const size_t end = std::min(rest.find('\n', begin), rest.size() - 1) + 1;
    const std::string_view line = rest.substr(begin, end - begin);
    rest.remove_prefix(end);
    if (matches(line.substr(0, line.size() - 1), count)) {
      return line;
    }
  }
  rest = {};
  return {};
}

/// end: of a line that stands for repeats, the last one's time. A flow's end has one too, never after its
/// time.
bool Query::matches_time(std::string_view time, std::string_view end) const {
  const auto first = parse_utc(time);
  if (!first || *first > until_ns_) {
    return false;
  }
  return *first >= since_ns_ || (!end.empty() && parse_utc(end).value_or(*first) >= since_ns_);
}

bool Query::matches_to(std::string_view domain, std::string_view address) const {
  return to_ ? lies_in(*to_, address) : address == options_.to || covers(options_.to, field_text(domain));
}

}  // namespace sluice::control
