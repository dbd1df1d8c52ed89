// control/policy: a directory of YAML becomes one policy image, or a list of what is wrong with it.
#include "control/policy/policy_compiler.h"

#include <sys/random.h>

#include <chrono>
#include <deque>
#include <new>

#include "control/policy/compile_cache.h"
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

/// Names are hashed under a seed that nobody outside can guess, so that no list can be made to collide.
uint64_t random_seed() {
  uint64_t seed = 0;
  if (getrandom(&seed, sizeof seed, 0) != sizeof seed) throw std::bad_alloc();
  return seed;
}

/// What one list file says goes into the tables under its list.
class FileTaker final : public ListTaker {
 public:
  FileTaker(NameTable& names, AddressTable& addresses, std::vector<PatternSource>& patterns, ListParts& parts,
            uint16_t list)
      : names_(names), addresses_(addresses), patterns_(patterns), parts_(parts), whole_(list), list_(list) {}

  void take_name(std::string_view name, NameScope scope) override {
    full_ |= !names_.add(name, scope, list_);
  }
  void take_exception(std::string_view name, NameScope scope) override {
    full_ |= !names_.except(name, scope, list_);
  }
  void take_pattern(std::string pattern, Position at) override {
    patterns_.push_back({{std::move(pattern), at}, list_});
  }
  void take_prefix(const Prefix& prefix) override { addresses_.add_list(prefix, list_); }
  void begin_ports(std::span<const PortRange> ports) override {
    list_ = ports.empty() ? whole_ : parts_.part_of(whole_, ports);
  }

  bool full() const { return full_; }  ///< the names did not all fit

