// control/policy: a directory of YAML becomes one policy image, or a list of what is wrong with it.
#include "control/policy/policy_compiler.h"

#include <algorithm>
#include <chrono>

#include "control/policy/compile_cache.h"
#include "control/policy/covered_rules.h"
#include "control/policy/field_reader.h"
#include "control/policy/group_resolver.h"
#include "control/policy/image_writer.h"
#include "control/policy/list_parts.h"
#include "control/policy/lists/list_reader.h"
#include "control/policy/rule_resolver.h"
#include "control/policy/rule_table.h"
#include "control/policy/source_check.h"
#include "control/policy/source_digest.h"
#include "control/policy/source_files.h"
#include "control/policy/source_loader.h"
#include "control/policy/time_resolver.h"

namespace sluice::control {
namespace {

/// A network's setting: its own, else the site's, else the default.
Setting said(const std::optional<SettingSource>& network, const std::optional<SettingSource>& site,
             Setting otherwise) {
  return network ? network->setting : site ? site->setting : otherwise;
}

/// The expression that matches a keyword and nothing else.
Word pattern_of(const Word& keyword) {
  Word out{{}, keyword.at};
  for (const char c : keyword.text) out.text += c == '.' ? std::string("\\.") : std::string(1, c);
  return out;
}

/// Turns one checked source into tables.
class Compiler {
 public:
  Compiler(const PolicySource& source, const std::filesystem::path& directory, const ReadListFile& read,
           const CompileOptions& options, CompileCache& cache, Report& report)
      : source_(source),
        directory_(directory),
        read_(read),
        feeds_directory_(options.feeds),
        bypass_(options.bypass),
        cache_(cache),
        report_(report) {}

  /// A file that was read already.
  void add_source(const std::string& name, std::string_view text) {
    digest_.add(name, text);
    sources_.push_back(name);
  }

  /// Returns nothing where the report has an error.
  std::optional<CompiledPolicy> run(uint32_t generation, std::chrono::sys_seconds now) {
    const ResolvedRules resolved = resolve_rules(source_, report_);
    const ResolvedTimes times = resolve_times(source_, now, report_);
    if (source_.lists.size() + source_.offices.size() + resolved.literals.size() > kMaxLists)
      return std::nullopt;
    parts_ = ListParts(source_.lists.size() + source_.offices.size() + resolved.literals.size());
    read_list_files();
    read_papers();
    compile_patterns(resolved.literals);
    if (report_.failed()) return std::nullopt;
    if (!build_names(resolved.literals)) return too_large("too many names");
    add_lists();
    add_offices();
    add_literals(resolved.literals);
    for (const ListPart& part : parts_.parts()) {
      const ListInfo whole = tables_.lists[part.of];
      tables_.lists.push_back(whole);
    }
    add_lines(times);
    add_networks();
    for (const PrefixSource& resolver : source_.resolvers)
      addresses_.mark(resolver.prefix, AddressMark::Resolver);
    for (const LineSource& line : source_.lines)
      for (const Address& router : line.link) addresses_.mark({router, 128}, AddressMark::Link);
    add_site();
    return finish(resolved, times, generation);
  }

 private:
  /// A list file, or the copy of a feed.
  struct ListFile {
    size_t list;
    const Word* file;     ///< as the policy names it; nullptr for a feed
    std::string sha256;   ///< of a feed's copy
    uint32_t report = 0;  ///< its index in the report
  };

  /// Reads every list file, and reports what is wrong with each at its place.
  void read_list_files() {
    for (size_t i = 0; i < source_.lists.size(); ++i) {
      const ListSource& list = source_.lists[i];
      for (const Word& file : list.files) {
        requests_.push_back({(directory_ / file.text).string(), list.format, nullptr, {}});
        files_.push_back({i, &file, {}, 0});
      }
      if (list.feed && !list.feed->url.empty()) add_feed(list, i);
    }
    do {
      cache_.read_lists(requests_, read_);
    } while (turn_to_newer_copies());
    for (size_t i = 0; i < files_.size(); ++i) take_list_file(files_[i], requests_[i]);
  }

  void read_papers() {
    const auto take = [this](const std::string& path, std::string_view text) {
      sources_.push_back(path);
      digest_.add(path, text);
    };
    registers_ = register_of(source_, directory_.string(), read_, take, report_);
  }

  void take_list_file(ListFile& file, const ListRequest& request) {
    const ListSource& list = source_.lists[file.list];
    if (request.content) {
      sources_.push_back(request.path);
      digest_.add(request.path, request.content->digest);
      file.report = report_.add_file(request.path);
      report_.add(file.report, request.content->problems);
    } else if (file.file == nullptr) {
      report_.error(list.feed_at, "cannot read the copy of " + feed_name(list) + ": " + request.error, "");
    } else {
      report_.error(file.file->at, "cannot read " + in_quotes(file.file->text) + ": " + request.error,
                    "a path counts from the policy's directory");
    }
  }

