// control/report: which flows a rule opened by name.
#include "control/report/essential_flows.h"

#include <xxhash.h>

#include <charconv>
#include <string>
#include <utility>

#include "control/usage/blocks.h"

namespace sluice::control {
namespace {

uint64_t hash_of(std::string_view id) {
  return XXH3_64bits(id.data(), id.size());
}

/// Takes a number off the front of text; nothing stands there where it returns false.
bool take_number(std::string_view& text, uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return error == std::errc();
}

}  // namespace

void EssentialFlows::keep(uint64_t hash) {
  if (young_.size() >= max_kept_ / 2) {
    forgotten_ += old_.size();
    old_ = std::exchange(young_, {});
  }
  young_.insert(hash);
}

void EssentialFlows::keep(std::string_view boot_and_worker, uint64_t number) {
  keep(hash_of(std::string(boot_and_worker) + std::to_string(number)));
}

void EssentialFlows::add_access(const AccessFields& fields) {
  if (!is_essential(fields)) {
    return;
  }
  keep(hash_of(fields.id));
  // `3,5-9`: repeats, whose ids differ from the line's own in the number alone.
  const std::string_view before = fields.id.substr(0, fields.id.rfind('-') + 1);
  uint64_t kept = 0;
  for (std::string_view rest = fields.folded; !rest.empty();) {
    uint64_t first = 0;
    if (!take_number(rest, first)) {
      return;
    }
    uint64_t last = first;
    if (rest.starts_with('-')) {
      rest.remove_prefix(1);
      if (!take_number(rest, last)) {
        return;
      }
    }
    for (uint64_t i = 0; first <= last && i <= last - first && kept < kMaxRepeats; ++i, ++kept) {
      keep(before, first + i);
    }
    rest.remove_prefix(rest.starts_with(',') ? 1 : rest.size());
  }
  forgotten_ += fields.count > kept + 1 ? fields.count - kept - 1 : 0;
}

bool EssentialFlows::take_end(const AccessFields& fields) {
  const uint64_t hash = hash_of(fields.access);
  const bool found = !fields.access.empty() && (young_.erase(hash) != 0 || old_.erase(hash) != 0);
  if (found && fields.ended == "continues") {
    keep(hash_of(fields.id));
  }
  return found;
}

}  // namespace sluice::control