 private:
  NameTable& names_;
  AddressTable& addresses_;
  std::vector<PatternSource>& patterns_;
  ListParts& parts_;
  uint16_t whole_, list_;
  bool full_ = false;
};

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
           const std::filesystem::path& feeds, CompileCache& cache, Report& report)
      : source_(source),
        directory_(directory),
        read_(read),
        feeds_directory_(feeds),
        cache_(cache),
        report_(report),
        names_(sets_, tables_.site.name_seed),
        addresses_(sets_) {}

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
    add_lists();
    add_offices();
    add_literals(resolved.literals);
    for (const ListPart& part : parts_.parts()) {
      const ListInfo whole = tables_.lists[part.of];
      tables_.lists.push_back(whole);
    }
    add_lines(times);
    add_networks();
    for (const PrefixSource& resolver : source_.resolvers) addresses_.add_resolver(resolver.prefix.address);
    for (const LineSource& line : source_.lines)
      for (const Address& router : line.link) addresses_.add_link(router);
    tables_.patterns = cache_.patterns(patterns_, report_);
    if (report_.failed()) return std::nullopt;
    add_site();
    return finish(resolved, times, generation);
  }

 private:
  void add_name(std::string_view name, NameScope scope, size_t list) {
    if (!names_.add(name, scope, static_cast<uint16_t>(list))) names_full_ = true;
  }

  void add_lists() {
    for (size_t i = 0; i < source_.lists.size(); ++i) {
      const ListSource& list = source_.lists[i];
      tables_.lists.push_back({tables_.strings.add(list.name.text)});
      if (list.name.text == kDohList) tables_.site.doh_list = static_cast<uint16_t>(i);
      for (const NameSource& name : list.names) add_name(name.name, name.scope, i);
      for (const PrefixSource& prefix : list.prefixes)
        addresses_.add_list(prefix.prefix, static_cast<uint16_t>(i));
      for (const Word& pattern : list.patterns) patterns_.push_back({pattern, static_cast<uint16_t>(i)});
      for (const Word& keyword : list.keywords)
        patterns_.push_back({pattern_of(keyword), static_cast<uint16_t>(i)});
      for (const Word& file : list.files) add_list_file(file, list.format, i);
      if (list.feed && !list.feed->url.empty()) add_feed(list, i);
    }
  }

  void add_list_file(const Word& file, ListFormat format, size_t list) {
    std::string error;
    if (!add_list_text((directory_ / file.text).string(), format, list, error)) {
      report_.error(file.at, "cannot read " + in_quotes(file.text) + ": " + error,
                    "a path counts from the policy's directory");
    }
  }

  /// Returns false where it cannot be read, and says why in error.
  bool add_list_text(const std::string& path, ListFormat format, size_t list, std::string& error) {
    ListText& text = texts_.emplace_back();
    if (!read_(path, text.text, error)) return false;
    add_source(path, text.text);
    FileTaker taker(names_, addresses_, patterns_, parts_, static_cast<uint16_t>(list));
    read_list(text, format, report_.add_file(path), report_, taker);
    names_full_ |= taker.full();
    return true;
  }

  /// Takes the last good copy of a list that is fetched. One that was never fetched is left out: what the
  /// rest of the policy says must not wait for a server. One that was, and cannot be read, is an error: it
  /// must not be lost.
  void add_feed(const ListSource& list, size_t index) {
    const FeedSpec spec{list.name.text, list.format, *list.feed};
    feeds_.push_back(spec);
    const std::string name = "the feed of the list " + in_quotes(list.name.text);
    std::optional<FeedCopy> copy = find_copy(spec);
    if (!copy) {
      return report_.warn(
          list.feed_at,
          name + (feeds_directory_.empty() ? " is left out: no copies are at hand"
                                           : " has not been fetched yet"),
          feeds_directory_.empty()
              ? ""
              : "it is fetched once the policy is applied; until then the list is without it");
    }
    std::string error;
    while (
        !add_list_text(feed_text_path(feeds_directory_, spec, *copy).string(), list.format, index, error)) {
      // A newer one may just have taken its place.
      const std::optional<FeedCopy> next = find_copy(spec);
      if (!next || next->sha256 == copy->sha256) {
        return report_.error(list.feed_at, "cannot read the copy of " + name + ": " + error, "");
      }
      copy = next;
    }
  }

  std::optional<FeedCopy> find_copy(const FeedSpec& spec) const {
    return feeds_directory_.empty() ? std::nullopt
                                    : read_feed_copy(feeds_directory_, spec, CopyKind::InForce);
  }

  void add_offices() {
    for (const OfficeSource& office : source_.offices) {
      const auto list = static_cast<uint16_t>(tables_.lists.size());
      tables_.lists.push_back({tables_.strings.add(office.name.text)});
      for (const PrefixSource& prefix : office.prefixes) addresses_.add_list(prefix.prefix, list);
    }
  }

  void add_literals(const std::vector<Literal>& literals) {
    for (const Literal& literal : literals) {
      const auto list = static_cast<uint16_t>(tables_.lists.size());
      tables_.lists.push_back({tables_.strings.add(literal.text)});
      if (literal.is_name) {
        literal.pattern.empty() ? add_name(literal.name, literal.scope, list)
                                : patterns_.push_back({{literal.pattern, literal.at}, list});
      } else {
        addresses_.add_list(literal.prefix, list);
      }
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
    out.names = names_.size();
    tables_.names = names_.finish();
    tables_.addresses = addresses_.finish();
    if (names_full_ || (out.names > 0 && tables_.names.buckets.empty())) return too_large("too many names");
    if (parts_.full()) return too_large("too many lists with ports of their own");
    if (sets_.full()) return too_large("too many names and prefixes stand in too many lists at once");
    tables_.sets = sets_.sets();
    tables_.set_lists = sets_.lists();
    if (!lay_out_rules(source_, {resolved, times, parts_.parts()}, tables_))
      return too_large("too many rules for so many lists");
    std::optional<AlignedImage> image = write_image(tables_, generation);
    if (!image) return too_large("its image would exceed " + std::to_string(kImageMaxBytes >> 30) + " GiB");
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
    out.digest = digest_.finish();
    return out;
  }

  const PolicySource& source_;
  const std::filesystem::path& directory_;
  const ReadListFile& read_;
  const std::filesystem::path& feeds_directory_;
  CompileCache& cache_;
  Report& report_;
  ImageTables tables_ = [] {
    ImageTables tables;
    tables.site.name_seed = random_seed();
    tables.site.doh_list = kNone16;
    return tables;
  }();
  SetTable sets_;
  NameTable names_;
  AddressTable addresses_;
  std::vector<PatternSource> patterns_;
  std::deque<ListText> texts_;  ///< of the list files; names_ points into them
  std::vector<std::string> sources_;
  std::vector<FeedSpec> feeds_;
  SourceDigest digest_;
  ListParts parts_{0};
  bool names_full_ = false;
};

Compiled compile_into(std::span<const SourceText> texts, const std::filesystem::path& directory,
                      const ReadListFile& read_list_file, uint32_t generation, const CompileOptions& options,
                      Report& report) {
  PolicySource source;
  source.complete = !report.failed();
  for (const SourceText& text : texts) {
    const std::optional<YamlNode> root = parse_yaml(text.text, report.add_file(text.name), report);
    if (root) {
      load_file(*root, source, report);
    } else {
      source.complete = false;
    }
  }
  resolve_groups(source, report);
  check_source(source, report);
  Compiled out;
  CompileCache nothing;
  Compiler compiler(source, directory, read_list_file, options.feeds,
                    options.cache != nullptr ? *options.cache : nothing, report);
  for (const SourceText& text : texts) compiler.add_source(text.name, text.text);
  out.policy = compiler.run(generation, options.now);
  if (report.failed()) out.policy.reset();
  out.diagnostics = report.finish();
  return out;
}

}  // namespace

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
