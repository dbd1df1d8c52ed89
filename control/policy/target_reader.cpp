// control/policy: reads whom a policy sends something to: URLs, mail servers, addresses.
#include "control/policy/target_reader.h"

#include "control/policy/log_policy.h"

namespace sluice::control {

std::string read_https_url(const YamlNode& node, std::string_view key, std::string_view instead,
                           Report& report) {
  const std::string ticked = '`' + std::string(key) + '`';
  if (node.kind != YamlNode::Kind::Scalar) {
    report.error(node.at, ticked + " is no single value", std::string(instead));
    return {};
  }
  std::string_view problem = url_problem(node.text);
  if (problem.empty() && !node.text.starts_with("https://")) problem = "does not begin with https://";
  if (problem.empty()) return node.text;
  report.error(node.at, "the URL of " + ticked + " " + std::string(problem), std::string(instead));
  return {};
}

std::optional<Endpoint> read_endpoint(const YamlNode& node, std::string_view key, std::string_view scheme,
                                      std::string_view instead, Report& report) {
  if (node.kind == YamlNode::Kind::Scalar) {
    if (auto endpoint = parse_endpoint(node.text, scheme)) return endpoint;
  }
  report.error(node.at, '`' + std::string(key) + "` is not " + std::string(scheme) + "://HOST:PORT",
               std::string(instead));
  return std::nullopt;
}

std::string read_path(const YamlNode& node, std::string_view key, Report& report) {
  auto text = read_text(node, key, report);
  if (text && is_rooted_path(*text)) return std::move(*text);
  if (text)
    report.error(node.at, '`' + std::string(key) + "` has a path that does not begin with /",
                 "write it from the root, as /etc/sluice/log/" + std::string(key));
  return {};
}

std::string read_mail_address(const YamlNode& node, std::string_view key, Report& report) {
  auto text = read_text(node, key, report);
  if (text && is_mail_address(*text)) return std::move(*text);
  if (text)
    report.error(node.at, '`' + std::string(key) + "` cannot be " + in_quotes(*text),
                 "write a mail address, as audit@office.example");
  return {};
}

}  // namespace sluice::control
