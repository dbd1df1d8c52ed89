// control/policy: YAML text becomes a tree with positions; nothing of yaml-cpp shows outside.
#include "control/policy/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <unordered_map>

#include "control/policy/utf8.h"

namespace sluice::control {
namespace {

constexpr std::string_view kQuoteNames = "quote a name that begins with a star: \"*.example.com\"";

/// Refuses what yaml-cpp would misread or choke on, before it sees the text.
class TextCheck {
 public:
  TextCheck(std::string_view text, uint32_t file, Report& report)
      : text_(text), file_(file), report_(report) {}

  bool passes() {
    if (text_.size() > kMaxYamlBytes) {
      report_.error({file_, 0, 0}, "larger than " + std::to_string(kMaxYamlBytes >> 20) + " MiB",
                    "keep long lists of names in files of their own, under `files:`");
      return false;
    }
    bool good = true;
    int line = 1;
    for (size_t at = 0; at < text_.size() && good; ++line) {
      const size_t end = std::min(text_.find('\n', at), text_.size());
      good = check_line(text_.substr(at, end - at), line);
      at = end + 1;
    }
    return good;
  }

 private:
  bool refuse(int line, size_t offset, std::string what, std::string instead) {
    report_.error({file_, line, static_cast<int>(offset) + 1}, std::move(what), std::move(instead));
    return false;
  }

  bool check_line(std::string_view line, int number) {
    if (line.size() > kMaxYamlLine) {
      return refuse(number, kMaxYamlLine, "a line longer than " + std::to_string(kMaxYamlLine >> 20) + " MiB",
                    "break it, or keep the names in a file under `files:`");
    }
    bool indenting = true;
    for (size_t at = 0; at < line.size();) {
      const std::string_view rest = line.substr(at);
      const size_t size = utf8_size(rest);
      if (size == 0) return refuse(number, at, "a byte that is not UTF-8 text", "save the file as UTF-8");
      const char c = rest[0];
      const bool last_return = c == '\r' && rest.size() == 1;
      if ((static_cast<uint8_t>(c) < 0x20 && c != '\t' && !last_return) || c == 0x7f) {
        return refuse(number, at, "a control character", "a policy is plain text");
      }
      if (indenting && c == '\t' && rest.find_first_not_of("\t \r") != std::string_view::npos) {
        return refuse(number, at, "a tab in the indentation", "indent with spaces");
      }
      if (c != ' ' && c != '\t') indenting = false;
      at += size;
    }
    return true;
  }

  std::string_view text_;
  uint32_t file_;
  Report& report_;
};

/// Builds the tree from yaml-cpp's events. Stops the parser with a ParserException of its own.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(uint32_t file, Report& report) : file_(file), report_(report) {}

  YamlNode take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) throw YAML::ParserException(mark, "a second document; keep one document in a file");
  }
  void OnDocumentEnd() override {}
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { refuse_alias(mark); }
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(make(YamlNode::Kind::Null, mark, "", anchor));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node = make(YamlNode::Kind::Scalar, mark, tag, anchor);
    node.text = value;
    add(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(make(YamlNode::Kind::Sequence, mark, tag, anchor), mark);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(make(YamlNode::Kind::Map, mark, tag, anchor), mark);
  }
  void OnMapEnd() override {
    check_keys(open_.back());
    close();
  }

 private:
  [[noreturn]] static void refuse_alias(const YAML::Mark& mark) {
    throw YAML::ParserException(mark, "YAML aliases are not used in a policy; " + std::string(kQuoteNames));
  }

  YamlNode make(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (anchor != 0) {
      throw YAML::ParserException(mark, "YAML anchors are not used in a policy; write the value out");
    }
    // yaml-cpp calls the tag of a plain value "?" and that of a quoted one "!".
    if (!tag.empty() && tag != "?" && tag != "!") {
      throw YAML::ParserException(mark, "YAML tags are not used in a policy; write the value alone");
    }
    if (++nodes_ > kMaxYamlNodes) {
      throw YAML::ParserException(mark, "more than " + std::to_string(kMaxYamlNodes) +
                                            " values in a file; keep the names in a file under `files:`");
    }
    YamlNode node;
    node.kind = kind;
    node.at = {file_, mark.line + 1, mark.column + 1};
    return node;
  }

  void add(YamlNode node) {
    if (open_.empty()) {
      root_ = std::move(node);
    } else {
      open_.back().children.push_back(std::move(node));
    }
  }

  void open(YamlNode node, const YAML::Mark& mark) {
    if (open_.size() >= kMaxYamlDepth) {
      throw YAML::ParserException(
          mark, "nested deeper than " + std::to_string(kMaxYamlDepth) + " levels; a policy needs six");
    }
    open_.push_back(std::move(node));
  }

  void close() {
    YamlNode node = std::move(open_.back());
    open_.pop_back();
    add(std::move(node));
  }

  /// Drops, and reports, the pairs whose key is not a plain word or was given before.
  void check_keys(YamlNode& map) {
    std::unordered_map<std::string_view, Position> seen;
    std::vector<bool> keep(map.children.size() / 2, true);
    for (size_t i = 0; i < keep.size(); ++i) {
      const YamlNode& key = map.children[2 * i];
      if (key.kind != YamlNode::Kind::Scalar) {
        report_.error(key.at, "a key that is not a word", "write `key: value`");
        keep[i] = false;
        continue;
      }
      const auto [first, fresh] = seen.emplace(key.text, key.at);
      if (fresh) continue;
      report_.error(key.at, in_quotes(key.text) + " is given twice",
                    "it stands at " + report_.text_of(first->second) + " already");
      keep[i] = false;
    }
    if (std::find(keep.begin(), keep.end(), false) == keep.end()) return;
    std::vector<YamlNode> kept;
    for (size_t i = 0; i < keep.size(); ++i) {
      if (!keep[i]) continue;
      kept.push_back(std::move(map.children[2 * i]));
      kept.push_back(std::move(map.children[2 * i + 1]));
    }
    map.children = std::move(kept);
  }

  uint32_t file_;
  Report& report_;
  YamlNode root_;
  std::vector<YamlNode> open_;
  size_t nodes_ = 0, documents_ = 0;
};

}  // namespace

std::optional<YamlNode> parse_yaml(std::string_view text, uint32_t file, Report& report) {
  if (!TextCheck(text, file, report).passes()) return std::nullopt;
  TreeBuilder builder(file, report);
  const auto refuse = [&](const YAML::Mark& mark, const std::string& message) {
    const Position at =
        mark.is_null() ? Position{file, 0, 0} : Position{file, mark.line + 1, mark.column + 1};
    const size_t cut = message.find("; ");
    if (message.starts_with(YAML::ErrorMsg::UNKNOWN_ANCHOR) || message == YAML::ErrorMsg::ALIAS_NOT_FOUND ||
        message == YAML::ErrorMsg::CHAR_IN_ALIAS) {
      report.error(at, "YAML aliases are not used in a policy", std::string(kQuoteNames));
    } else if (cut != std::string::npos) {
      report.error(at, message.substr(0, cut), message.substr(cut + 2));
    } else {
      report.error(at, "not valid YAML: " + message, "check the brackets, quotes and indentation before it");
    }
  };
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
    return builder.take();
  } catch (const YAML::Exception& problem) {
    refuse(problem.mark, problem.msg);
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& problem) {
    report.error({file, 0, 0}, std::string("not valid YAML: ") + problem.what(), "");
  }
  return std::nullopt;
}

}  // namespace sluice::control
