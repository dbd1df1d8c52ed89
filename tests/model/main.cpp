// tests: model: random policies and questions, decided by the model and by the gateway's code; no difference
// may be.
//
//   policy-model [--questions N | --minutes M] [--seed S]
#include <chrono>
#include <cstring>
#include <iostream>
#include <map>
#include <string>

#include "tests/model/compare.h"
#include "tests/model/generate.h"
#include "tests/model/model.h"

namespace sluice::model {
namespace {

constexpr uint64_t kQuestionsOfPolicy = 500;
constexpr uint64_t kTraced = 8;  ///< one question in so many has its trace checked
constexpr size_t kEnough = 3;    ///< differences

struct Options {
  uint64_t seed = 1, questions = 1'000'000;
  double minutes = 0;
};

class Run {
 public:
  explicit Run(const Options& options) : options_(options) {}

  bool all() {
    const auto began = std::chrono::steady_clock::now();
    const auto minutes = [&] {
      return std::chrono::duration<double, std::ratio<60>>(std::chrono::steady_clock::now() - began).count();
    };
    for (uint64_t seed = options_.seed; differences_ < kEnough; ++seed) {
      if (options_.minutes > 0 ? minutes() >= options_.minutes : asked_ >= options_.questions) break;
      policy(seed);
    }
    std::cout << (differences_ == 0 ? "" : "not ") << "ok - " << asked_ << " questions to " << policies_
              << " policies, differences " << differences_ << ", from seed " << options_.seed << "\n    took "
              << static_cast<int>(minutes() * 60) << " s\n";
    for (const auto& [what, count] : seen_) std::cout << "    " << what << ": " << count << "\n";
    return differences_ == 0;
  }

 private:
  void policy(uint64_t seed) {
    const World world = random_world(seed);
    std::string refused;
    Enforced enforced(write_policy(world, seed), refused);
    ++policies_;
    if (!refused.empty()) return differs(seed, "a policy that is right is refused:\n" + refused, world, {});
    Questions questions(world, seed);
    for (uint64_t i = 0; i < kQuestionsOfPolicy; ++i) {
      const Question question = questions.next();
      ++asked_;
      const Decision decision = decide(world, question);
      ++seen_[decision.action + " " + decision.reason];
      const std::string found = difference(world, enforced, question, i % kTraced == 0);
      if (!found.empty()) return differs(seed, found, smallest(world, question), question);
    }
  }

  void differs(uint64_t seed, const std::string& what, const World& world, const Question& question) {
    ++differences_;
    std::cout << "--- seed " << seed << ": " << what << report(world, question) << "\n";
  }

  const Options options_;
  uint64_t asked_ = 0, policies_ = 0;
  size_t differences_ = 0;
  std::map<std::string, uint64_t> seen_;
};

}  // namespace
}  // namespace sluice::model

int main(int count, char** words) {
  sluice::model::Options options;
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string key = words[i];
    if (key == "--questions") options.questions = std::stoull(words[i + 1]);
    if (key == "--minutes") options.minutes = std::stod(words[i + 1]);
    if (key == "--seed") options.seed = std::stoull(words[i + 1]);
  }
  return sluice::model::Run(options).all() ? 0 : 1;
}
