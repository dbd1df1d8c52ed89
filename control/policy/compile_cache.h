// control/policy: what is kept from one compilation to the next, so that only what changed is done again.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "control/policy/name_table.h"
#include "control/policy/pattern_table.h"
#include "control/policy/policy_compiler.h"
#include "control/policy/prefix.h"
#include "control/policy/source_digest.h"

namespace sluice::control {

/// What one list file says. Immutable.
struct ListContent {
  /// What is reached on the same ports.
  struct Part {
    std::vector<PortRange> ports;  ///< empty: any
    NameBlock names;
    std::vector<Word> patterns;  ///< each at its line
    std::vector<Prefix> prefixes;
  };
  std::vector<Part> parts;  ///< the first is that on any ports
  Diagnostics problems;     ///< of the file; each names it
  Sha256Bytes digest{};     ///< of its bytes
};

/// A file that is wanted as a list of a format, and what became of it.
struct ListRequest {
  std::string path;
  ListFormat format = ListFormat::Names;
  std::shared_ptr<const ListContent> content;  ///< nullptr: it cannot be read
  std::string error;                           ///< why
};

/// Names of one list from one place.
struct NameSourceBlock {
  std::shared_ptr<const NameBlock> names;
  uint16_t list = 0;
};

/// A table of names, and the sets that were interned for it.
struct CompiledNames {
  std::shared_ptr<const NameLayout> layout;
  SetTable sets;
};

/// Kept by a process that compiles one policy again and again, and handed to each compilation. A policy
/// compiled with it means what it means without. For one compilation at a time.
class CompileCache {
 public:
  CompileCache();

  /// Fills the requests, several at a time. A file that has not changed is not read; one that has the bytes
  /// that it had is not parsed.
  void read_lists(std::span<ListRequest> requests, const ReadListFile& read);
  /// After a policy that is right: drops the lists that were not read for it. One that is wrong may have lost
  /// them by a slip of the pen.
  void forget_unused();

  /// The table of all these names. Where the lists' own have not changed, only the extras are added to what
  /// was built before. Returns nothing where they are too many.
  std::optional<CompiledNames> names(std::vector<NameSourceBlock> lists,
                                     const std::vector<ExtraName>& extras);
  uint64_t name_seed() const { return name_seed_; }

  /// As compile_patterns; the very same expressions are compiled once.
  CompiledPatterns patterns(const std::vector<PatternSource>& patterns, Report& report);

 private:
  /// When a file was last changed, and whether it is the same file still.
  struct Stamp {
    uint64_t device = 0, inode = 0, size = 0;
    int64_t changed_ns = 0, modified_ns = 0;
    bool operator==(const Stamp&) const = default;
  };
  struct KnownList {
    std::shared_ptr<const ListContent> content;
    std::optional<Stamp> stamp;  ///< nothing: it may have changed since, and only its bytes can tell
    bool used = true;            ///< since forget_unused
  };
  static std::optional<Stamp> stamp_of(const std::string& path);
  static KnownList read_list_file(ListRequest& request, const KnownList* known, const ReadListFile& read);

  /// Makes name_base_ the table of exactly these. Returns false where they are too many.
  bool build_base(std::vector<NameSourceBlock> sources);

  using ListKey = std::pair<std::string, ListFormat>;
  std::map<ListKey, KnownList> lists_;
  const uint64_t name_seed_;
  std::vector<NameSourceBlock> name_sources_;
  std::optional<CompiledNames> name_base_;  ///< of name_sources_
  /// Where the extras were added last; its memory serves again, for asking for as much anew takes longer
  /// than all the rest.
  std::shared_ptr<NameLayout> name_extended_;
  std::vector<std::string> pattern_texts_;
  std::vector<std::byte> pattern_database_;
};

}  // namespace sluice::control
