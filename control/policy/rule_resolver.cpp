// control/policy: finds what each word in a rule's from and to stands for.
#include "control/policy/rule_resolver.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "control/policy/field_reader.h"

namespace sluice::control {
namespace {

constexpr std::string_view kAny = "any";

bool may_have_prefixes(const ListSource& list) {
  const bool of_files = list.format == ListFormat::Prefixes || list.format == ListFormat::Rpz ||
                        list.format == ListFormat::Microsoft365;
  return !list.prefixes.empty() || of_files;
}

class RuleResolver {
 public:
  RuleResolver(const PolicySource& source, Report& report) : source_(source), report_(report) {
    for (size_t i = 0; i < source.networks.size(); ++i) declare(source.networks[i].name, Kind::Network, i);
    for (size_t i = 0; i < source.lists.size(); ++i) declare(source.lists[i].name, Kind::List, i);
    for (size_t i = 0; i < source.offices.size(); ++i) {
      declare(source.offices[i].name, Kind::Office, source.lists.size() + i);
    }
    used_.resize(source.lists.size());
  }

  ResolvedRules resolve() {
    for (const TunnelSource& tunnel : source_.tunnels) {
      const RuleSide lan = resolve_side(tunnel.from, {.is_lan = true, .known_by_address = "a tunnel's end"});
      const RuleSide line = resolve_side(tunnel.to, {.is_lan = false, .known_by_address = "a tunnel's end"});
      out_.rules.push_back({lan, line, Direction::Outbound});
      out_.rules.push_back({line, lan, Direction::Inbound});
    }
    for (const ExceptionSource& exception : source_.exceptions) resolve_rule(exception.rule);
    for (const RuleSource& rule : source_.rules) resolve_rule(rule);
    for (size_t i = 0; i < used_.size() && source_.complete; ++i) {
      if (used_[i]) continue;
      report_.warn(source_.lists[i].name.at, "no rule uses the list " + in_quotes(source_.lists[i].name.text),
                   "name it in a rule, or leave it out");
    }
    if (first_literal() + out_.literals.size() > kMaxLists) {
      report_.error(source_.rules.empty() ? Position{} : source_.rules.back().name.at,
                    "more than " + std::to_string(kMaxLists) + " lists and literals",
                    "put literals together in lists");
    }
    return std::move(out_);
  }

 private:
  enum class Kind : uint8_t {
    Network,
    List,
    Office
  };
  struct Meaning {
    Kind kind;
    size_t index;
  };

  void declare(const Word& word, Kind kind, size_t index) {
    words_.try_emplace(word.text, Meaning{kind, index});
  }
  void resolve_rule(const RuleSource& rule) {
    if (rule.protocols >> static_cast<int>(Protocol::Doh) & 1) use_doh_list(rule.doh_at);
    const bool outbound = rule.direction == Direction::Outbound;
    const RuleSide from = resolve_side(rule.from, {.is_lan = outbound, .known_by_address = "a source"});
    const RuleSide to = resolve_side(rule.to, {.is_lan = !outbound, .may_be_inbound = outbound});
    out_.rules.push_back({from, to, rule.direction});
  }
  void use_doh_list(Position at) {
    const auto list =
        std::ranges::find(source_.lists, kDohList, [](const ListSource& one) { return one.name.text; });
    if (list != source_.lists.end()) {
      used_[static_cast<size_t>(list - source_.lists.begin())] = true;
      for (const auto& [words, what] :
           {std::pair{&list->patterns, "patterns"}, std::pair{&list->keywords, "keywords"}}) {
        if (words->empty()) continue;
        report_.error(words->front().at, "the list " + in_quotes(kDohList) + " takes no " + what,
                      "give it names, files or prefixes");
      }
    } else if (source_.complete) {
      report_.error(at, "`doh` needs a list named " + in_quotes(kDohList) + ", of the servers that speak it",
                    "declare it: lists: {doh-resolvers: {files: [lists/doh-resolvers.names]}}");
    }
  }

  size_t first_literal() const { return source_.lists.size() + source_.offices.size(); }

  /// What a side may hold.
  struct SideKind {
    bool is_lan = false;
    std::string_view known_by_address = {};  ///< who is, so that no name can match; empty: names may stand
    bool may_be_inbound = false;             ///< of a rule, whose direction may be what is wrong
  };

