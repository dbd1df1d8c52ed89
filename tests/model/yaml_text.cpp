// tests: model: a policy as files: YAML in the styles that people write, and files of names.
#include "tests/model/yaml_text.h"

#include <algorithm>
#include <cstdio>

#include "tests/model/chance.h"

namespace sluice::model {
namespace {

class Writer {
 public:
  Writer(const World& world, uint64_t seed) : world_(world), chance_(seed) {}

  PolicyFiles write() {
    site();
    networks();
    words_known();
    for (const List& list : world_.lists) write_list(list);
    tunnels();
    times();
    // The rules stand in order, over one or two files.
    const size_t cut = chance_.below(world_.rules.size() + 1);
    for (size_t i = 0; i < world_.rules.size(); ++i) rule("rules", world_.rules[i], i < cut ? 0 : 1);
    for (const Rule& one : world_.exceptions) rule("exceptions", one, chance_.below(kFiles - 1));
    for (size_t file = 0; file < kFiles; ++file) {
      std::string& text = files_.yaml[std::to_string(file) + "0.yaml"];
      text = single_[file];
      for (const auto& [key, body] : sections_[file]) text += key + ":\n" + body;
    }
    return std::move(files_);
  }

 private:
  static constexpr size_t kFiles = 2;

  /// Plain where that is safe, and not always then.
  std::string scalar(const std::string& text) {
    const bool plain =
        text.find_first_of(":#'\"\\[]{},*&!|>%@`= ") == text.npos && !text.empty() && text[0] != '-';
    if (plain && !chance_.one_in(4)) return text;
    return chance_.one_in(2) ? "\"" + text + "\"" : "'" + text + "'";
  }

  std::string items(const Words& words) {
    std::string out;
    for (const std::string& word : words) out += (out.empty() ? "" : ", ") + scalar(word);
    return "[" + out + "]";
  }

  /// A mapping, in braces or a line a key.
  std::string mapping(const std::vector<std::pair<std::string, std::string>>& fields,
                      const std::string& indent) {
    std::string flow, block;
    for (const auto& [key, value] : fields) {
      flow += (flow.empty() ? "" : ", ") + key + ": " + value;
      block += "\n" + indent + key + ": " + value;
    }
    return fields.empty() || chance_.one_in(2) ? "{" + flow + "}" : block;
  }

  void named(const std::string& section, const std::string& name,
             const std::vector<std::pair<std::string, std::string>>& fields) {
    sections_[chance_.below(kFiles)][section] += "  " + name + ": " + mapping(fields, "    ") + "\n";
  }

  std::string settings(const Settings& settings) {
    std::string out;
    for (const auto& [situation, set] : settings) out += (out.empty() ? "" : ", ") + situation + ": " + set;
    return "{" + out + "}";
  }

  void site() {
    std::string& text = single_[0];
    text = "site: model\n";
    if (world_.observe) text += "mode: observe\n";
    if (!world_.timezone.empty()) text += "timezone: " + world_.timezone + "\n";
    if (!world_.fallback.empty()) text += "default: " + world_.fallback + "\n";
    if (!world_.resolvers.empty()) text += "resolvers: " + items(world_.resolvers) + "\n";
    if (!world_.unidentified.empty()) single_[1] += "unidentified: " + settings(world_.unidentified) + "\n";
    for (const Line& line : world_.lines)
      named("lines", line.name,
            {{"operator", "O"},
             {"licence", "L"},
             {"contract", "C"},
             {"filing", "F"},
             {"purpose", "internal-office"},
             {"valid", "{from: 2020-01-01, until: " + (line.until.empty() ? "2090-01-01" : line.until) + "}"},
             {"on-expiry", line.until.empty() ? "warn" : "block"}});
  }

  void networks() {
    for (const Network& network : world_.networks) {
      std::vector<std::pair<std::string, std::string>> fields = {{"line", network.line},
                                                                 {"public-reason", "anything"}};
      if (!network.prefixes.empty()) fields.emplace_back("prefixes", items(network.prefixes));
      if (!network.groups.empty()) fields.emplace_back("groups", items(network.groups));
      if (!network.vlans.empty()) fields.emplace_back("vlans", items(network.vlans));
      if (network.fallback) fields.emplace_back("default", *network.fallback);
      if (!network.unidentified.empty()) fields.emplace_back("unidentified", settings(network.unidentified));
      // The order says which is the first, so they stand in one file.
      sections_[0]["networks"] += "  " + network.name + ": " + mapping(fields, "    ") + "\n";
    }
  }

  void words_known() {
    for (const Office& office : world_.offices)
      sections_[1]["offices"] +=
          "  " + office.name + ": {entity: E, prefixes: " + items(office.prefixes) + "}\n";
    for (const User& user : world_.users) {
      std::vector<std::pair<std::string, std::string>> fields = {{"addresses", items(user.addresses)}};
      if (!user.groups.empty()) fields.emplace_back("groups", items(user.groups));
      named("users", user.name, fields);
    }
  }

