// control/pseudonyms: the key of a period's pseudonyms, in control's state directory.
#pragma once

#include <filesystem>
#include <string>

#include "control/base/sha256.h"

namespace sluice::control {

/// The key with which clients become pseudonyms, for one month. Its file (0600) says the month and the key;
/// when the month is over both are destroyed.
class PeriodKey {
 public:
  explicit PeriodKey(std::filesystem::path file) : file_(std::move(file)) {}
  ~PeriodKey();
  PeriodKey(const PeriodKey&) = delete;
  PeriodKey& operator=(const PeriodKey&) = delete;

  /// Has the key of that period: reads it, or destroys what is there of another one and makes a new one.
  /// Returns an empty string, or why there is none.
  [[nodiscard]] std::string turn(const std::string& period);
  /// Overwrites the file, removes it, and forgets the key. Returns an empty string, or why not.
  [[nodiscard]] std::string destroy();

  const std::string& period() const { return period_; }  ///< empty: there is none
  const Sha256Bytes& key() const { return key_; }

 private:
  bool read(const std::string& period);

  const std::filesystem::path file_;
  std::string period_;
  Sha256Bytes key_{};
};

}  // namespace sluice::control
