// flow: what a flow whose payload is read needs beside its cache line: the reader, the opener's bytes, the
// byte counts.
#pragma once

#include <cstdint>
#include <new>

#include "dataplane/contract/record.h"
#include "dataplane/extract/h2c.h"
#include "dataplane/extract/http.h"
#include "dataplane/extract/prelude.h"
#include "dataplane/extract/recognise.h"
#include "dataplane/extract/tls.h"
#include "dataplane/flow/byte_stream.h"
#include "dataplane/flow/epoch.h"
#include "dataplane/flow/memory.h"
#include "dataplane/flow/quic_state.h"
#include "dataplane/policy/policy.h"

namespace sluice {

inline constexpr uint32_t kUndecidedMs = 10'000;  ///< from the first payload to a complete name
inline constexpr uint32_t kPreludeMs = 300'000;   ///< the same with a prelude, in which somebody may type
inline constexpr uint32_t kUndecidedPackets = 20'000;  ///< of the opener
inline constexpr uint64_t kMaxPreludes = 64 * 1024;    ///< bytes of the opener before and in its last prelude
inline constexpr uint64_t kMaxPreludeAnswers = 256 * 1024;  ///< bytes of the other side meanwhile
inline constexpr uint32_t kDtlsHelloPackets = 200;          ///< of the opener, until its hello is complete
/// Bytes by which a server may ask for another hello; when it has sent more, it has taken the one it had.
inline constexpr uint32_t kMaxRetryRequest = 512;
inline constexpr uint32_t kHeldMs = 30'000;       ///< for the other side to acknowledge what was judged
inline constexpr size_t kMaxLinkHeader = 48;      ///< bytes of a link header that is kept
inline constexpr uint32_t kBlocksPerContext = 2;  ///< on average; a stream may hold kStreamBlocks
inline constexpr uint32_t kContextsPerHpack = 8;  ///< one flow in so many may be an HTTP/2 connection

enum class ReaderKind : uint8_t {
  Recognising,
  Prelude,
  Tls,  ///< also when decided, until no other hello can follow
  Http,
  H2c,
  DnsStream,
  Quic,  ///< also when decided, until the handshake is over
  Dtls,  ///< also when decided, until the client has got beyond its hellos
  Held,  ///< decided; kept until the other side has acknowledged what was judged
};

/// DNS over TCP. Answers are put together too.
struct DnsTcp {
  ByteStream answers;
  uint32_t questions, answered;  ///< whole messages that passed
  bool begun;                    ///< the number of the first byte of answers is known
  bool changed;                  ///< an answer passed otherwise than it came
};

/// What an HTTP/1 request asked for, and whether the server agrees is not known: the bytes that follow tell.
enum class Switch : uint8_t {
  None,
  Tunnel,   ///< CONNECT: what follows is a flow of its own
  Upgrade,  ///< what follows belongs to the request, whatever it is
};

/// A DTLS hello; the context's stream has its head and its body.
struct DtlsHello {
  TlsHello reader;
  uint16_t message;  ///< its message_seq
  uint32_t size;     ///< of its body
  bool answered;     ///< the server has it whole
};

/// State of one stream from the side that opened the flow.
struct Context {
  uint64_t started_ms;
  uint64_t source_bytes, destination_bytes;  ///< transport payload that passed
  uint32_t packets;
  uint32_t source_end;    ///< past the opener's last byte counted
  uint32_t start;         ///< number of the stream's first byte
  uint32_t syn_end;       ///< number of the first byte that was not in the SYN
  uint32_t reopen_at;     ///< with kFlowReopening: see Flow::remote_ack
  uint32_t remote_end;    ///< past the other side's last byte seen (with remote_spoke)
  uint32_t remote_start;  ///< the other side's first byte after the hello (with remote_spoke)
  bool named;             ///< a name was judged and passed; its verdict stands in verdict
  bool recorded;          ///< that access stands in the log
  bool preluded;          ///< a prelude was read, or greeted: the other side speaks too
  bool remote_spoke;      ///< the other side has sent payload since the last request or hello
  ReaderKind kind;
  Switch asked;                  ///< by the latest request of http
  Protocol otherwise;            ///< what it led to, should that be no request
  Hpack* hpack;                  ///< of h2c
  uint8_t link_size;             ///< 0 before the first segment, or where it is beyond kMaxLinkHeader
  uint8_t link[kMaxLinkHeader];  ///< link header of the opener's first segment
  ByteStream stream;             ///< the opener's bytes
  Verdict verdict;
  Epoch
      judged_epoch;  ///< of HTTP: in which verdict was made of what the flow remembers; kNoEpoch: it was not
  union {
    Prelude prelude;
    TlsHello tls;
    HttpRequests http;  ///< kept while what follows a switch is recognised
    H2cRequests h2c;
    DnsTcp dns;
    QuicConnection quic;
    DtlsHello dtls;
  };

  Context() {}

  /// Nothing is known yet of what the opener says from number at on.
  void read_from(uint32_t at) {
    start = syn_end = at;
    named = recorded = preluded = remote_spoke = false;
    judged_epoch = kNoEpoch;
    kind = ReaderKind::Recognising;
    asked = Switch::None;
    otherwise = Protocol::Unknown;
  }

  /// Number at is one of the bytes that passed and may still be in question, or follows the last of them. The
  /// stream alone may have jumped beyond it.
  bool has_passed(uint32_t at) const {
    return stream.covers(at) && static_cast<int32_t>(source_end - at) >= 0;
  }

  /// Past the last byte that passed without a gap before it, read or not: what the server waits for, if all
  /// of it arrived.
  uint32_t passed_to() const {
    const uint32_t end = stream.contiguous_end();
    return static_cast<int32_t>(source_end - end) < 0 ? source_end : end;
  }

  /// Bytes up to number end have passed.
  void count_source(uint32_t end) {
    const auto more = static_cast<int32_t>(end - source_end);
    if (more <= 0) return;
    source_bytes += static_cast<uint32_t>(more);
    source_end = end;
  }
};

/// Contexts by index; never grows.
class ContextPool {
 public:
  [[nodiscard]] bool create(uint32_t capacity);
  /// A context as new, whose stream's first byte has number at; kNoIndex where there is none left.
  [[nodiscard]] uint32_t take(uint64_t now_ms, uint32_t at);
  void give_back(uint32_t index);
  /// Makes the context's reader that of an HTTP/2 connection. Returns false where no decoder is left for it.
  [[nodiscard]] bool begin_h2c(Context& context);
  /// Nothing more is read; what the reader kept beside the opener's bytes is given back.
  void end_reader(Context& context);
  Context& operator[](uint32_t index) { return contexts_[index]; }
  const Context& operator[](uint32_t index) const { return contexts_[index]; }
  BlockPool& blocks() { return blocks_; }  ///< of all their streams
  uint32_t used() const { return capacity_ - free_count_; }
  uint32_t capacity() const { return capacity_; }

 private:
  FixedArray<Context> contexts_;
  BlockPool blocks_;
  FixedArray<Hpack> hpacks_;
  FixedArray<uint32_t> free_, free_hpacks_;
  uint32_t capacity_ = 0, free_count_ = 0, free_hpack_count_ = 0;
};

}  // namespace sluice
