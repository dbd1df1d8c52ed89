// tests: what is in a .tar.zst.
#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace sluice::control {

using Unpacked =
    std::vector<std::pair<std::string, std::string>>;  ///< path and content, in the archive's order

inline Unpacked unpacked(const std::filesystem::path& file) {
  Unpacked out;
  archive* const from = archive_read_new();
  archive_read_support_filter_zstd(from);
  archive_read_support_format_tar(from);
  EXPECT_EQ(archive_read_open_filename(from, file.c_str(), 10240), ARCHIVE_OK) << archive_error_string(from);
  archive_entry* entry = nullptr;
  while (archive_read_next_header(from, &entry) == ARCHIVE_OK) {
    std::string content(static_cast<size_t>(archive_entry_size(entry)), '\0');
    EXPECT_EQ(archive_read_data(from, content.data(), content.size()),
              static_cast<la_ssize_t>(content.size()));
    out.emplace_back(archive_entry_pathname(entry), std::move(content));
  }
  archive_read_free(from);
  return out;
}

}  // namespace sluice::control
