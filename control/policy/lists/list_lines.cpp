// control/policy: walks through a list file, takes its entries, and counts what was not understood.
#include "control/policy/lists/list_lines.h"

#include <algorithm>
#include <cstring>
#include <functional>

#include "control/policy/utf8.h"
#include "control/policy/written_name.h"

namespace sluice::control {
namespace {

constexpr size_t kMaxDetail = 60;  ///< bytes of it in a message

/// A look at one byte: the searches of std::string_view for one of several call memchr for each.
bool is_blank(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r' && c != '\n');
}

std::string_view trimmed(std::string_view line) {
  size_t begin = 0, end = line.size();
  while (begin < end && is_blank(line[begin])) ++begin;
  while (end > begin && is_blank(line[end - 1])) --end;
  return line.substr(begin, end - begin);
}

bool lies_in(std::string_view word, std::string_view text) {
  const std::less_equal<const char*> before;
  return before(text.data(), word.data()) && before(word.data() + word.size(), text.data() + text.size());
}

}  // namespace

bool ListLines::next_line() {
  const std::string_view text = text_.text;
  if (failed_ || next_at_ >= text.size()) return false;
  line_start_ = next_at_;
  const void* const end = std::memchr(text.data() + line_start_, '\n', text.size() - line_start_);
  const size_t size = end == nullptr
                          ? text.size() - line_start_
                          : static_cast<size_t>(static_cast<const char*>(end) - text.data()) - line_start_;
  next_at_ = line_start_ + size + 1;
  line_ = trimmed(text.substr(line_start_, size));
  ++number_;
  return true;
}

std::string_view ListLines::next_word() {
  const auto* const end = std::ranges::find_if(line_, is_blank);
  const std::string_view word = line_.substr(0, static_cast<size_t>(end - line_.begin()));
  line_ = trimmed(line_.substr(word.size()));
  return word;
}

Position ListLines::position_of(std::string_view word) const {
  const std::string_view text = text_.text;
  if (!lies_in(word, text)) return {file_, 0, 0};
  const auto at = static_cast<size_t>(word.data() - text.data());
  const auto lines_in = [&](size_t begin, size_t end) {
    return static_cast<int>(std::count(text.data() + begin, text.data() + end, '\n'));
  };
  const int line =
      std::max(number_, 1) + (at >= line_start_ ? lines_in(line_start_, at) : -lines_in(at, line_start_));
  const size_t before = at == 0 ? text.npos : text.rfind('\n', at - 1);
  return {file_, line, static_cast<int>(at - (before == text.npos ? 0 : before + 1)) + 1};
}

void ListLines::count(Kinds& kinds, std::string_view what) {
  const auto known = std::ranges::find(kinds, what, &Kinds::value_type::first);
  if (known == kinds.end()) {
    kinds.emplace_back(what, 1);
  } else {
    ++known->second;
  }
}

void ListLines::leave_out(std::string_view word, std::string_view what, std::string_view instead,
                          std::string_view detail) {
  ++left_out_;
  count(left_out_kinds_, what);
  if (++warnings_ > kMaxListWarnings) return;
  std::string text = in_quotes(word) + ' ' + std::string(what);
  if (!detail.empty()) text += " (" + printable(detail.substr(0, kMaxDetail)) + ')';
  report_.warn(position_of(word), text + "; it is left out", std::string(instead));
}

void ListLines::doubt(std::string_view word, std::string_view what, std::string instead) {
  if (++warnings_ > kMaxListWarnings) return;
  report_.warn(position_of(word), in_quotes(word) + ' ' + std::string(what), std::move(instead));
}

void ListLines::fail(std::string what, std::string instead, std::string_view where) {
  if (!failed_) report_.error(position_of(where), std::move(what), std::move(instead));
  failed_ = true;
}

std::string_view ListLines::keep(std::string name) {
  return text_.made.emplace_back(std::move(name));
}

void ListLines::give(std::string_view name, NameScope scope, As as) {
  ++taken_;
  if (as == As::Name) {
    taker_.take_name(name, scope);
  } else {
    taker_.take_exception(name, scope);
  }
}

bool ListLines::take_name(std::string_view word) {
  if (word.starts_with('=')) return take(word.substr(1), NameScope::Self, As::Name);
  if (word.starts_with("*.")) return take(word.substr(2), NameScope::Below, As::Name);
  return take(word, NameScope::Both, As::Name);
}

bool ListLines::take_name(std::string_view word, NameScope scope) {
  return take(word, scope, As::Name);
}

bool ListLines::take_exception(std::string_view word, NameScope scope) {
  return take(word, scope, As::Exception);
}

bool ListLines::take(std::string_view word, NameScope scope, As as) {
  // Words come from the text or from keep, and are this file's to change.
  const ParsedName parsed = parse_bare_name(const_cast<char*>(word.data()), word.size());
  if (parsed.error == NameError::None) {
    give(parsed.name, scope, as);
    return true;
  }
  if (parsed.error == NameError::NotAscii || parsed.error == NameError::Star)
    return take_written(word, scope, as);
  leave_out(word, what_of(parsed.error), instead_of(parsed.error));
  return false;
}

bool ListLines::take_written(std::string_view word, NameScope scope, As as) {
  WrittenName written = read_bare_written_name(word, scope);
  if (written.error != NameError::None) {
    leave_out(word, what_of(written.error), instead_of(written.error),
              written.error == NameError::NotAscii ? written.reason : std::string_view());
    return false;
  }
  if (written.pattern.empty()) {
    give(keep(std::move(written.name)), scope, as);
    return true;
  }
  if (as == As::Exception) {
    leave_out(word, "is an exception with stars within", "write out the names that it means");
    return false;
  }
  if (patterns_ == kMaxListPatterns) {
    leave_out(word, "has stars within, after a thousand others of this file",
              "plain names have no such limit");
    return false;
  }
  ++patterns_, ++taken_;
  taker_.take_pattern(std::move(written.pattern), position_of(word));
  return true;
}

void ListLines::take_prefix(const Prefix& prefix, std::string_view word) {
  if (prefix.length == 0 || (is_v4(prefix) && prefix.length == kV4Offset))
    return leave_out(word, "is every address", "a network's `default` speaks of them");
  if (prefixes_ == kMaxListPrefixes)
    return fail("it has more than " + std::to_string(kMaxListPrefixes) + " prefixes",
                "put neighbours together");
  ++prefixes_, ++taken_;
  taker_.take_prefix(prefix);
}

std::string ListLines::list_of(const Kinds& kinds) {
  std::string out;
  for (const auto& [what, times] : kinds)
    out += (out.empty() ? "" : ", ") + std::to_string(times) + " x '" + std::string(what) + '\'';
  return out;
}

void ListLines::summarise() {
  const Position whole{file_, 0, 0};
  if (left_out_ > kMaxListWarnings) {
    report_.warn(whole, std::to_string(left_out_) + " entries are left out: " + list_of(left_out_kinds_), "");
  } else if (warnings_ > kMaxListWarnings) {
    report_.warn(whole, "and " + std::to_string(warnings_ - kMaxListWarnings) + " more such lines", "");
  }
  if (!passed_over_.empty()) report_.warn(whole, "passed over: " + list_of(passed_over_), "");
}

}  // namespace sluice::control
