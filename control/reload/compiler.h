// control/reload: what is asked of the compiler, and what it answers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "control/link/sealed_image.h"
#include "control/policy/alarm_policy.h"
#include "control/policy/diagnostics.h"
#include "control/policy/feed_copy.h"
#include "control/policy/identity_policy.h"
#include "control/policy/line_register.h"
#include "control/policy/log_policy.h"
#include "control/policy/policy_compiler.h"
#include "control/policy/policy_terms.h"
#include "control/reload/source_list.h"

namespace sluice::control {

/// What a policy is made of, for people to see.
struct PolicyFacts {
  std::string site;
  bool reload_on_save = false;
  size_t networks = 0, rules = 0, lists = 0, names = 0, prefixes = 0, patterns = 0;
  std::vector<FeedSpec> feeds;  ///< the lists that are to be fetched; a URL may hold a password
  LogPolicy log;
  PolicyTerms terms = {};
  PolicyRegister registers = {};
  IdentityPolicy identity = {};
  AlarmPolicy alarms = {};  ///< its webhook may hold a password
};

struct CompileJob {
  std::filesystem::path directory;
  uint32_t generation = 1;         ///< what the image bears
  std::optional<SourceList> kept;  ///< compile these, as they were, not what the directory says now
  std::string unless_digest;       ///< no image is wanted of sources with this digest
  std::string unless_written;      ///< nor with this one of what people wrote
  bool image_wanted = false;
  Bypass bypass;  ///< that the image bears
};

/// Whether job wants an image of these sources.
[[nodiscard]] bool wants_image(const CompileJob& job, const SourceList& sources);

struct CompileOutcome {
  Diagnostics diagnostics;
  std::optional<PolicyFacts> facts;  ///< of a valid policy
  SourceList sources;                ///< of a valid policy
  std::string digest;                ///< of the sources
  std::shared_ptr<const SealedImage> image;
  std::string failure;  ///< why nothing could be compiled at all: time, memory, a file of the kept ones
};

/// Compiles one job after the other, on one thread.
class Compiler {
 public:
  virtual ~Compiler() = default;
  [[nodiscard]] virtual CompileOutcome compile(const CompileJob& job) = 0;
  /// Ends the job under way, and every later one, at once. Any thread.
  virtual void stop() {}
  /// Readable when tidy has something to do; -1: never.
  [[nodiscard]] virtual int event_fd() const { return -1; }
  /// Clears away a process that has ended between two jobs.
  virtual void tidy() {}
};

}  // namespace sluice::control