  static std::string feed_name(const ListSource& list) {
    return "the feed of the list " + in_quotes(list.name.text);
  }

  /// Takes the last good copy of a list that is fetched. One that was never fetched is left out: what the
  /// rest of the policy says must not wait for a server. One that was, and cannot be read, is an error: it
  /// must not be lost.
  void add_feed(const ListSource& list, size_t index) {
    const FeedSpec& spec = feeds_.emplace_back(FeedSpec{list.name.text, list.format, *list.feed});
    const std::optional<FeedCopy> copy = find_copy(spec);
    if (!copy) return report_feed(list, spec);
    requests_.push_back({feed_text_path(feeds_directory_, spec, *copy).string(), list.format, nullptr, {}});
    files_.push_back({index, nullptr, copy->sha256, 0});
  }

  /// Where a copy could not be read because a newer one just took its place. Returns whether there is any.
  bool turn_to_newer_copies() {
    bool any = false;
    for (size_t i = 0; i < files_.size(); ++i) {
      if (files_[i].file != nullptr || requests_[i].content) continue;
      const ListSource& list = source_.lists[files_[i].list];
      const FeedSpec spec{list.name.text, list.format, *list.feed};
      const std::optional<FeedCopy> next = find_copy(spec);
      if (!next || next->sha256 == files_[i].sha256) continue;
      files_[i].sha256 = next->sha256;
      requests_[i].path = feed_text_path(feeds_directory_, spec, *next).string();
      any = true;
    }
    return any;
  }

  void report_feed(const ListSource& list, const FeedSpec& spec) {
    std::error_code ignored;
    if (feeds_directory_.empty()) {
      report_.warn(list.feed_at, feed_name(list) + " is left out: no copies are at hand");
    } else if (std::filesystem::exists(feed_meta_path(feeds_directory_, spec, CopyKind::InForce), ignored)) {
      report_.error(list.feed_at, "the copy of " + feed_name(list) + " is damaged",
                    "sluicectl feeds refresh replaces it");
    } else {
      report_.warn(list.feed_at, feed_name(list) + " has not been fetched yet",
                   "it is fetched once the policy is applied; until then the list is without it");
    }
  }

  std::optional<FeedCopy> find_copy(const FeedSpec& spec) const {
    if (feeds_directory_.empty()) return std::nullopt;
    return read_feed_copy(feed_meta_path(feeds_directory_, spec, CopyKind::InForce));
  }

  /// The list that a part of a file belongs to.
  uint16_t list_of(const ListFile& file, const ListContent::Part& part) {
    const auto list = static_cast<uint16_t>(file.list);
    return part.ports.empty() ? list : parts_.part_of(list, part.ports);
  }

  size_t first_literal() const { return source_.lists.size() + source_.offices.size(); }

  void compile_patterns(const std::vector<Literal>& literals) {
    std::vector<PatternSource> patterns;
    const auto add = [&](const Word& pattern, size_t list) {
      patterns.push_back({pattern, static_cast<uint16_t>(list)});
    };
    for (size_t i = 0; i < source_.lists.size(); ++i) {
      for (const Word& pattern : source_.lists[i].patterns) add(pattern, i);
      for (const Word& keyword : source_.lists[i].keywords) add(pattern_of(keyword), i);
    }
    for (size_t i = 0; i < files_.size(); ++i) {
      if (!requests_[i].content) continue;
      for (const ListContent::Part& part : requests_[i].content->parts) {
        for (Word pattern : part.patterns) {
          pattern.at.file = files_[i].report;
          add(pattern, list_of(files_[i], part));
        }
      }
    }
    for (size_t i = 0; i < literals.size(); ++i) {
      if (!literals[i].pattern.empty()) add({literals[i].pattern, literals[i].at}, first_literal() + i);
    }
    tables_.patterns = cache_.patterns(patterns, report_);
  }

  /// The table of all names. The lists' own come first, so that another rule changes no set of theirs.
  bool build_names(const std::vector<Literal>& literals) {
    std::vector<NameSourceBlock> lists;
    for (size_t i = 0; i < source_.lists.size(); ++i) {
      auto names = std::make_shared<NameBlock>();
      for (const NameSource& name : source_.lists[i].names) names->add(name.name, name.scope);
      lists.push_back({std::move(names), static_cast<uint16_t>(i)});
    }
    for (size_t i = 0; i < files_.size(); ++i) {
      const std::shared_ptr<const ListContent>& content = requests_[i].content;
      for (const ListContent::Part& part : content->parts)
        lists.push_back({{content, &part.names}, list_of(files_[i], part)});
    }
    std::vector<ExtraName> extras;
    for (size_t i = 0; i < literals.size(); ++i) {
      const Literal& literal = literals[i];
      if (!literal.name.empty())
        extras.push_back({literal.name, literal.scope, static_cast<uint16_t>(first_literal() + i)});
    }
    std::optional<CompiledNames> names = cache_.names(std::move(lists), extras);
    if (!names) return false;
    tables_.names = std::move(names->layout);
    sets_ = std::move(names->sets);
    return true;
  }

