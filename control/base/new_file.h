// control/base: a file that is there as a whole or not at all.
#pragma once

#include <sys/types.h>

#include <filesystem>

#include "control/base/unique_fd.h"

namespace sluice::control {

/// Is written beside its place under another name, and gets its own in the end; without that it is gone.
class NewFile {
 public:
  /// mode: 0600 where it speaks of people.
  NewFile(std::filesystem::path path, mode_t mode);
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  /// Whether it could be made; else errno is set.
  explicit operator bool() const { return static_cast<bool>(fd_); }
  int fd() const { return fd_.get(); }
  const std::filesystem::path& temporary() const { return temporary_; }

  /// Syncs it and gives it its name, which must be nobody's yet. Returns false with errno set; EEXIST: it is.
  [[nodiscard]] bool finish();

 private:
  const std::filesystem::path path_, temporary_;
  UniqueFd fd_;
};

}  // namespace sluice::control
