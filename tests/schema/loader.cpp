// tests: asks the policy loader about many documents, for whoever compares it with the JSON Schema.
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "control/policy/policy_compiler.h"
#include "control/policy/source_loader.h"
#include "control/policy/yaml_tree.h"

namespace {

using nlohmann::json;
using namespace sluice::control;

/// Right in more than one format; a line that is wrong is no error.
constexpr std::string_view kListFile = "listed.example\n0.0.0.0 listed.example\n";

json errors_of(const Diagnostics& diagnostics) {
  json out = json::array();
  for (const Diagnostic& each : diagnostics) {
    if (each.severity == Severity::Error) out.push_back({{"what", each.what}, {"instead", each.instead}});
  }
  return out;
}

/// What reading the keys finds wrong, before anything is compared with anything else.
json load_errors(const std::string& text) {
  Report report;
  PolicySource source;
  if (const auto root = parse_yaml(text, report.add_file("document"), report))
    load_file(*root, source, report);
  return errors_of(report.finish());
}

json compile_errors(const std::string& text) {
  const ReadListFile read = [](const std::string& path, std::string& out, std::string& error) {
    out = kListFile;
    error = "it is a directory";
    return !path.ends_with('/');
  };
  const SourceText document{"document", text};
  return errors_of(compile_texts({&document, 1}, "directory", read, 1).diagnostics);
}

/// Prints all that is wrong with the policies of directories, warnings too.
int check_directories(std::span<char* const> directories) {
  bool good = true;
  for (const char* const directory : directories) {
    for (const Diagnostic& each : compile_policy(directory, 1).diagnostics) {
      good = false;
      std::cout << to_string(each) << "\n";
    }
  }
  return good ? 0 : 1;
}

}  // namespace

/// Reads documents from standard input, each behind a line with its size; prints a line of JSON for each.
/// With arguments, it checks these directories instead.
int main(int argc, char** argv) {
  if (argc > 1) return check_directories({argv + 1, static_cast<size_t>(argc) - 1});
  std::string line;
  while (std::getline(std::cin, line)) {
    std::string text(std::stoul(line), '\0');
    if (!std::cin.read(text.data(), static_cast<std::streamsize>(text.size()))) return 1;
    const json out{{"load", load_errors(text)}, {"compile", compile_errors(text)}};
    std::cout << out.dump(-1, ' ', true, json::error_handler_t::replace) << "\n";
  }
  return std::cout.flush() ? 0 : 1;
}
