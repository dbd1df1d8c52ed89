// extract: the HPACK decoder of one HTTP/2 connection.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <span>
#include <string_view>

#include "dataplane/extract/hpack_heap.h"

namespace sluice {

/// The dynamic table that a client may ask for; four times the protocol's default, which clients stay at.
inline constexpr uint32_t kMaxHpackTable = 16 * 1024;

struct HpackField {
  std::string_view name, value;
};

/// libnghttp2's inflater, which takes its memory from a block of this object: so it must not move, and takes
/// no part in anything's clean-up. Source: RFC 7541.
class Hpack {
 public:
  enum class Read : uint8_t {
    NeedMore,  ///< all bytes were read; no field ended with them
    Field,     ///< one more field; its views live until the next call
    Bad        ///< a compression error, or no memory left; nothing is read any more
  };

  /// Begins a connection; whatever stood here before is forgotten.
  void start();
  /// Reads on in a header block, cut anywhere; takes what it read off the front of bytes.
  [[nodiscard]] Read read(std::span<const uint8_t>& bytes, HpackField& field);
  /// The header block's bytes have ended. Returns false where that was inside a field.
  [[nodiscard]] bool end_block();

 private:
  nghttp2_hd_inflater* inflater_;
  nghttp2_mem memory_;
  HpackHeap heap_;
};

}  // namespace sluice
