// control/review: writes down what people have found; the daemon's.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "control/review/reviews.h"

namespace sluice::control {

/// reviews.jsonl, to be written on. Not for more than one thread.
class ReviewBook {
 public:
  /// The log's own key must be there. Returns nullptr and says in error why it cannot be.
  [[nodiscard]] static std::unique_ptr<ReviewBook> open(const std::filesystem::path& log,
                                                        const std::filesystem::path& state,
                                                        std::string& error);

  /// Answers `finding` (`incident`, `word`, `by`, `finding`, `who`, `rule`, `start`) and `review` (`month`,
  /// `by`, `finding`, `figures`), after the line is on the disk; or `error`. uid, user: who asks. zone: the
  /// site's.
  [[nodiscard]] nlohmann::json answer(const nlohmann::json& request, uid_t uid, const std::string& user,
                                      int64_t utc_ns, const TimeZone& zone);

  const Reviews& reviews() const { return reviews_; }

 private:
  explicit ReviewBook(std::filesystem::path log) : log_(std::move(log)) {}
  [[nodiscard]] std::string fill_finding(const nlohmann::json& request, nlohmann::json& line) const;
  [[nodiscard]] std::string fill_review(const nlohmann::json& request, int64_t utc_ns, const TimeZone& zone,
                                        nlohmann::json& line) const;

  const std::filesystem::path log_;
  std::unique_ptr<SealedFile> file_;
  Reviews reviews_;
};

}  // namespace sluice::control
