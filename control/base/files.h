// control/base: files that survive a power cut.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

namespace sluice::control {

/// `what: why`, with the text of errno.
[[nodiscard]] std::string errno_text(std::string_view what);

/// Makes the directory and those above it (0750). Returns an empty string, or why it cannot be made or
/// written to.
[[nodiscard]] std::string make_directory(const std::filesystem::path& directory);

/// Writes all of bytes to fd, however often the kernel takes a part only. Returns false with errno set.
[[nodiscard]] bool write_all(int fd, std::span<const std::byte> bytes);
[[nodiscard]] bool write_all(int fd, std::string_view text);

/// Puts bytes at path, whole or not at all: a temporary file (0640), synced, renamed, the directory synced.
/// Returns an empty string, or why not.
[[nodiscard]] std::string replace_file(const std::filesystem::path& path, std::span<const std::byte> bytes);

/// Makes a file that nobody else can read at any moment (0600), whole or not at all, synced. Returns an empty
/// string, or why not.
[[nodiscard]] std::string make_private_file(const std::filesystem::path& path, const std::string& text);

/// Syncs a directory's entries; returns false with errno set.
[[nodiscard]] bool sync_directory(const std::filesystem::path& directory);

/// The last at most limit bytes of a file; nothing where it cannot be read.
[[nodiscard]] std::optional<std::string> read_tail(const std::filesystem::path& path, size_t limit);

/// Cuts off what follows the last line feed: a line that a crash left unfinished. fd: open for reading and
/// writing. cut: the bytes cut off. Returns false where the file cannot be read or cut.
[[nodiscard]] bool cut_torn_line(int fd, size_t& cut);

}  // namespace sluice::control