  void add_lists() {
    for (size_t i = 0; i < source_.lists.size(); ++i) {
      const ListSource& list = source_.lists[i];
      tables_.lists.push_back({tables_.strings.add(list.name.text)});
      if (list.name.text == kDohList) tables_.site.doh_list = static_cast<uint16_t>(i);
      for (const PrefixSource& prefix : list.prefixes)
        addresses_.add_list(prefix.prefix, static_cast<uint16_t>(i));
    }
    for (size_t i = 0; i < files_.size(); ++i) {
      for (const ListContent::Part& part : requests_[i].content->parts)
        for (const Prefix& prefix : part.prefixes) addresses_.add_list(prefix, list_of(files_[i], part));
    }
  }

  void add_offices() {
    for (const OfficeSource& office : source_.offices) {
      const auto list = static_cast<uint16_t>(tables_.lists.size());
      tables_.lists.push_back({tables_.strings.add(office.name.text)});
      for (const PrefixSource& prefix : office.prefixes) {
        addresses_.add_list(prefix.prefix, list);
        addresses_.mark(prefix.prefix, AddressMark::Office);
      }
    }
  }

  void add_literals(const std::vector<Literal>& literals) {
    for (const Literal& literal : literals) {
      const auto list = static_cast<uint16_t>(tables_.lists.size());
      tables_.lists.push_back({tables_.strings.add(literal.text)});
      if (!literal.is_name) addresses_.add_list(literal.prefix, list);
    }
  }

  uint16_t line_index(const std::optional<Word>& line) const {
    for (size_t i = 0; line && i < source_.lines.size(); ++i) {
      if (source_.lines[i].name.text == line->text) return static_cast<uint16_t>(i);
    }
    return kNone16;
  }

  void add_lines(const ResolvedTimes& times) {
    for (size_t i = 0; i < source_.lines.size(); ++i)
      tables_.lines.push_back({tables_.strings.add(source_.lines[i].name.text), times.lines[i]});
  }

  void add_networks() {
    for (const NetworkSource& network : source_.networks) {
      const auto index = static_cast<uint16_t>(tables_.networks.size());
      NetworkInfo info{};
      info.name = tables_.strings.add(network.name.text);
      info.line = line_index(network.line);
      info.fallback = static_cast<uint8_t>(said(network.fallback, source_.fallback, kDefaultFallback));
      for (size_t i = 0; i < kSituationCount; ++i)
        info.unidentified[i] = static_cast<uint8_t>(
            said(network.unidentified[i], source_.unidentified[i], kDefaultUnidentified[i]));
      info.canaries = network.canaries;
      info.strip_ech = network.strip_ech;
      info.shared = network.shared;
      info.first_vlan = static_cast<uint32_t>(tables_.vlans.size());
      info.vlan_count = static_cast<uint32_t>(network.vlans.size());
      tables_.vlans.insert(tables_.vlans.end(), network.vlans.begin(), network.vlans.end());
      tables_.networks.push_back(info);
      for (const PrefixSource& prefix : network.prefixes) addresses_.add_network(prefix.prefix, index);
    }
  }

  void add_site() {
    tables_.site.site = tables_.strings.add(source_.site->text);
    tables_.site.contact = tables_.strings.add(source_.contact ? source_.contact->text : "");
    tables_.site.dnstap = tables_.strings.add(source_.dnstap ? source_.dnstap->text : "");
    tables_.site.observe = source_.observe;
    tables_.site.bypass_from = bypass_.from_s;
    tables_.site.bypass_until = bypass_.until_s;
    tables_.site.midstream_grace_s = source_.midstream_grace_s;
  }

  std::optional<CompiledPolicy> too_large(std::string what) {
    report_.error({}, "the policy is too large: " + std::move(what), "use fewer lists, or fewer rules");
    return std::nullopt;
  }

