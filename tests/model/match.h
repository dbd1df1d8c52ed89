// tests: model: whether a name, a pattern, a prefix or a schedule covers something: by the plain words, one
// at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/model/world.h"

namespace sluice::model {

/// name: as it is asked for, in lower case. entry: as a policy writes it: `name`, `=name` or `*.name`.
bool name_covered(std::string_view entry, std::string_view name);

/// prefix: `10.0.0.0/8`, `fd00::/8` or an address alone.
bool address_covered(const std::string& prefix, const std::string& address);

/// Bits that must agree; -1 where the text is no prefix. An address alone has all.
int prefix_bits(const std::string& prefix);

bool pattern_found(const Pattern& pattern, std::string_view name);

/// Whether the schedule holds at this second since 1970.
bool schedule_holds(const World& world, const Schedule& schedule, int64_t at);

/// Whether an exception that expires then is over at this second.
bool is_over(const World& world, const std::string& expires, int64_t at);

/// The end of that day, or that minute, in a time zone, in seconds since 1970.
int64_t instant_of(const std::string& text, const std::string& timezone);

}  // namespace sluice::model
