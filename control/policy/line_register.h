// control/policy: the registers that an auditor asks for: the company, its lines and their papers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/policy/company.h"

namespace sluice::control {

class Report;
struct PolicySource;

inline constexpr size_t kMaxPapers = 32;                    ///< of a line
inline constexpr size_t kMaxPaperBytes = size_t{32} << 20;  ///< of one: a scan of some dozen pages
inline constexpr std::string_view kPaperHelp = "a path counts from the policy's directory";

/// A file with a scan of a line's licence, contract or filing.
struct Paper {
  std::string file;    ///< as the policy names it
  std::string sha256;  ///< of its bytes when the policy was compiled
  uint64_t bytes = 0;
  bool operator==(const Paper&) const = default;
};

/// A line, as the policy registers it. Each text may be empty.
struct RegisteredLine {
  std::string name, operator_name, licence, contract, filing, purpose;
  std::string valid_from, valid_until;  ///< days, both included
  std::vector<std::string> link;        ///< addresses
  std::vector<std::string> networks;    ///< that use it
  std::vector<Paper> papers;
  bool operator==(const RegisteredLine&) const = default;
};

struct PolicyRegister {
  Company company;
  std::string timezone;  ///< the site's; empty: UTC
  size_t networks = 0, users = 0;
  std::vector<RegisteredLine> lines;
  bool operator==(const PolicyRegister&) const = default;
};

/// Reads a file. path: the directory and what the policy has. Returns false and says why in error.
using ReadPaper = std::function<bool(const std::string& path, std::string& text, std::string& error)>;
/// Is told of each that was read.
using TakePaper = std::function<void(const std::string& path, std::string_view text)>;

/// directory: that of the policy. A paper that cannot be read is an error at its place.
[[nodiscard]] PolicyRegister register_of(const PolicySource& source, const std::string& directory,
                                         const ReadPaper& read, const TakePaper& take, Report& report);

[[nodiscard]] nlohmann::json register_json(const PolicyRegister& registers);
/// The inverse; nothing where value is none.
[[nodiscard]] std::optional<PolicyRegister> register_from(const nlohmann::json& value);

}  // namespace sluice::control
