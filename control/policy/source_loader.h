// control/policy: YAML trees become one PolicySource, file by file.
#pragma once

#include <span>
#include <string>

#include "control/policy/diagnostics.h"
#include "control/policy/policy_source.h"
#include "control/policy/yaml_tree.h"

namespace sluice::control {

/// Adds what one file says to source. Maps and lists are merged in the order of the calls; a single value
/// that an earlier file gave already is an error.
void load_file(const YamlNode& root, PolicySource& source, Report& report);

/// One YAML file that is already in memory.
struct SourceText {
  std::string name;
  std::string text;
};

/// What texts say, not yet checked against each other. report: gets a file for each text, and what is wrong.
PolicySource load_source(std::span<const SourceText> texts, Report& report);

// The parts of load_file, each for the value of one top-level key.
void load_company(const YamlNode& node, PolicySource& source, Report& report);
void load_lines(const YamlNode& node, PolicySource& source, Report& report);
void load_holidays(const YamlNode& node, PolicySource& source, Report& report);
void load_schedules(const YamlNode& node, PolicySource& source, Report& report);
void load_users(const YamlNode& node, PolicySource& source, Report& report);
void load_networks(const YamlNode& node, PolicySource& source, Report& report);
void load_resolvers(const YamlNode& node, PolicySource& source, Report& report);
void load_offices(const YamlNode& node, PolicySource& source, Report& report);
void load_tunnels(const YamlNode& node, PolicySource& source, Report& report);
void load_lists(const YamlNode& node, PolicySource& source, Report& report);
void load_exceptions(const YamlNode& node, PolicySource& source, Report& report);
void load_rules(const YamlNode& node, PolicySource& source, Report& report);
void load_alarms(const YamlNode& node, PolicySource& source, Report& report);
void load_log(const YamlNode& node, PolicySource& source, Report& report);
void load_identity(const YamlNode& node, PolicySource& source, Report& report);

/// Reports what of `identity` does not fit together.
void check_identity(const PolicySource& source, Report& report);
/// `identity` with the policy's users, for the rooms of the daemon.
[[nodiscard]] IdentityPolicy identity_of(const PolicySource& source);

/// Adds what node says of the situations to out; what stands there already is an error.
void load_unidentified(const YamlNode& node, UnidentifiedSource& out, Report& report);
/// A `default`: allow, block or observe.
std::optional<SettingSource> read_fallback(const YamlNode& node, Report& report);

}  // namespace sluice::control
