// control/judge: what people changed between two policies.
#include "control/judge/diff.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <set>
#include <utility>

#include "control/judge/items.h"
#include "control/policy/lists/list_reader.h"

namespace sluice::control {
namespace {

constexpr std::string_view kEveryone = "everyone";
/// In the order in which a policy is read; what else there is comes behind.
constexpr std::array<std::string_view, 11> kSections = {"settings", "lines",      "networks",  "users",
                                                        "offices",  "lists",      "schedules", "holidays",
                                                        "tunnels",  "exceptions", "rules"};

using Items = std::map<std::string, PolicyItems>;

const PolicyItem* find_item(const PolicyItems& items, const std::string& name) {
  const auto found = std::ranges::find(items, name, &PolicyItem::name);
  return found == items.end() ? nullptr : &*found;
}

std::vector<std::string> words_at(const PolicyItem& item, const std::string& field) {
  const auto found = item.fields.find(field);
  return found == item.fields.end() ? std::vector<std::string>{} : words_of(found->second);
}

/// The entries of a list's files, sorted.
class EntryTaker : public ListTaker {
 public:
  void take_name(std::string_view name, NameScope scope) override {
    entries_.push_back((scope == NameScope::Self    ? "="
                        : scope == NameScope::Below ? "*."
                                                    : "") +
                       std::string(name));
  }
  void take_exception(std::string_view name, NameScope) override {
    entries_.push_back("not " + std::string(name));
  }
  void take_pattern(std::string pattern, Position) override { entries_.push_back(std::move(pattern)); }
  void take_prefix(const Prefix& prefix) override { entries_.push_back(to_string(prefix)); }
  void begin_ports(std::span<const PortRange>) override {}
  std::vector<std::string> finish() {
    std::ranges::sort(entries_);
    // clang 14 cannot compile libstdc++ 12's std::ranges::unique.
    entries_.erase(std::unique(entries_.begin(), entries_.end()), entries_.end());
    return std::move(entries_);
  }

 private:
  std::vector<std::string> entries_;
};

void name_some(const std::vector<std::string>& all, std::vector<std::string>& some, uint64_t& count) {
  count = all.size();
  some.assign(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(std::min(all.size(), kMaxEntriesNamed)));
}

/// What came and what went, of two sorted lists; false where they are the same.
bool diff_sorted(const std::vector<std::string>& before, const std::vector<std::string>& after,
                 FieldChange& out) {
  std::vector<std::string> added, removed;
  std::ranges::set_difference(after, before, std::back_inserter(added));
  std::ranges::set_difference(before, after, std::back_inserter(removed));
  name_some(added, out.added, out.added_count);
  name_some(removed, out.removed, out.removed_count);
  return !added.empty() || !removed.empty();
}

class WrittenDiff {
 public:
  WrittenDiff(const WrittenPolicy& before, const WrittenPolicy& after)
      : before_(before), after_(after), old_(items_of(before.texts())), new_(items_of(after.texts())) {}

  std::vector<Change> run() {
    std::vector<std::string> sections(kSections.begin(), kSections.end());
    for (const Items* items : {&old_, &new_})
      for (const auto& [key, ignored] : *items)
        if (std::ranges::find(sections, key) == sections.end()) sections.push_back(key);
    for (const std::string& section : sections) compare_section(section);
    return std::move(out_);
  }

 private:
  void compare_section(const std::string& section) {
    const PolicyItems &old_items = old_[section], &new_items = new_[section];
    const std::set<std::string> moved = moved_items(section, old_items, new_items);
    for (const PolicyItem& item : old_items)
      if (find_item(new_items, item.name) == nullptr) add(section, item, ChangeKind::Removed, old_, {});
    for (const PolicyItem& item : new_items) {
      const PolicyItem* const was = find_item(old_items, item.name);
      if (was == nullptr) {
        add(section, item, ChangeKind::Added, new_, {});
        continue;
      }
      std::vector<FieldChange> fields = compare_fields(*was, item);
      if (section == "lists") compare_files(item.name, fields);
      if (!fields.empty()) {
        add(section, item, ChangeKind::Changed, new_, std::move(fields));
      } else if (moved.contains(item.name)) {
        add(section, item, ChangeKind::Moved, new_, {});
      }
    }
  }

  void add(const std::string& section, const PolicyItem& item, ChangeKind kind, const Items& all,
           std::vector<FieldChange> fields) {
    if (kind == ChangeKind::Added || kind == ChangeKind::Removed) {
      for (const auto& [field, node] : item.fields) {
        FieldChange said{field, {}, {}, {}, {}, 0, 0};
        (kind == ChangeKind::Added ? said.after : said.before) = flow_text(node);
        fields.push_back(std::move(said));
      }
    }
    out_.push_back({section, item.name, kind, whom(section, item, all), std::move(fields)});
  }

