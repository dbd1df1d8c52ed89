// control/judge: a policy as people wrote it, to say where something stands.
#include "control/judge/written.h"

#include <algorithm>
#include <utility>

#include "control/judge/cover.h"
#include "control/policy/feed_copy.h"
#include "control/policy/lists/list_reader.h"
#include "control/policy/source_files.h"

namespace sluice::control {
namespace {

/// The rule, or exception, of that name.
const RuleSource* find_rule(const PolicySource& source, std::string_view name) {
  for (const ExceptionSource& one : source.exceptions)
    if (one.rule.name.text == name) return &one.rule;
  for (const RuleSource& one : source.rules)
    if (one.name.text == name) return &one;
  return nullptr;
}

}  // namespace

std::string to_string(const Place& place) {
  return place.line == 0 ? place.file : place.file + ":" + std::to_string(place.line);
}

std::shared_ptr<const WrittenPolicy> WrittenPolicy::of_directory(const std::filesystem::path& directory,
                                                                 const std::filesystem::path& feeds) {
  Report report;
  report.add_file(directory.string());
  std::vector<SourceText> texts;
  if (!read_directory(directory, texts, report)) return nullptr;
  return of_texts(std::move(texts), directory, feeds,
                  [](const std::string& path, std::string& text, std::string& error) {
                    return read_file(path, kMaxListBytes, text, error);
                  });
}

std::shared_ptr<const WrittenPolicy> WrittenPolicy::of_texts(std::vector<SourceText> texts,
                                                             const std::filesystem::path& directory,
                                                             const std::filesystem::path& feeds,
                                                             ReadListFile read) {
  std::shared_ptr<WrittenPolicy> out(new WrittenPolicy);
  out->report_.add_file(directory.string());
  out->source_ = load_source(texts, out->report_);
  out->texts_ = std::move(texts);
  out->directory_ = directory;
  out->feeds_ = feeds;
  out->read_ = std::move(read);
  return out;
}

Compiled WrittenPolicy::compile() const {
  return compile_texts(texts_, directory_, read_, 1, {.feeds = feeds_});
}

Place WrittenPolicy::place_of(Position at, std::string entry) const {
  return {report_.file_name(at.file), at.line, at.column, std::move(entry)};
}

std::optional<Place> WrittenPolicy::rule(std::string_view name) const {
  if (const RuleSource* found = find_rule(source_, name); found != nullptr) return place_of(found->name.at);
  for (const TunnelSource& one : source_.tunnels)
    if (one.name.text == name) return place_of(one.name.at);
  return std::nullopt;
}

std::vector<WrittenPolicy::File> WrittenPolicy::files_of(const ListSource& list) const {
  std::vector<File> out;
  for (const Word& file : list.files) out.push_back({(directory_ / file.text).string(), list.format});
  if (!list.feed || list.feed->url.empty() || feeds_.empty()) return out;
  const FeedSpec spec{list.name.text, list.format, *list.feed};
  if (const auto copy = read_feed_copy(feed_meta_path(feeds_, spec, CopyKind::InForce)); copy)
    out.push_back({feed_text_path(feeds_, spec, *copy).string(), list.format});
  return out;
}

std::optional<Place> WrittenPolicy::entry(std::string_view list, std::string_view rule,
                                          const Question& question) const {
  Cover cover(question.name, question.server());
  const auto declared = std::ranges::find(
      source_.lists, list, [](const ListSource& one) { return std::string_view(one.name.text); });
  if (declared != source_.lists.end()) {
    for (const NameSource& one : declared->names)
      if (cover.name(one.name, one.scope)) cover.keep(place_of(one.at, one.name));
    for (const PrefixSource& one : declared->prefixes)
      if (cover.prefix(one.prefix)) cover.keep(place_of(one.at, to_string(one.prefix)));
    for (const Word& one : declared->patterns)
      if (cover.pattern(one.text)) cover.keep(place_of(one.at, one.text));
    for (const Word& one : declared->keywords)
      if (cover.keyword(one.text)) cover.keep(place_of(one.at, one.text));
    std::string text, ignored;
    for (const File& file : files_of(*declared))
      if (read_(file.path, text, ignored)) cover.file(file.path, file.format, text);
    return cover.best();
  }
  for (const OfficeSource& office : source_.offices) {
    if (office.name.text != list) continue;
    for (const PrefixSource& one : office.prefixes)
      if (cover.prefix(one.prefix)) cover.keep(place_of(one.at, to_string(one.prefix)));
    return cover.best();
  }
  const RuleSource* const literal = find_rule(source_, rule);
  if (literal == nullptr) return std::nullopt;
  const auto word =
      std::ranges::find(literal->to, list, [](const Word& one) { return std::string_view(one.text); });
  return word == literal->to.end() ? std::nullopt : std::optional(place_of(word->at, word->text));
}

}  // namespace sluice::control
