// control/policy: a directory of YAML becomes one policy image, or a list of what is wrong with it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "control/base/clock.h"
#include "control/policy/alarm_policy.h"
#include "control/policy/aligned_image.h"
#include "control/policy/diagnostics.h"
#include "control/policy/feed_copy.h"
#include "control/policy/identity_policy.h"
#include "control/policy/line_register.h"
#include "control/policy/log_policy.h"
#include "control/policy/policy_source.h"
#include "control/policy/policy_terms.h"
#include "control/policy/source_loader.h"
#include "control/policy/time_zone.h"

namespace sluice::control {

class CompileCache;

/// A rule that never decides, as one before it takes all that it would; and `file:line:column` of each.
struct CoveredRule {
  std::string rule, place;
  std::string by, by_place;
};
/// What is wrong with it, as `check` warns.
[[nodiscard]] std::string to_string(const CoveredRule& covered);

/// A policy that is valid, as the data plane takes it.
struct CompiledPolicy {
  AlignedImage memory;  ///< of the image
  std::string site;
  TimeZone timezone;
  bool reload_on_save = false;  ///< `reload: on-save`
  size_t networks = 0, rules = 0;
  size_t lists = 0;  ///< those that have a name
  size_t names = 0, prefixes = 0, patterns = 0;
  std::vector<std::string> sources;  ///< every file that was read, to be watched
  std::vector<FeedSpec> feeds;       ///< the lists that are to be fetched
  LogPolicy log;
  AlarmPolicy alarms;
  PolicyTerms terms;
  PolicyRegister registers;
  IdentityPolicy identity;
  std::vector<CoveredRule> covered;  ///< rules that never decide; each has its warning too
  std::string
      digest;  ///< SHA-256, as hexadecimal digits, of the sources' names and of what was read from them

  /// Laid out as dataplane/contract/image.h says.
  std::span<const std::byte> image() const { return memory.bytes(); }
};

/// policy is empty if and only if there is an Error among diagnostics; warnings come with a policy too.
struct Compiled {
  std::optional<CompiledPolicy> policy;
  Diagnostics diagnostics;
};

/// A time in which everything passes, and is logged as if `mode: observe` were said. UTC seconds; from the
/// first until before the second; equal: none.
struct Bypass {
  int64_t from_s = 0, until_s = 0;
  [[nodiscard]] bool holds(int64_t utc_s) const { return from_s <= utc_s && utc_s < until_s; }
  bool operator==(const Bypass&) const = default;
};

struct CompileOptions {
  /// The directory with the copies of fetched lists; empty: none are at hand. A list without a copy is
  /// compiled without it, and a warning says so.
  std::filesystem::path feeds = {};
  CompileCache* cache = nullptr;  ///< what an earlier call left there is not done again; nullptr: all is done
  Bypass bypass = {};
  std::chrono::sys_seconds now = utc_now();  ///< from when schedules are laid out, and terms judged
};

/// Reads every *.yaml of a directory in the order of their names, and the list files they name; checks all of
/// it and reports all problems at once. generation: what the image's header bears; not 0 for one that is to
/// be applied. Throws nothing but std::bad_alloc.
Compiled compile_policy(const std::filesystem::path& directory, uint32_t generation,
                        const CompileOptions& options = {});

/// Reads a list file. path: the directory and what the policy has. Returns false and says why in error.
using ReadListFile = std::function<bool(const std::string& path, std::string& text, std::string& error)>;

/// The same for texts in memory.
Compiled compile_texts(std::span<const SourceText> texts, const std::filesystem::path& directory,
                       const ReadListFile& read_list_file, uint32_t generation,
                       const CompileOptions& options = {});

}  // namespace sluice::control