  static std::vector<FieldChange> compare_fields(const PolicyItem& before, const PolicyItem& after) {
    std::set<std::string> keys;
    for (const PolicyItem* item : {&before, &after})
      for (const auto& [key, ignored] : item->fields) keys.insert(key);
    std::vector<FieldChange> out;
    for (const std::string& key : keys) {
      const auto was = before.fields.find(key), is = after.fields.find(key);
      FieldChange change{key, {}, {}, {}, {}, 0, 0};
      const bool several = was != before.fields.end() && is != after.fields.end() &&
                           was->second.kind == YamlNode::Kind::Sequence &&
                           is->second.kind == YamlNode::Kind::Sequence;
      if (several) {
        std::vector<std::string> old_words = words_of(was->second), new_words = words_of(is->second);
        std::ranges::sort(old_words);
        std::ranges::sort(new_words);
        if (diff_sorted(old_words, new_words, change)) out.push_back(std::move(change));
        continue;
      }
      if (was != before.fields.end()) change.before = flow_text(was->second);
      if (is != after.fields.end()) change.after = flow_text(is->second);
      if (change.before != change.after) out.push_back(std::move(change));
    }
    return out;
  }

  /// Rules that stand in both and passed another one: those that are not in a longest run in the old order.
  static std::set<std::string> moved_items(const std::string& section, const PolicyItems& before,
                                           const PolicyItems& after) {
    std::set<std::string> out;
    if (section != "rules" && section != "exceptions") return out;
    std::map<std::string, size_t> places;
    for (size_t i = 0; i < before.size(); ++i) places.emplace(before[i].name, i);
    std::vector<std::pair<size_t, const PolicyItem*>> common;
    for (const PolicyItem& item : after)
      if (const auto found = places.find(item.name); found != places.end())
        common.emplace_back(found->second, &item);
    // tails[n]: index of the smallest end of a run of n + 1; from: what stands before each in its run.
    std::vector<size_t> tails, from(common.size(), common.size());
    for (size_t i = 0; i < common.size(); ++i) {
      const auto at = std::ranges::lower_bound(tails, common[i].first, {},
                                               [&](size_t tail) { return common[tail].first; });
      if (at != tails.begin()) from[i] = *(at - 1);
      if (at == tails.end()) {
        tails.push_back(i);
      } else {
        *at = i;
      }
    }
    std::vector<bool> kept(common.size());
    for (size_t i = tails.empty() ? common.size() : tails.back(); i < common.size(); i = from[i])
      kept[i] = true;
    for (size_t i = 0; i < common.size(); ++i)
      if (!kept[i]) out.insert(common[i].second->name);
    return out;
  }

  static std::string bytes_of(const WrittenPolicy& policy, const ListSource& list) {
    std::string out, text, ignored;
    for (const WrittenPolicy::File& file : policy.files_of(list))
      if (policy.read(file.path, text, ignored)) out += text;
    return out;
  }

  static std::vector<std::string> entries_of(const WrittenPolicy& policy, const ListSource& list) {
    EntryTaker taker;
    for (const WrittenPolicy::File& file : policy.files_of(list)) {
      Report report;
      ListText text;
      std::string ignored;
      if (policy.read(file.path, text.text, ignored))
        read_list(text, file.format, report.add_file(file.path), report, taker);
    }
    return taker.finish();
  }

  void compare_files(const std::string& name, std::vector<FieldChange>& fields) const {
    const auto by_name = [&](const ListSource& one) { return one.name.text == name; };
    const auto &old_lists = before_.source().lists, &new_lists = after_.source().lists;
    const auto was = std::ranges::find_if(old_lists, by_name), is = std::ranges::find_if(new_lists, by_name);
    if (was == old_lists.end() || is == new_lists.end()) return;
    if (was->format == is->format && bytes_of(before_, *was) == bytes_of(after_, *is)) return;
    FieldChange change{"entries", {}, {}, {}, {}, 0, 0};
    if (diff_sorted(entries_of(before_, *was), entries_of(after_, *is), change))
      fields.push_back(std::move(change));
  }

  static std::vector<std::string> from_of(const PolicyItem& rule) {
    const std::vector<std::string> from = words_at(rule, "from");
    return from.empty() ? std::vector<std::string>{std::string(kEveryone)} : from;
  }

  /// For whom the item counts.
  static std::vector<std::string> whom(const std::string& section, const PolicyItem& item, const Items& all) {
    if (section == "networks") return {item.name};
    if (section == "rules" || section == "exceptions" || section == "tunnels") return from_of(item);
    std::set<std::string> out;
    const auto in = [&](const char* key, const auto& take) {
      if (const auto found = all.find(key); found != all.end())
        for (const PolicyItem& one : found->second) take(one);
    };
    if (section == "lines") {
      in("networks", [&](const PolicyItem& network) {
        if (words_at(network, "line") == std::vector{item.name}) out.insert(network.name);
      });
    }
    if (section == "lists" || section == "offices" || section == "schedules") {
      const auto take = [&](const PolicyItem& rule) {
        for (const char* field : {"from", "to", "when"}) {
          const std::vector<std::string> words = words_at(rule, field);
          if (std::ranges::find(words, item.name) != words.end())
            for (std::string& one : from_of(rule)) out.insert(std::move(one));
        }
      };
      in("exceptions", take);
      in("rules", take);
    }
    return {out.begin(), out.end()};
  }

  const WrittenPolicy &before_, &after_;
  Items old_, new_;
  std::vector<Change> out_;
};

}  // namespace

std::string_view word_of(ChangeKind kind) {
  constexpr std::string_view kWords[] = {"added", "removed", "changed", "moved"};
  return kWords[static_cast<size_t>(kind)];
}

std::vector<Change> diff_written(const WrittenPolicy& before, const WrittenPolicy& after) {
  return WrittenDiff(before, after).run();
}

}  // namespace sluice::control
