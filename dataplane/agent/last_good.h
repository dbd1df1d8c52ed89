// agent: the last good image on disk, in force before the ports open.
#pragma once

#include <memory>
#include <string>

#include "dataplane/policy/generation.h"

namespace sluice {

inline constexpr const char* kLastGoodName = "last-good.image";

/// directory/last-good.image, checked like any other. why: one sentence where there is none or it is refused.
[[nodiscard]] std::unique_ptr<Generation> load_last_good(const std::string& directory, uint32_t workers,
                                                         std::string& why);

/// Writes it beside the old one, synced, and renames it over that. Returns false with errno.
[[nodiscard]] bool store_last_good(const std::string& directory, std::span<const std::byte> image);

}  // namespace sluice
