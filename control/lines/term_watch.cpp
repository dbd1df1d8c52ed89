// control/lines: warns of a line's term that ends.
#include "control/lines/term_watch.h"

#include "control/base/utc.h"

namespace sluice::control {
namespace {

constexpr int64_t kTermNsPerS = 1'000'000'000;

std::string term_sentence(const LineTerm& term, int64_t utc_s) {
  const std::string what = "the term of the line " + term.name;
  const std::string when = utc_text(term.ends_s * kTermNsPerS);
  const int64_t left = days_left(term, utc_s);
  if (left < 0) {
    return what + " ended at " + when +
           (term.refused_after ? ", and it is refused since" : ", and it goes on: `on-expiry` only warns");
  }
  return what + " ends at " + when + ", " +
         (left == 0   ? "today is its last day"
          : left == 1 ? "in 1 day"
                      : "in " + std::to_string(left) + " days") +
         (term.refused_after ? "; then it is refused" : "; then it goes on, as `on-expiry` only warns");
}

}  // namespace

int64_t days_left(const LineTerm& term, int64_t utc_s) {
  const int64_t seconds = term.ends_s - utc_s;
  // The term is over at ends_s itself.
  return seconds > 0 ? (seconds - 1) / kDayS : -1 - (-seconds) / kDayS;
}

std::vector<std::string> TermWatch::due(const PolicyTerms& terms, int64_t utc_s) {
  std::vector<std::string> out;
  // A clock that was set back does not silence it for longer than a day.
  const bool lately = said_s_ && utc_s >= *said_s_ && utc_s < *said_s_ + kDayS;
  if (lately && said_ == terms.lines) {
    return out;
  }
  said_s_ = utc_s;
  said_ = terms.lines;
  for (const LineTerm& each : terms.lines) {
    if (each.ends_s != 0 && each.ends_s <= utc_s + kTermWarnS) {
      out.push_back(term_sentence(each, utc_s));
    }
  }
  return out;
}

}  // namespace sluice::control
