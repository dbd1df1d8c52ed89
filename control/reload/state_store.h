// control/reload: the policies that were enforced, on disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "control/accesslog/names.h"
#include "control/base/unique_fd.h"
#include "control/link/sealed_image.h"

namespace sluice::control {

/// Who changed the policy, why and when.
struct Origin {
  std::string author;
  std::string reason;
  int64_t time_ns = 0;
};

/// An image that was read back from the state and found intact.
struct StoredPolicy {
  std::shared_ptr<const SealedImage> image;
  std::shared_ptr<const ImageNames> names;
  std::string sha256;
  std::string digest;  ///< of what it was compiled from
  Origin origin;
};

/// The directory of control's state: `policies/<generation>.image`, and `history.jsonl`, a line for each
/// policy that was enforced or refused. Every file may have been cut by a crash: a torn line is cut off, an
/// image that does not fit its own SHA-256 is not used. Any thread.
class StateStore {
 public:
  static constexpr size_t kImagesKept = 16;

  /// Takes the directory for this process alone. Returns nullptr and says in error why it cannot be used.
  [[nodiscard]] static std::unique_ptr<StateStore> open(const std::filesystem::path& directory,
                                                        std::string& error);

  /// Where the copies of fetched lists lie.
  [[nodiscard]] std::filesystem::path feeds() const { return directory_ / "feeds"; }

  /// A generation that no policy has had, also before a restart.
  [[nodiscard]] uint32_t next_generation();

  /// Keeps an image, synced, and writes its line of history. digest: of the sources, kept with it. Returns an
  /// empty string, or why it cannot be kept.
  [[nodiscard]] std::string save(std::span<const std::byte> image, const Origin& origin,
                                 const std::vector<std::string>& sources, const std::string& digest);

  /// Writes down that the data plane refused a generation: it is never the last good one.
  void note_refused(uint32_t generation, const std::string& why);

  /// The newest image that is intact, in the history, and not refused.
  [[nodiscard]] std::optional<StoredPolicy> last_good() const;

  /// The names of a generation: of this process or read back from disk. For a generation that nobody knows
  /// any more, no names but the site's. Never nullptr.
  [[nodiscard]] std::shared_ptr<const ImageNames> names_of(uint32_t generation);

  /// Deletes images: not the newest kImagesKept, and none from the generation keep_from on.
  void prune(uint32_t keep_from);

 private:
  struct Entry {
    Origin origin;
    std::string sha256, digest;
    bool refused = false;
  };
  explicit StateStore(std::filesystem::path directory) : directory_(std::move(directory)) {}
  std::string read_history();
  void read_line(const std::string& line);
  std::string append_history(const std::string& line);
  std::filesystem::path image_path(uint32_t generation) const;
  std::set<uint32_t> images_on_disk() const;
  [[nodiscard]] std::optional<StoredPolicy> read_image(uint32_t generation, bool to_send) const;

  const std::filesystem::path directory_;
  UniqueFd lock_;
  mutable std::mutex mutex_;  ///< guards all below
  UniqueFd history_file_;
  std::map<uint32_t, Entry> history_;
  uint32_t last_generation_ = 0;
  std::map<uint32_t, std::shared_ptr<const ImageNames>> names_;
};

/// Now, as nanoseconds since 1970.
[[nodiscard]] int64_t utc_now_ns();

}  // namespace sluice::control
