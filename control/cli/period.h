// control/cli: a period as a person writes it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::control {

/// What read_bound reads, for an option's help.
inline constexpr const char* kTimeHelp =
    "2026-11-23, 2026-11-23T09:00 (UTC), as in RFC 3339, or 7d: so long ago";

/// Reads one end of a period: as parse_moment does, UTC where no offset says else; or `90s`, `30m`, `2h`,
/// `7d`, so long ago; or as in `@timestamp`. Empty is no bound. until: it is the later end, of which a day
/// means its last moment. out: as in `@timestamp`. Returns false, and has said so, where text is no time.
[[nodiscard]] bool read_bound(const std::string& text, bool until, std::string& out);

/// `90s`, `30m`, `2h`, `7d`, up to ten years; nothing where text is none of them.
[[nodiscard]] std::optional<std::chrono::seconds> read_duration(std::string_view text);
/// The same, of an option; nothing, and has said so, where it is none, or not from least to most.
[[nodiscard]] std::optional<std::chrono::seconds> read_duration_within(std::string_view option,
                                                                       std::string_view text,
                                                                       std::chrono::seconds least,
                                                                       std::chrono::seconds most);
/// The other way, in its two largest units: `3h 59m`.
[[nodiscard]] std::string duration_text(std::chrono::seconds time);

}  // namespace sluice::control
