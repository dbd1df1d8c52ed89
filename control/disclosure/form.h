// control/disclosure: how a disclosure is written: lines of the log that prove themselves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "control/base/sha256.h"
#include "control/search/query.h"
#include "control/segment/acknowledged.h"
#include "control/segment/form.h"

namespace sluice::control {

// A disclosure is a file of JSON objects, one a line; what each is, `kind` says:
//   disclosure  the first one: what was asked for, and the key
//   segment     a closed segment with its signed line; what follows is of it
//   frame       a header: of the first frame with a disclosed line, and of every one after it to the
//               segment's end; each names the SHA-256 of the one before it, and the signed line that of the
//               last
//   line        a line of the frame before it, with its salt and its path to the frame's root
//   record      the last one: the signed line of heads.jsonl that says who disclosed this file

/// No entry is longer. A line of the log is the longest thing in it, and JSON may need six bytes for one.
inline constexpr size_t kMaxEntry = kMaxLogLine * 6 + (size_t{64} << 10);
inline constexpr uint64_t kDisclosureVersion = 1;

/// What the first entry says.
struct DisclosureStart {
  std::string name;           ///< of the case
  std::string time;           ///< when it was made, UTC
  QueryOptions query;         ///< the bounds as in `@timestamp`
  std::string key;            ///< the public one's text
  Acknowledged acknowledged;  ///< what the witness had then, as the gateway says
};

// Each with its line feed.
[[nodiscard]] std::string start_entry(const DisclosureStart& start);
/// signed_line: the segment's, of heads.jsonl.
[[nodiscard]] std::string segment_entry(std::string_view signed_line);
[[nodiscard]] std::string frame_entry(const FrameHeader& header);
/// line: valid UTF-8, without line feed.
[[nodiscard]] std::string line_entry(uint64_t index, const Sha256Bytes& salt,
                                     const std::vector<Sha256Bytes>& path, std::string_view line);
/// signed_line: the one about this disclosure.
[[nodiscard]] std::string record_entry(std::string_view signed_line);

}  // namespace sluice::control
