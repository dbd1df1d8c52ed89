// control/reload: the policies that were enforced, on disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "control/accesslog/names.h"
#include "control/base/unique_fd.h"
#include "control/link/sealed_image.h"
#include "control/policy/policy_compiler.h"
#include "control/reload/blob_store.h"
#include "control/reload/source_list.h"
#include "control/sealed/sealed_file.h"

namespace sluice::control {

/// Of a policy that goes back by itself to the one before it, unless somebody confirms it in time.
struct Confirmation {
  uint32_t back_to = 0;  ///< the generation whose sources are gone back to; 0: nothing is to be confirmed
  int64_t until_ns = 0;
  explicit operator bool() const { return back_to != 0; }
};

/// Who changed the policy, why and when.
struct Origin {
  std::string author;
  std::string reason;
  int64_t time_ns = 0;
  uint32_t rollback_to = 0;   ///< the generation whose sources these are; 0: those of the directory
  Bypass bypass;              ///< that its image bears
  Confirmation confirm;       ///< until it is confirmed, or gone back from
  bool undoes_trial = false;  ///< it goes back from what nobody confirmed; recorded only while that is so
};

/// A policy as the history has it.
struct AppliedPolicy {
  uint32_t generation = 0;
  Origin origin;
  std::string sha256;  ///< of the image
  std::string digest;  ///< of what it was compiled from
  std::string site;
  SourceList sources;  ///< empty: of a line that does not say them, or a list that is wrong
};

/// An image that was read back from the state and found intact.
struct StoredPolicy {
  std::shared_ptr<const SealedImage> image;
  AppliedPolicy applied;
};

/// The directory of control's state: `history.jsonl`, a line for each policy that was enforced or refused;
/// `blobs/`, their sources and names; `policies/<generation>.image`, the newest images. Every file may have
/// been cut by a crash: what does not fit its own SHA-256 is not used. Any thread.
class StateStore {
 public:
  static constexpr size_t kImagesKept = 2;     ///< the last good one, and the one before it
  static constexpr size_t kPoliciesKept = 32;  ///< whose sources are kept, to go back to

  /// Takes the directory for this process alone. Returns nullptr and says in error why it cannot be used.
  [[nodiscard]] static std::unique_ptr<StateStore> open(const std::filesystem::path& directory,
                                                        std::string& error);

  /// Where the copies of fetched lists lie; made by who fetches them.
  [[nodiscard]] std::filesystem::path feeds() const { return directory_ / "feeds"; }

  /// A generation that no policy has had, also before a restart. The same one until it is recorded.
  [[nodiscard]] uint32_t next_generation() const;

  /// Writes the names that records need and the line of history, synced; the image itself is left to
  /// keep_image. Where the policy before it is still to be confirmed, so is this one, but for a rollback.
  /// Returns an empty string, or why it cannot be.
  [[nodiscard]] std::string record(const SealedImage& image, const Origin& origin, const SourceList& sources,
                                   const std::string& digest, std::string& sha256);
  /// Keeps the image of a generation that is recorded. Returns an empty string, or why it cannot be.
  [[nodiscard]] std::string keep_image(const SealedImage& image) const;

  /// Writes down that the data plane refused a generation: it is never the last good one.
  void note_refused(uint32_t generation, const std::string& why);

  /// What is to be confirmed; it may be due already.
  [[nodiscard]] Confirmation unconfirmed() const;
  /// Writes down that somebody confirmed it. Returns an empty string, or why it cannot be.
  [[nodiscard]] std::string confirm(const std::string& author);

  /// What was applied last, and not refused: it is to be in force.
  [[nodiscard]] std::optional<AppliedPolicy> last_applied() const;
  /// The newest one of which the image is intact too.
  [[nodiscard]] std::optional<StoredPolicy> last_good() const;
  /// Those whose sources are kept, the newest first.
  [[nodiscard]] std::vector<AppliedPolicy> applied() const;
  /// One whose sources are kept; nothing, with error.
  [[nodiscard]] std::optional<AppliedPolicy> of_generation(uint32_t generation, std::string& error) const;
  /// The one that is steps before what was applied last, by its sources: policies in a row that were written
  /// alike count once, and what was rolled back is not gone back to. Nothing, with error.
  [[nodiscard]] std::optional<AppliedPolicy> before_last(size_t steps, std::string& error) const;

  /// The written digest of what a directory said last, refused or not; empty: none is known.
  [[nodiscard]] std::string written_before_rollback() const;

  /// The names of a generation: of this process or read back from disk. For a generation that nobody knows
  /// any more, no names but the site's. Never nullptr.
  [[nodiscard]] std::shared_ptr<const ImageNames> names_of(uint32_t generation);

  /// Deletes what is neither new nor needed by a generation from keep_from on.
  void prune(uint32_t keep_from);

  [[nodiscard]] std::filesystem::path blob_directory() const { return directory_ / "blobs"; }
  /// Of the key that signs the history.
  const std::string& fingerprint() const { return history_->fingerprint(); }
  /// What was found wrong with the history at the start.
  const std::vector<std::string>& alterations() const { return history_->findings().problems; }

 private:
  struct Entry {
    AppliedPolicy policy;
    std::string names_sha256;
    uint64_t names_size = 0;
    bool refused = false;
  };
  explicit StateStore(std::filesystem::path directory)
      : directory_(std::move(directory)), blobs_(directory_ / "blobs") {}
  void read_line(std::string_view line);
  [[nodiscard]] const Entry* last_entry() const;
  void clear_confirmations();
  void read_applied(const nlohmann::json& line, Entry& entry) const;
  std::filesystem::path image_path(uint32_t generation) const;
  std::set<uint32_t> images_on_disk() const;
  [[nodiscard]] std::shared_ptr<const SealedImage> read_image(uint32_t generation,
                                                              const std::string& sha256) const;
  [[nodiscard]] std::shared_ptr<const ImageNames> read_names(const Entry& entry) const;

  const std::filesystem::path directory_;
  const BlobStore blobs_;
  UniqueFd lock_;
  std::unique_ptr<SealedFile> history_;
  mutable std::mutex mutex_;  ///< guards all below, and writing to the history
  std::map<uint32_t, Entry> entries_;
  uint32_t last_generation_ = 0;
  std::map<uint32_t, std::shared_ptr<const ImageNames>> names_;
};

}  // namespace sluice::control