  RuleSide resolve_side(const std::vector<Word>& words, const SideKind& kind) {
    RuleSide side;
    side.any = words.empty();
    for (const Word& word : words) {
      const auto declared = words_.find(word.text);
      if (word.text == kAny) {
        side.any = true;
        if (declared != words_.end()) {
          report_.error(word.at, "'any' stands for anything, but is declared as well",
                        "rename what is declared");
        }
      } else if (declared != words_.end()) {
        take_declared(word, declared->second, kind, side);
      } else {
        take_literal(word, kind, side);
      }
    }
    return side;
  }

  void take_declared(const Word& word, const Meaning& meaning, const SideKind& kind, RuleSide& side) {
    if (meaning.kind == Kind::Network) {
      side.networks.push_back(static_cast<uint16_t>(meaning.index));
      if (!kind.is_lan) {
        report_.warn(
            word.at, "the network " + in_quotes(word.text) + " is on the LAN side, so this never matches",
            kind.may_be_inbound ? "did you mean direction: inbound?" : "name an office, a list or a prefix");
      }
      return;
    }
    side.lists.push_back(static_cast<uint16_t>(meaning.index));
    if (meaning.kind != Kind::List) return;
    used_[meaning.index] = true;
    if (!kind.known_by_address.empty() && !may_have_prefixes(source_.lists[meaning.index])) {
      report_.error(word.at,
                    "the list " + in_quotes(word.text) + " has no prefixes, and " +
                        std::string(kind.known_by_address) + " is known by its address only",
                    "give it prefixes");
    }
  }

  void take_literal(const Word& word, const SideKind& kind, RuleSide& side) {
    Literal literal;
    literal.text = word.text;
    const std::string_view text = word.text;
    const bool like_name = text.find('.') != text.npos || text.starts_with('=');
    const bool like_prefix = text.find_first_of(":/") != text.npos;
    Address address;
    if (like_prefix || parse_address(text, address)) {
      const PrefixError error = parse_prefix(text, literal.prefix);
      report_prefix(error, word, literal.prefix, report_);
      if (error != PrefixError::None) return;
    } else if (like_name) {
      std::optional<WrittenName> written = read_name(word, report_);
      if (!written) return;
      if (!kind.known_by_address.empty()) {
        return report_.error(word.at,
                             in_quotes(text) + " is a name, and " + std::string(kind.known_by_address) +
                                 " is known by its address only",
                             "write a network, an office, a list or a prefix");
      }
      literal.is_name = true;
      literal.scope = written->scope;
      literal.name = std::move(written->name);
      literal.pattern = std::move(written->pattern);
      literal.at = word.at;
    } else {
      return refuse_word(word);
    }
    side.lists.push_back(intern(std::move(literal)));
  }

  void refuse_word(const Word& word) {
    if (!source_.complete) return;  // it may stand in the file that could not be read
    std::vector<std::string_view> known;
    for (const auto& [name, meaning] : words_) known.push_back(name);
    std::ranges::sort(known);
    const std::string_view near = nearest(word.text, known);
    report_.error(word.at, "no network, office or list is named " + in_quotes(word.text),
                  near.empty() ? "declare it; a name to be taken as it stands has a dot"
                               : "did you mean " + std::string(near) + "?");
  }

  uint16_t intern(Literal literal) {
    const std::string key =
        literal.is_name ? std::to_string(static_cast<int>(literal.scope)) + literal.name + literal.pattern
                        : '/' + to_string(literal.prefix);
    const auto [known, fresh] = literals_.try_emplace(key, out_.literals.size());
    if (fresh) out_.literals.push_back(std::move(literal));
    return static_cast<uint16_t>(first_literal() + known->second);
  }

  const PolicySource& source_;
  Report& report_;
  std::unordered_map<std::string, Meaning> words_;
  std::unordered_map<std::string, size_t> literals_;
  std::vector<bool> used_;
  ResolvedRules out_;
};

}  // namespace

ResolvedRules resolve_rules(const PolicySource& source, Report& report) {
  return RuleResolver(source, report).resolve();
}

}  // namespace sluice::control
