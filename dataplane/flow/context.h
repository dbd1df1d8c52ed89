// flow: what an undecided or HTTP flow needs beside its cache line: the reader, the stream's place, the byte
// counts.
#pragma once

#include <cstdint>
#include <new>

#include "dataplane/contract/record.h"
#include "dataplane/extract/http.h"
#include "dataplane/extract/recognise.h"
#include "dataplane/extract/tls.h"
#include "dataplane/flow/memory.h"
#include "dataplane/policy/policy.h"

namespace sluice {

inline constexpr uint32_t kUndecidedMs = 10'000;       ///< from the first payload to a complete name
inline constexpr uint32_t kUndecidedPackets = 20'000;  ///< each way

enum class ReaderKind : uint8_t {
  Recognising,
  Tls,
  Http
};

/// State of one stream from the side that opened the flow.
struct Context {
  uint64_t started_ms;
  uint64_t source_bytes, destination_bytes;  ///< transport payload that passed
  uint32_t packets;
  uint32_t next_seq;    ///< the opener's next byte
  uint32_t remote_end;  ///< past the other side's last byte seen (with remote_spoke)
  bool started;         ///< next_seq is known
  bool named;           ///< a name was judged and passed; its verdict stands in verdict
  bool remote_spoke;    ///< the other side has sent payload since the last request
  ReaderKind kind;
  uint8_t head_size;                 ///< bytes in head
  uint8_t head[kMaxRecogniseBytes];  ///< the first bytes, until they tell the protocol
  Verdict verdict;
  union {
    TlsHello tls;
    HttpRequests http;
  };

  Context() {}
};

/// Contexts by index; never grows.
class ContextPool {
 public:
  [[nodiscard]] bool create(uint32_t capacity);
  /// A context as new; kNoIndex where there is none left.
  [[nodiscard]] uint32_t take(uint64_t now_ms);
  void give_back(uint32_t index) { free_[free_count_++] = index; }
  Context& operator[](uint32_t index) { return contexts_[index]; }
  uint32_t used() const { return capacity_ - free_count_; }
  uint32_t capacity() const { return capacity_; }

 private:
  FixedArray<Context> contexts_;
  FixedArray<uint32_t> free_;
  uint32_t capacity_ = 0, free_count_ = 0;
};

}  // namespace sluice