  std::optional<CompiledPolicy> finish(const ResolvedRules& resolved, const ResolvedTimes& times,
                                       uint32_t generation) {
    CompiledPolicy out;
    out.prefixes = addresses_.size();
    out.names = tables_.names->names;
    tables_.addresses = addresses_.finish();
    if (parts_.full()) return too_large("too many lists with ports of their own");
    if (sets_.full()) return too_large("too many names and prefixes stand in too many lists at once");
    tables_.sets = sets_.sets();
    tables_.set_lists = sets_.lists();
    if (!lay_out_rules(source_, resolved, times, parts_.parts(), tables_))
      return too_large("too many rules for so many lists");
    out.covered = report_covered();
    std::optional<AlignedImage> image = write_image(tables_, generation);
    if (!image) return too_large("its image would exceed " + std::to_string(kImageMaxBytes >> 30) + " GiB");
    cache_.forget_unused();
    out.memory = std::move(*image);
    out.site = source_.site->text;
    out.timezone = times.site;
    out.reload_on_save = source_.reload_on_save;
    out.networks = source_.networks.size();
    out.rules = source_.rules.size();
    out.lists = source_.lists.size();
    out.patterns = tables_.patterns.lists.size();
    out.sources = std::move(sources_);
    out.feeds = std::move(feeds_);
    out.log = log_policy_of(source_.log);
    out.alarms = alarm_policy_of(source_.alarms);
    out.terms = terms_of(source_, times);
    out.registers = std::move(registers_);
    out.identity = identity_of(source_);
    out.digest = digest_.finish();
    return out;
  }

  /// Where the rule, or exception, with this index in the image stands.
  const Word* written_rule(uint16_t rule) const {
    const StringRef name = tables_.rules[rule].name;
    const std::string_view text = std::string_view(tables_.strings.bytes()).substr(name.offset, name.size);
    for (const ExceptionSource& one : source_.exceptions)
      if (one.rule.name.text == text) return &one.rule.name;
    for (const RuleSource& one : source_.rules)
      if (one.name.text == text) return &one.name;
    return nullptr;
  }

  std::vector<CoveredRule> report_covered() {
    std::vector<CoveredRule> out;
    for (const CoveredIndex& each : find_covered(tables_)) {
      const Word *rule = written_rule(each.rule), *by = written_rule(each.by);
      if (rule == nullptr || by == nullptr) continue;
      out.push_back({rule->text, report_.text_of(rule->at), by->text, report_.text_of(by->at)});
      report_.warn(rule->at, to_string(out.back()), "remove it, or move it before that one");
    }
    return out;
  }

  const PolicySource& source_;
  const std::filesystem::path& directory_;
  const ReadListFile& read_;
  const std::filesystem::path& feeds_directory_;
  const Bypass bypass_;
  CompileCache& cache_;
  Report& report_;
  ImageTables tables_ = [this] {
    ImageTables tables;
    tables.site.name_seed = cache_.name_seed();
    tables.site.doh_list = kNone16;
    return tables;
  }();
  SetTable sets_;
  AddressTable addresses_{sets_};
  std::vector<ListFile> files_;        ///< of all lists, in their order
  std::vector<ListRequest> requests_;  ///< one for each of them
  std::vector<std::string> sources_;
  std::vector<FeedSpec> feeds_;
  PolicyRegister registers_;
  SourceDigest digest_;
  ListParts parts_{0};
};

Compiled compile_into(std::span<const SourceText> texts, const std::filesystem::path& directory,
                      const ReadListFile& read_list_file, uint32_t generation, const CompileOptions& options,
                      Report& report) {
  PolicySource source = load_source(texts, report);
  check_source(source, report);
  Compiled out;
  CompileCache nothing;
  Compiler compiler(source, directory, read_list_file, options,
                    options.cache != nullptr ? *options.cache : nothing, report);
  for (const SourceText& text : texts) compiler.add_source(text.name, text.text);
  out.policy = compiler.run(generation, options.now);
  if (report.failed()) out.policy.reset();
  out.diagnostics = report.finish();
  return out;
}

}  // namespace

std::string to_string(const CoveredRule& covered) {
  return "the rule " + in_quotes(covered.rule) + " never decides: " + in_quotes(covered.by) + ", at " +
         covered.by_place + ", comes before it and takes all that it would take";
}

Compiled compile_texts(std::span<const SourceText> texts, const std::filesystem::path& directory,
                       const ReadListFile& read_list_file, uint32_t generation,
                       const CompileOptions& options) {
  Report report;
  report.add_file(directory.string());
  return compile_into(texts, directory, read_list_file, generation, options, report);
}

Compiled compile_policy(const std::filesystem::path& directory, uint32_t generation,
                        const CompileOptions& options) {
  Report report;
  report.add_file(directory.string());
  std::vector<SourceText> texts;
  if (!read_directory(directory, texts, report)) return {std::nullopt, report.finish()};
  const ReadListFile read = [](const std::string& path, std::string& text, std::string& error) {
    return read_file(path, kMaxListBytes, text, error);
  };
  return compile_into(texts, directory, read, generation, options, report);
}

}  // namespace sluice::control
