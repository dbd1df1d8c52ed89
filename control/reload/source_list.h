// control/reload: what a policy was compiled from.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::control {

/// One file that was read, and what stood in it then.
struct SourceFile {
  enum class Kind : uint8_t {
    Policy,  ///< YAML
    List,    ///< a file that the YAML names: a list, a paper of a line
    Feed     ///< a list that was fetched: its copies are kept elsewhere, and the newest one counts
  };
  Kind kind = Kind::Policy;
  std::string path;
  std::string sha256;
  uint64_t size = 0;
};
using SourceList = std::vector<SourceFile>;

[[nodiscard]] SourceFile describe(SourceFile::Kind kind, const std::string& path, std::string_view text);

[[nodiscard]] nlohmann::json to_json(const SourceList& sources);
/// Nothing where value is not what to_json makes.
[[nodiscard]] std::optional<SourceList> read_sources(const nlohmann::json& value);

/// The same digest, the same policy: of this version, compiled from files of the same names and bytes. Images
/// themselves differ each time, for the hash of their name table is keyed at random.
[[nodiscard]] std::string digest_of(SourceList sources);
/// The same for what people wrote: without the feeds, and whatever the version.
[[nodiscard]] std::string written_digest_of(SourceList sources);

}  // namespace sluice::control