  void write_list(const List& list) {
    std::vector<std::pair<std::string, std::string>> fields;
    if (!list.names.empty()) fields.emplace_back("names", items(list.names));
    if (!list.prefixes.empty()) fields.emplace_back("prefixes", items(list.prefixes));
    if (!list.keywords.empty()) fields.emplace_back("keywords", items(list.keywords));
    Words expressions;
    for (const Pattern& pattern : list.patterns) expressions.push_back("'" + expression(pattern) + "'");
    if (!expressions.empty()) {
      std::string all;
      for (const std::string& one : expressions) all += (all.empty() ? "" : ", ") + one;
      fields.emplace_back("patterns", "[" + all + "]");
    }
    if (!list.in_file.empty()) {
      fields.emplace_back("files", "[lists/" + list.name + "]");
      if (list.hosts_file || chance_.one_in(2))
        fields.emplace_back("format", list.hosts_file ? "hosts" : "names");
      files_.lists["lists/" + list.name] = list_file(list);
    }
    sections_[0]["lists"] += "  " + list.name + ": " + mapping(fields, "    ") + "\n";
  }

  std::string list_file(const List& list) {
    std::string out = chance_.one_in(2) ? "# names\n\n" : "";
    for (const std::string& name : list.in_file) {
      out += list.hosts_file ? chance_.word({"0.0.0.0 ", "127.0.0.1\t", "::1 localhost "}) : "";
      out += name + chance_.word({"\n", "\r\n", "  # why\n"});
    }
    return out;
  }

  void tunnels() {
    for (const Tunnel& tunnel : world_.tunnels) {
      std::vector<std::pair<std::string, std::string>> fields = {{"protocols", items(tunnel.protocols)},
                                                                 {"from", items(tunnel.from)},
                                                                 {"to", items(tunnel.to)},
                                                                 {"owner", "li.wei"}};
      if (tunnel.inspect) fields.emplace_back("inspect", "true");
      sections_[1]["tunnels"] += "  " + tunnel.name + ": " + mapping(fields, "    ") + "\n";
    }
  }

  void times() {
    static constexpr const char* kDays[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    for (const Holidays& holidays : world_.holidays) {
      std::string spans;
      for (const auto& [first, last] : holidays.spans)
        spans += (spans.empty() ? "" : ", ") + first + (first == last ? "" : ".." + last);
      sections_[1]["holidays"] += "  " + holidays.name + ": [" + spans + "]\n";
    }
    for (const Schedule& schedule : world_.schedules) {
      Words days, hours;
      for (size_t i = 0; i < schedule.days.size(); ++i)
        if (schedule.days[i]) days.push_back(kDays[i]);
      for (const auto& [begin, end] : schedule.hours) hours.push_back(clock(begin) + "-" + clock(end));
      std::vector<std::pair<std::string, std::string>> fields = {{"days", items(days)}};
      if (!hours.empty())
        fields.emplace_back("hours", hours.size() == 1 ? '"' + hours[0] + '"' : items(hours));
      if (!schedule.except.empty()) fields.emplace_back("except", items(schedule.except));
      if (!schedule.timezone.empty()) fields.emplace_back("timezone", schedule.timezone);
      named("schedules", schedule.name, fields);
    }
  }

  static std::string clock(int minute) {
    char text[8];
    std::snprintf(text, sizeof text, "%02d:%02d", minute / 60 % 100, minute % 60);
    return text;
  }

  void rule(const std::string& section, const Rule& rule, size_t file) {
    std::vector<std::pair<std::string, std::string>> fields = {{"action", rule.action}};
    if (rule.inbound || chance_.one_in(6))
      fields.emplace_back("direction", rule.inbound ? "inbound" : "outbound");
    for (const auto& [key, words] :
         {std::pair{"from", &rule.from}, {"to", &rule.to}, {"protocols", &rule.protocols}})
      if (!words->empty()) fields.emplace_back(key, items(*words));
    Words ports;
    for (const Port& port : rule.ports)
      ports.push_back((port.transport.empty() ? "" : port.transport + "/") + std::to_string(port.first) +
                      (port.last == port.first ? "" : "-" + std::to_string(port.last)));
    if (!ports.empty()) fields.emplace_back("ports", items(ports));
    if (rule.silent) fields.emplace_back("silent", "true");
    if (!rule.when.empty())
      fields.emplace_back("when", rule.when.size() == 1 ? rule.when[0] : items(rule.when));
    if (!rule.expires.empty()) {
      fields.emplace_back("owner", "li.wei");
      fields.emplace_back("ticket", "IT-4711");
      fields.emplace_back("expires", rule.expires);
    }
    if (rule.violation) fields.emplace_back("violation", "true");
    const size_t at = chance_.below(fields.size() + 1);
    fields.insert(fields.begin() + static_cast<ptrdiff_t>(at), {"name", rule.name});
    const std::string text = mapping(fields, "    ");
    sections_[file][section] += "  -" + (text[0] == '{' ? " " + text : text) + "\n";
  }

  const World& world_;
  Chance chance_;
  PolicyFiles files_;
  std::string single_[kFiles];
  std::map<std::string, std::string> sections_[kFiles];
};

}  // namespace

std::string expression(const Pattern& pattern) {
  std::string out = pattern.begin == Begin::Name ? "^" : pattern.begin == Begin::Label ? "(^|\\.)" : "";
  for (const Atom& atom : pattern.atoms) {
    std::string text;
    for (const char c : atom.members) text += c == '.' && !atom.is_class ? "\\." : std::string(1, c);
    if (atom.is_class) text = (atom.others ? "[^" : "[") + text + "]";
    if (atom.least != 1 || atom.most != 1) {
      const std::string most = atom.most < 0 ? "" : std::to_string(atom.most);
      text += "{" + std::to_string(atom.least) + "," + most + "}";
    }
    out += text;
  }
  return out + (pattern.ends_name ? "$" : "");
}

PolicyFiles write_policy(const World& world, uint64_t seed) {
  return Writer(world, seed).write();
}

}  // namespace sluice::model
