// control/policy: what is wrong with a policy, where, and what would be right.
#include "control/policy/diagnostics.h"

#include <algorithm>
#include <tuple>

#include "control/policy/utf8.h"

namespace sluice::control {
namespace {

constexpr size_t kMaxQuoted = 80;  ///< bytes of a policy's own text in a message

/// Levenshtein's distance, with a swap of neighbours as one edit.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1), previous(b.size() + 1), current(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) previous[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    current[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      current[j] = std::min({previous[j] + 1, current[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        current[j] = std::min(current[j], before[j - 2] + 1);
      }
    }
    before.swap(previous);
    previous.swap(current);
  }
  return previous[b.size()];
}

}  // namespace

std::string to_string(const Diagnostic& diagnostic) {
  std::string out = diagnostic.file;
  if (diagnostic.line > 0) {
    out += ':' + std::to_string(diagnostic.line) + ':' + std::to_string(diagnostic.column);
  }
  out += ": ";
  if (diagnostic.severity == Severity::Warning) out += "warning: ";
  out += diagnostic.what;
  if (!diagnostic.instead.empty()) out += "; " + diagnostic.instead;
  return out;
}

uint32_t Report::add_file(std::string_view name) {
  files_.push_back(printable(name));
  return static_cast<uint32_t>(files_.size() - 1);
}

void Report::error(Position at, std::string what, std::string instead) {
  if (++errors_ <= kMaxErrors) keep(Severity::Error, at, std::move(what), std::move(instead));
}

void Report::add(uint32_t file, const Diagnostics& problems) {
  for (const Diagnostic& each : problems) {
    const Position at{file, each.line, each.column};
    each.severity == Severity::Error ? error(at, each.what, each.instead) : warn(at, each.what, each.instead);
  }
}

void Report::warn(Position at, std::string what, std::string instead) {
  if (++warnings_ <= kMaxWarnings) keep(Severity::Warning, at, std::move(what), std::move(instead));
}

void Report::keep(Severity severity, Position at, std::string what, std::string instead) {
  kept_.emplace_back(
      at, Diagnostic{files_[at.file], at.line, at.column, severity, std::move(what), std::move(instead)});
}

std::string Report::text_of(Position at) const {
  return files_[at.file] + ':' + std::to_string(at.line) + ':' + std::to_string(at.column);
}

Diagnostics Report::finish() {
  std::stable_sort(kept_.begin(), kept_.end(), [](const auto& a, const auto& b) {
    return std::tie(a.first.file, a.first.line, a.first.column) <
           std::tie(b.first.file, b.first.line, b.first.column);
  });
  Diagnostics out;
  out.reserve(kept_.size());
  for (auto& [at, diagnostic] : kept_) out.push_back(std::move(diagnostic));
  const auto summarise = [&](Severity severity, size_t count, size_t limit) {
    if (count <= limit) return;
    out.push_back(
        {files_.front(), 0, 0, severity, "and " + std::to_string(count - limit) + " more problems", ""});
  };
  summarise(Severity::Error, errors_, kMaxErrors);
  summarise(Severity::Warning, warnings_, kMaxWarnings);
  kept_.clear();
  return out;
}

std::string in_quotes(std::string_view word) {
  if (word.size() <= kMaxQuoted) return '\'' + printable(word) + '\'';
  size_t cut = kMaxQuoted;
  while (cut > kMaxQuoted - 4 && (static_cast<unsigned char>(word[cut]) & 0xc0) == 0x80) --cut;
  return '\'' + printable(word.substr(0, cut)) + "...'";
}

std::string alternatives(std::span<const std::string_view> words) {
  std::string out;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 == words.size() ? " or " : ", ";
    out += words[i];
  }
  return out;
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
  constexpr size_t kMaxCompared = 64;
  if (word.empty() || word.size() > kMaxCompared) return {};
  std::string_view best;
  size_t best_distance = std::max<size_t>(2, word.size() / 2) + 1;
  for (const std::string_view candidate : candidates) {
    if (candidate.size() > kMaxCompared) continue;
    const size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace sluice::control
