// month: what people access.
#pragma once

#include <queue>
#include <string>
#include <vector>

#include "control/accesslog/names.h"
#include "dataplane/contract/record.h"
#include "tests/month/world.h"

namespace sluice::month {

/// A record, its name, and whose it is.
struct Made {
  Record record{};
  std::string name;
  size_t person = 0;
  bool operator>(const Made& other) const { return record.time_ns > other.record.time_ns; }
};

class Accesses {
 public:
  /// names: of the policy's image; lines: of the pairs, by place.
  Accesses(const control::ImageNames& names, std::vector<std::string> lines, uint64_t seed);

  /// An access of somebody at a moment, and, it may be, its flow's end, later.
  [[nodiscard]] Made make(const World& world, const Person& person, int64_t at_ns);
  /// The next flow's end up to a moment; false where there is none.
  [[nodiscard]] bool next_end(int64_t to_ns, Made& out);
  size_t waiting() const { return ends_.size(); }

 private:
  void decide(const Person& person, Made& out);
  void set_name(Made& out, std::string name) const;
  [[nodiscard]] uint16_t rule(const std::string& name) const;
  [[nodiscard]] uint16_t list(const std::string& name) const;

  const control::ImageNames& names_;
  const std::vector<std::string> lines_;
  Chance chance_;
  std::vector<std::string> others_;
  std::priority_queue<Made, std::vector<Made>, std::greater<>> ends_;
  uint64_t number_ = 0;
};

}  // namespace sluice::month
