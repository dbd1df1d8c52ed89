// control/search: the index beside a closed segment.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sluice::control {

/// Frames that follow one another: what is read or passed over as one.
struct IndexGroup {
  uint64_t offset = 0, end = 0;  ///< in the segment's file, bytes
  int64_t first_ns = 0, last_ns = 0;
  std::vector<uint32_t> filter;
  bool operator==(const IndexGroup&) const = default;
};

/// What a segment has, so that a search can pass over it, or over most of it. It may say "perhaps" of what is
/// not there; never "no" of what is.
struct SegmentIndex {
  std::string header_sha256;     ///< of the segment's last header: an index of another segment is none
  uint64_t last_offset = 0;      ///< of the frame with that header
  std::vector<uint32_t> filter;  ///< of the whole segment
  std::vector<IndexGroup> groups;
  bool operator==(const SegmentIndex&) const = default;
};

/// Whether filter may have every one of keys.
[[nodiscard]] bool may_have(const std::vector<uint32_t>& filter, std::span<const uint64_t> keys);

/// A group holds so many bytes of lines, or one frame.
inline constexpr uint64_t kGroupText = uint64_t{1} << 20;

/// `access-….idx` for `access-….jsonl.zst`.
[[nodiscard]] std::filesystem::path index_path(const std::filesystem::path& segment);

/// Reads the segment and writes its index, whole or not at all. stop: ends it early where it becomes true.
/// Returns an empty string; or why there is none, as where the segment is not closed, or damaged.
[[nodiscard]] std::string build_index(const std::filesystem::path& segment, const std::atomic<bool>& stop);

/// The whole file: a head, which says of the whole segment, and the groups; each with a sum of its own, so
/// that the head is read alone where that is enough.
[[nodiscard]] std::string index_bytes(const SegmentIndex& index);
/// Reads the head; and the groups where it says that the segment may have keys. Nothing where there is no
/// index, or one that is not, byte by byte, what index_bytes writes. bytes: how many were read is added.
[[nodiscard]] std::optional<SegmentIndex> read_index(const std::filesystem::path& segment,
                                                     std::span<const uint64_t> keys, uint64_t& bytes);
/// Whether a segment's file ends as a closed one's does.
[[nodiscard]] bool ends_closed(const std::filesystem::path& segment);

/// Every key of a line, added to out.
void append_keys(std::string_view line, std::vector<uint64_t>& out);

}  // namespace sluice::control
