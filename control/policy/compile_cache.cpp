// control/policy: what is kept from one compilation to the next, so that only what changed is done again.
#include "control/policy/compile_cache.h"

#include <sys/random.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <new>

#include "control/base/clock.h"
#include "control/policy/list_parts.h"
#include "control/policy/lists/list_reader.h"
#include "control/policy/parallel.h"

namespace sluice::control {
namespace {

/// A file that was changed so shortly before it was read may be changed again without any other time of
/// change: the coarsest clock of a file system ticks every two seconds.
constexpr int64_t kSettledNs = 2'000'000'000;

/// Names are hashed under a seed that nobody outside can guess, so that no list can be made to collide.
uint64_t random_seed() {
  uint64_t seed = 0;
  if (getrandom(&seed, sizeof seed, 0) != sizeof seed) throw std::bad_alloc();
  return seed;
}

int64_t nanoseconds(const timespec& time) {
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

class ContentTaker final : public ListTaker {
 public:
  explicit ContentTaker(ListContent& content) : content_(content) { content.parts.resize(1); }
  void take_name(std::string_view name, NameScope scope) override { part().names.add(name, scope); }
  void take_exception(std::string_view name, NameScope scope) override {
    part().names.add(name, scope, NameClaim::Excepts);
  }
  void take_pattern(std::string pattern, Position at) override {
    part().patterns.push_back({std::move(pattern), at});
  }
  void take_prefix(const Prefix& prefix) override { part().prefixes.push_back(prefix); }
  void begin_ports(std::span<const PortRange> ports) override {
    const auto known = std::ranges::find_if(
        content_.parts, [&](const ListContent::Part& part) { return same_ports(part.ports, ports); });
    at_ = static_cast<size_t>(known - content_.parts.begin());
    // One more than a policy can have, so that it is refused.
    if (at_ == content_.parts.size() && at_ <= kMaxListParts + 1)
      content_.parts.push_back({{ports.begin(), ports.end()}, {}, {}, {}});
    at_ = std::min(at_, content_.parts.size() - 1);
  }

 private:
  ListContent::Part& part() { return content_.parts[at_]; }
  ListContent& content_;
  size_t at_ = 0;
};

std::shared_ptr<const ListContent> parse(const std::string& path, ListFormat format, std::string text,
                                         const Sha256Bytes& digest) {
  auto content = std::make_shared<ListContent>();
  Report report;
  ListText list{std::move(text), {}};
  ContentTaker taker(*content);
  read_list(list, format, report.add_file(path), report, taker);
  for (ListContent::Part& part : content->parts) part.names.close();
  content->problems = report.finish();
  content->digest = digest;
  return content;
}

bool same_names(const NameSourceBlock& a, const NameSourceBlock& b) {
  return a.list == b.list && (a.names == b.names || a.names->chunks() == b.names->chunks());
}

}  // namespace

CompileCache::CompileCache() : name_seed_(random_seed()) {}

std::optional<CompileCache::Stamp> CompileCache::stamp_of(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return std::nullopt;
  return Stamp{info.st_dev, info.st_ino, static_cast<uint64_t>(info.st_size), nanoseconds(info.st_ctim),
               nanoseconds(info.st_mtim)};
}

/// known: what the same file was before; nullptr where it was not. The result has no content where it cannot
/// be read.
CompileCache::KnownList CompileCache::read_list_file(ListRequest& request, const KnownList* known,
                                                     const ReadListFile& read) {
  const std::optional<Stamp> stamp = stamp_of(request.path);
  if (known != nullptr && known->stamp && known->stamp == stamp) return *known;
  const int64_t begun_ns = utc_now_ns();
  std::string text;
  if (!read(request.path, text, request.error)) return {};
  const bool settled = stamp && stamp == stamp_of(request.path) &&
                       std::max(stamp->changed_ns, stamp->modified_ns) + kSettledNs < begun_ns;
  const Sha256Bytes digest = sha256_of(text);
  const bool same = known != nullptr && known->content->digest == digest;
  return {same ? known->content : parse(request.path, request.format, std::move(text), digest),
          settled ? stamp : std::nullopt};
}

void CompileCache::read_lists(std::span<ListRequest> requests, const ReadListFile& read) {
  std::map<ListKey, ListRequest*> wanted;
  for (ListRequest& request : requests) wanted.try_emplace({request.path, request.format}, &request);
  std::vector<std::pair<ListKey, KnownList>> found;
  for (const auto& [key, request] : wanted) found.push_back({key, {}});
  for_each_index(found.size(), [&](size_t i) {
    const auto known = lists_.find(found[i].first);
    found[i].second =
        read_list_file(*wanted.at(found[i].first), known == lists_.end() ? nullptr : &known->second, read);
  });
  for (auto& [key, list] : found) {
    if (list.content) {
      list.used = true;
      lists_.insert_or_assign(std::move(key), std::move(list));
    } else {
      lists_.erase(key);
    }
  }
  for (ListRequest& request : requests) {
    const auto known = lists_.find({request.path, request.format});
    if (known != lists_.end())
      request.content = known->second.content;
    else
      request.error = wanted.at({request.path, request.format})->error;
  }
}

void CompileCache::forget_unused() {
  std::erase_if(lists_, [](const auto& each) { return !each.second.used; });
  for (auto& [key, list] : lists_) list.used = false;
}

bool CompileCache::build_base(std::vector<NameSourceBlock> sources) {
  if (name_base_ && std::ranges::equal(sources, name_sources_, same_names)) return true;
  name_base_.reset();  // before the next one is made: two would be a lot of memory
  name_extended_.reset();
  name_sources_ = std::move(sources);
  std::vector<ListNames> lists;
  for (const NameSourceBlock& source : name_sources_) lists.push_back({source.names.get(), source.list});
  CompiledNames base;
  std::optional<NameLayout> layout = build_names(lists, base.sets, name_seed_);
  if (!layout) return false;
  base.layout = std::make_shared<const NameLayout>(std::move(*layout));
  name_base_ = std::move(base);
  return true;
}

std::optional<CompiledNames> CompileCache::names(std::vector<NameSourceBlock> lists,
                                                 const std::vector<ExtraName>& extras) {
  if (!build_base(lists)) return std::nullopt;
  if (takes_extras(*name_base_->layout, extras.size())) {
    CompiledNames out = *name_base_;
    if (extras.empty()) return out;
    if (name_extended_.use_count() != 1) name_extended_ = std::make_shared<NameLayout>();
    name_extended_->assign(*out.layout, room_for(extras));
    add_extras(*name_extended_, extras, out.sets, name_seed_);
    out.layout = name_extended_;
    return out;
  }
  for (const ExtraName& extra : extras) {
    auto names = std::make_shared<NameBlock>();
    names->add(extra.name, extra.scope);
    lists.push_back({std::move(names), extra.list});
  }
  if (!build_base(std::move(lists))) return std::nullopt;
  return *name_base_;
}

CompiledPatterns CompileCache::patterns(const std::vector<PatternSource>& patterns, Report& report) {
  const auto text_of = [](const PatternSource& pattern) -> const std::string& { return pattern.text.text; };
  if (!patterns.empty() && std::ranges::equal(patterns, pattern_texts_, {}, text_of)) {
    CompiledPatterns out;
    for (const PatternSource& pattern : patterns) out.lists.push_back(pattern.list);
    out.database = pattern_database_;
    return out;
  }
  CompiledPatterns out = compile_patterns(patterns, report);
  // Where one was refused the others' database is of no use, and the next compilation has to say so again.
  pattern_texts_.clear();
  if (out.lists.size() == patterns.size() && !report.failed()) {
    for (const PatternSource& pattern : patterns) pattern_texts_.push_back(pattern.text.text);
    pattern_database_ = out.database;
  }
  return out;
}

}  // namespace sluice::control
