// control/manual: parts of a policy in plain words.
#pragma once

#include <string>
#include <vector>

#include "control/manual/manual.h"
#include "control/manual/texts.h"
#include "control/page/html.h"

namespace sluice::control {

class PlainWords {
 public:
  static constexpr size_t kMaxNamed = 12;  ///< things that one rule names; of more their number is said

  PlainWords(const PolicySource& source, ManualWords say) : source_(source), say_(say) {}

  /// What holds where no rule decides; one that the line is not for says so.
  [[nodiscard]] Html fallback(const NetworkSource& network) const;
  /// Its rules, in their order, each as an item of a list.
  [[nodiscard]] std::vector<Html> rules(const NetworkSource& network) const;
  /// Whether everything is blocked there but what a rule opens.
  [[nodiscard]] bool is_closed(const NetworkSource& network) const;
  /// What its rules with that action name, without more words.
  [[nodiscard]] Html named_by(RuleAction action, const NetworkSource& network) const;
  /// How many exceptions concern it.
  [[nodiscard]] size_t exceptions(const NetworkSource& network) const;
  [[nodiscard]] Html setting(Situation situation) const;
  /// The rules that are violations, by their names; empty: none is.
  [[nodiscard]] Html violation_rules() const;
  [[nodiscard]] Html joined(const std::vector<Html>& parts) const;

 private:
  enum class Concern : uint8_t {
    No,
    Part,
    Whole
  };
  [[nodiscard]] Concern concern(const std::vector<Word>& ends, const NetworkSource& network) const;
  [[nodiscard]] Concern concern(const RuleSource& rule, const NetworkSource& network) const;
  [[nodiscard]] Setting setting_of(const NetworkSource& network) const;
  [[nodiscard]] Html target(const Word& word) const;
  [[nodiscard]] Html targets(const std::vector<Word>& words) const;
  [[nodiscard]] Html list(const ListSource& list) const;
  [[nodiscard]] Html schedule(const ScheduleSource& schedule) const;
  [[nodiscard]] Html days(uint8_t days) const;
  [[nodiscard]] std::vector<Html> conditions(const RuleSource& rule) const;

  const PolicySource& source_;
  const ManualWords say_;
};

}  // namespace sluice::control
