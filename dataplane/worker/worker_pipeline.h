// worker: one worker's state, and the stages of a packet's way as its member functions.
#pragma once

#include <rte_mbuf.h>

#include <array>

#include "dataplane/act/answer.h"
#include "dataplane/decode/packet.h"
#include "dataplane/extract/dns.h"
#include "dataplane/extract/dtls.h"
#include "dataplane/flow/bindings.h"
#include "dataplane/flow/context.h"
#include "dataplane/flow/dns_memory.h"
#include "dataplane/flow/flow_table.h"
#include "dataplane/flow/fragments.h"
#include "dataplane/flow/name_pool.h"
#include "dataplane/flow/opened_tunnels.h"
#include "dataplane/flow/quic_state.h"
#include "dataplane/log/event_ring.h"
#include "dataplane/worker/line_figures.h"
#include "dataplane/worker/pipeline.h"
#include "dataplane/worker/shedding.h"

namespace sluice {

/// Bytes of a frame that are looked at; its rest passes with it.
inline constexpr uint32_t kMaxFrame = 256 * 1024;
inline constexpr uint32_t kLookedAtDatagrams = 8;  ///< of a UDP flow, for a tunnel's beginning

/// One packet on its way. Dies with the burst.
struct Arrival {
  rte_mbuf* mbuf;
  Packet packet;
  FlowKey key;
  uint64_t hash;
  PortPlace place;
  std::span<const uint8_t> headers;  ///< the frame's first bytes, contiguous
  const Datagram* datagram;          ///< if mbuf is one put together: its fragments, which go on or go under
  bool inside;                       ///< of an opened tunnel: packet and key are those of what it carries
  Flow* flow;                        ///< in whose totals it counts if it passes; nullptr: in none
  const Arrival* around;             ///< the tunnel's packet (with inside)

  bool from_lan() const { return place.side == Side::Lan; }
  /// A change to mbuf leaves with it.
  bool changeable() const { return datagram == nullptr; }
};

/// What an access is judged by, beside its addresses.
struct Sighting {
  Protocol protocol = Protocol::Unknown;
  Seen seen = Seen::Nothing;
  std::string_view name;
  bool unidentified = false;
  Situation situation = Situation::NoName;
  bool resolver_question = false;
  bool mismatch = false;               ///< set by judging: the name does not fit its addresses
  bool response_outstanding = false;   ///< see Refusal
  std::span<const uint8_t> message{};  ///< see Refusal

  static Sighting named(Protocol protocol, Seen seen, std::string_view name) {
    return {protocol, seen, name};
  }
  static Sighting without_name(Protocol protocol, Situation situation) {
    return {protocol, Seen::Nothing, {}, true, situation};
  }
};

/// What becomes of one whole DNS message.
enum class DnsFate : uint8_t {
  Passes,
  Changed,  ///< what passes is DnsOutcome::changed, of the same size
  Refused,
  Malformed,
};
struct DnsOutcome {
  DnsFate fate = DnsFate::Passes;
  std::span<const uint8_t> changed;  ///< dies with the next message
  // of Refused
  HostName name;
  Verdict verdict;
  uint64_t number = 0;  ///< of its record
  Sighting sighting() const { return Sighting::named(Protocol::Dns, Seen::Question, name.view()); }
};

class WorkerPipeline final : public Pipeline {
 public:
  WorkerPipeline(const PipelineConfig& config, rte_mempool* pool, WorkerStats& stats, EventRing& ring)
      : config_(config), pool_(pool), stats_(stats), ring_(ring), lines_(stats), shedding_(config.seed) {}
  ~WorkerPipeline() override;
  [[nodiscard]] bool create();

  void set_policy(const Policy* policy, Scratch* scratch) override;
  void fall_behind() override { shedding_.fall_behind(rte_rdtsc()); }
  void process(std::span<rte_mbuf* const> burst, Clock now, Output& out) override;
  void take_over(std::span<rte_mbuf* const> burst, Clock now, Output& out) override;
  void hear(const DnsNews& news, Clock now) override;
  void housekeeping(Clock now, Output& out) override;
  void stop(Clock now) override;

 private:
  /// pipeline_setup.cpp: what every call of the caller's begins with.
  void begin(Clock now, Output& out);

  // pipeline.cpp: the way
  enum class Owner : uint8_t {
    Unknown,
    Me
  };
  /// What the first look at a packet tells: one cache line.
  struct alignas(64) Glimpse {
    FlowKey key;
    uint64_t hash;
    union {
      const FlowTable::Bucket* bucket;  ///< from the first look to the second: see FlowTable::prefetch
      Flow* candidate;                  ///< then: see FlowTable
    };
    uint8_t kind, owner;  ///< of GlimpseFlag, 0: nothing else holds; the worker, where that was asked
    uint16_t payload_size;
  };
  enum GlimpseFlag : uint8_t {
    kCommon = 1,    ///< a glance has told the flow: key and hash
    kFinished = 2,  ///< its checksum was not left to hardware
    kPlain = 4,     ///< finished, and a segment of TCP in the midst of its connection
    kLast = 8,      ///< plain, and with FIN: its sender's last one
  };
  void run(std::span<rte_mbuf* const> burst, Owner owner, Clock now, Output& out);
  void look_at(const rte_mbuf& mbuf, Glimpse& out) const;
  void find_candidates(size_t count, bool all_mine);
  [[nodiscard]] bool gives_way_unread(rte_mbuf* mbuf, bool all_mine, const Glimpse& glimpse);
  [[nodiscard]] bool enter(rte_mbuf* mbuf, Arrival& arrival, Owner owner = Owner::Unknown,
                           const Glimpse& glimpse = {});
  [[nodiscard]] bool passes_as_link_control(Arrival& arrival);
  [[nodiscard]] static FlowKey key_of(const Arrival& arrival, uint8_t pair);
  [[nodiscard]] bool is_mine(const Arrival& arrival);
  [[nodiscard]] uint8_t owner_of(const Arrival& arrival);
  [[nodiscard]] uint8_t owner_of(const FlowKey& key) const;
  void hand_over(rte_mbuf* mbuf, uint8_t owner);
  [[nodiscard]] bool quoted_key(const Arrival& arrival, FlowKey& key);
  void handle(Arrival& arrival, Flow* candidate = nullptr);  ///< candidate: see FlowTable
  void handle_slowly(Arrival& arrival, Flow* flow);
  /// What gives way first when the worker has fallen behind: openings, and flows that are undecided, blocked,
  /// or judged at each datagram.
  [[nodiscard]] static bool gives_way(const Flow* flow) {
    return flow == nullptr || flow->state != FlowState::Allowed || flow->has(kFlowDns);
  }
  void complete_checksum(Arrival& arrival);
  [[nodiscard]] static bool checksums_fit(const Arrival& arrival);
  void related_icmp(Arrival& arrival);

  // fragments.cpp: IP fragments
  void collect(Arrival& arrival);
  void judge_whole(const Datagram& datagram);
  void change_payload(const Arrival& arrival, std::span<const uint8_t> payload);
  void drop_all(const Datagram& datagram, Reason reason);
  void give_up(Datagram& datagram);
  void uncollected(Arrival& arrival);
  void drop_late_fragments();

  // openings.cpp: the first packet of a flow
  void open(Arrival& arrival);
  [[nodiscard]] bool may_go_unlogged(const FlowKey& key) const;
  void open_tcp(Arrival& arrival, Flow& flow);
  void open_other(Arrival& arrival, Flow& flow);
  void open_dns(Arrival& arrival, Flow& flow);
  void stray_answer(Arrival& arrival, Flow& flow);
  [[nodiscard]] bool speaks_dns(const Arrival& arrival);
  void without_flow(Arrival& arrival, Situation situation);

  // connections.cpp: TCP's handshake on a flow that is known
  void handshake(Arrival& arrival, Flow& flow);
  void first_again(Arrival& arrival, Flow& flow);
  [[nodiscard]] uint32_t first_byte(const Flow& flow);
  void first_from_other(Arrival& arrival, Flow& flow);
  void first_answered(Arrival& arrival, Flow& flow);
  void begin_anew(Flow& flow, uint32_t start);
  void open_anew(Arrival& arrival, Flow& flow);

  // streams.cpp: TCP payload
  /// What a step of reading a stream came to.
  enum class Step : uint8_t {
    NeedMore,  ///< all that is there is read
    GoOn,      ///< another reader takes over at the read place
    Decided,   ///< the flow is decided, and the packet gone
  };
  void undecided(Arrival& arrival, Flow& flow);
  void opener_segment(Arrival& arrival, Flow& flow);
  static void keep_link(const Arrival& arrival, Context& context);
  void other_segment(Arrival& arrival, Flow& flow);
  void follow_server(Flow& flow, uint32_t ack);
  [[nodiscard]] bool recognised(const Flow& flow) const;          ///< a reader has taken its bytes as its own
  [[nodiscard]] static Situation unrecognised(const Flow& flow);  ///< what a flow is where none has
  /// What a flow is whose name will not come; and where TLS was read.
  [[nodiscard]] Situation nameless(const Flow& flow) const;
  [[nodiscard]] static Situation hello_cut_short(const Flow& flow, const TlsHello& hello);
  void read_stream(Arrival& arrival, Flow& flow, Context& context);
  [[nodiscard]] Step recognise(Arrival& arrival, Flow& flow, Context& context);
  /// Feeds a reader what is there; what it does not look at is jumped over, also where it has not come yet.
  /// on_event says how to go on: NeedMore to read on.
  template <class Reader, class OnEvent>
  [[nodiscard]] Step read_with(Reader& reader, ByteStream& stream, OnEvent on_event) {
    for (;;) {  // also with nothing left: a name may be the last thing before the hello's end
      if constexpr (requires { reader.skippable(); }) {
        const auto jump = static_cast<uint32_t>(std::min<uint64_t>(reader.skippable(), stream.may_jump()));
        if (jump != 0) reader.skip(jump);
        stream.consume(jump);
      }
      const auto bytes = stream.readable(contexts_.blocks());
      size_t consumed = 0;
      const Extract event = reader.feed(bytes, consumed);
      stream.consume(static_cast<uint32_t>(consumed));
      if (event == Extract::NeedMore && consumed == 0) return Step::NeedMore;
      if (event == Extract::NeedMore) continue;
      const Step step = on_event(event);
      if (step != Step::NeedMore) return step;
    }
  }
  void begin_tls(Flow& flow, Context& context);
  void leave_http(Flow& flow, Context& context);
  [[nodiscard]] Step read_tls(Arrival& arrival, Flow& flow, Context& context);
  [[nodiscard]] Step read_prelude(Arrival& arrival, Flow& flow, Context& context);

  // http.cpp: HTTP on TCP
  void begin_http(Flow& flow, Context& context);
  [[nodiscard]] Step begin_h2c(Arrival& arrival, Flow& flow, Context& context);
  [[nodiscard]] Step read_http(Arrival& arrival, Flow& flow, Context& context);
  [[nodiscard]] Step read_h2c(Arrival& arrival, Flow& flow, Context& context);
  [[nodiscard]] Step http_event(Arrival& arrival, Flow& flow, Context& context, Extract event);
  [[nodiscard]] Step h2c_event(Arrival& arrival, Flow& flow, Context& context, Extract event);
  [[nodiscard]] Step request(Arrival& arrival, Flow& flow, Context& context, Sighting sighting);
  [[nodiscard]] Verdict judge_request(Flow& flow, Context& context, Sighting& sighting);
  [[nodiscard]] Step no_request(Arrival& arrival, Flow& flow, Context& context);
  [[nodiscard]] Step unparsable(Arrival& arrival, Flow& flow, const Context& context,
                                std::string_view claimed);
  [[nodiscard]] static bool response_outstanding(const Arrival& arrival, const Context& context);

  // preludes.cpp: what is said before TLS or through a proxy
  [[nodiscard]] bool in_prelude(Arrival& arrival, Flow& flow);
  static void begin_prelude(Flow& flow, Context& context, std::span<const uint8_t> head);
  [[nodiscard]] Step prelude_event(Arrival& arrival, Flow& flow, Context& context, Extract event);

  // hellos.cpp: what TLS' hello shows, whatever carries it
  [[nodiscard]] Context* begin_hello(Flow& flow, Protocol protocol, ReaderKind kind, bool recorded);
  [[nodiscard]] Step hello_event(Arrival& arrival, Flow& flow, Context& context, const TlsHello& hello,
                                 Extract event);
  [[nodiscard]] Step judge_hello(Arrival& arrival, Flow& flow, Context& context, Sighting sighting,
                                 std::string_view shown = {});
  [[nodiscard]] static bool hello_taken(Context& context, const Packet& answer);

  // dtls.cpp
  [[nodiscard]] bool may_begin_dtls(const Arrival& arrival, const Flow& flow) const;
  [[nodiscard]] bool is_dtls(const Arrival& arrival, const Flow& flow);
  [[nodiscard]] bool open_dtls(Arrival& arrival, Flow& flow);
  void dtls(Arrival& arrival, Flow& flow);
  void dtls_from_server(Arrival& arrival, Flow& flow);
  [[nodiscard]] bool take_piece(Arrival& arrival, Flow& flow, const DtlsPiece& piece);
  [[nodiscard]] Context* begin_dtls(Flow& flow, const DtlsPiece& piece);
  void read_dtls(Arrival& arrival, Flow& flow);

  // dns.cpp: DNS, and what it teaches
  enum class DnsName : uint8_t {
    Asked,
    Canary,
    InChain
  };
  void dns(Arrival& arrival, Flow& flow);
  void judge_questions(const Arrival& arrival, Flow& flow, const DnsMessage& message, DnsOutcome& outcome);
  void judge_answers(const Arrival& arrival, Flow& flow, std::span<const uint8_t> payload,
                     DnsMessage& message, DnsOutcome& outcome);
  [[nodiscard]] bool judge_dns_name(const Arrival& arrival, Flow& flow, const HostName& name, DnsName role,
                                    DnsOutcome& outcome);
  [[nodiscard]] bool read_ech(const Flow& flow, std::span<const uint8_t> payload, const DnsMessage& message,
                              bool asked, bool& found);
  void learn_addresses(const Flow& flow, std::span<const uint8_t> payload, const DnsMessage& message);
  void learn(DnsNews& news, std::string_view name);
  void take_in(const Address& whom, const DnsNews& news, std::string_view name);
  /// A hello with an ECH extension whose visible name is outer hides another one: it is not GREASE.
  [[nodiscard]] bool hides_name(std::string_view outer) const;
  /// The name does not fit the addresses that DNS gave for it.
  [[nodiscard]] bool mismatches(const Flow& flow, const Sighting& sighting) const;

  // dns_stream.cpp: DNS over TCP
  void begin_dns_stream(const Arrival& arrival, Flow& flow, Context& context);
  [[nodiscard]] Step read_dns(Arrival& arrival, Flow& flow, Context& context);
  [[nodiscard]] std::span<const uint8_t> next_message(const ByteStream& stream, bool& broken);
  void judge_unreadable(Arrival& arrival, Flow& flow);
  void refuse_dns_stream(Arrival& arrival, Flow& flow, const Sighting& sighting, const DnsOutcome& outcome);
  void dns_answer_segment(Arrival& arrival, Flow& flow, Context& context);
  void read_answers(Arrival& arrival, Flow& flow, Context& context);
  [[nodiscard]] static bool lies_in(const Packet& packet, uint32_t at, std::span<const uint8_t> before,
                                    std::span<const uint8_t> after);
  void refuse_ech(const Arrival& arrival, Flow& flow, const DnsMessage& message, DnsOutcome& outcome);
  void send_as_kept(Arrival& arrival, const ByteStream& stream);

  // quic.cpp
  [[nodiscard]] bool may_begin_quic(const Arrival& arrival, const Flow& flow) const;
  [[nodiscard]] bool is_quic(const Arrival& arrival, const Flow& flow);
  [[nodiscard]] bool may_show_quic(const Arrival& arrival, const Flow& flow);
  [[nodiscard]] bool open_quic(Arrival& arrival, Flow& flow);
  void quic(Arrival& arrival, Flow& flow);
  [[nodiscard]] Context* quic_context(const Flow& flow);
  [[nodiscard]] bool quic_known(const Flow& flow, const QuicPacket& packet);
  void quic_short(Arrival& arrival, Flow& flow);
  void quic_from_server(Arrival& arrival, Flow& flow);
  [[nodiscard]] bool take_initial(Arrival& arrival, Flow& flow, const QuicPacket& packet);
  void quic_answer(Flow& flow, const QuicPacket& packet);
  [[nodiscard]] Context* begin_quic(Flow& flow, const QuicPacket& packet);
  [[nodiscard]] bool take_crypto(Arrival& arrival, Flow& flow, Context& context,
                                 std::span<const uint8_t> frames);
  void read_quic(Arrival& arrival, Flow& flow);
  [[nodiscard]] Step read_google(Arrival& arrival, Flow& flow, Context& context);
  [[nodiscard]] bool google_event(Arrival& arrival, Flow& flow, const HostName& host);
  void google_quic(Arrival& arrival, Flow& flow, const QuicPacket& packet);
  [[nodiscard]] bool said_unreadable(const Flow& flow) const;
  void quic_unreadable(Arrival& arrival, Flow& flow);
  void quic_incomplete(Arrival& arrival, Flow& flow);
  void quic_over_budget(Arrival& arrival, Flow& flow);
  // tunnels.cpp: what shows no name
  [[nodiscard]] Protocol protocol_of(const Arrival& arrival, const Flow& flow);
  [[nodiscard]] Protocol protocol_of_server(const Arrival& arrival);
  void open_unnamed(Arrival& arrival, Flow& flow);
  void look_again(Arrival& arrival, Flow& flow);
  void judge_unnamed(Arrival& arrival, Flow& flow, Protocol protocol);
  void open_inside(Arrival& outer, const Flow& tunnel);

  // verdicts.cpp: judging, and what follows from it
  [[nodiscard]] Subject subject_of(const FlowKey& key, bool inbound, const Sighting& sighting);
  [[nodiscard]] Verdict judge(const Flow& flow, Sighting& sighting);
  [[nodiscard]] Verdict judge_access(const Flow& flow, Sighting& sighting);
  /// Records the access, sets the flow's state, and forwards or refuses the packet.
  void decide(Arrival& arrival, Flow& flow, const Sighting& sighting, const Verdict& verdict);
  void judge_and_decide(Arrival& arrival, Flow& flow, Sighting sighting);
  /// Sets the flow's state by the verdict; what was judged is held until the other side has it.
  void settle(Flow& flow, const Verdict& verdict);
  /// Returns false where the flow may not go on; the packet is then gone.
  [[nodiscard]] bool rejudge(Arrival& arrival, Flow& flow);
  [[nodiscard]] Sighting remembered(const Flow& flow) const;
  void remember(Flow& flow, const Sighting& sighting);
  [[nodiscard]] bool is_remembered(const Flow& flow, const Sighting& sighting) const;
  [[nodiscard]] Record record_of(const Flow& flow) const;
  uint64_t record(const Arrival* arrival, Flow& flow, const Sighting& sighting, const Verdict& verdict);
  void refuse_packet(Arrival& arrival, const Flow& flow, const Sighting& sighting, const Verdict& verdict,
                     uint64_t number);
  void refuse_later_packet(Arrival& arrival, Flow& flow);
  void drop_silently(Arrival& arrival, Reason reason);
  void send_answers(uint16_t port, const Answers& answers);
  void forward(const Arrival& arrival, Reason reason) {
    for (const Arrival* counted = &arrival; counted != nullptr; counted = counted->around)
      if (counted->flow != nullptr) count(*counted);
    if (arrival.datagram == nullptr) return forward_one(arrival.mbuf, reason);
    for (const Datagram::Fragment& fragment : arrival.datagram->fragments())
      forward_one(fragment.mbuf, reason);
  }
  void drop(const Arrival& arrival, Reason reason);
  void forward_one(rte_mbuf* mbuf, Reason reason) {
    stats_.passed[static_cast<size_t>(reason)].add();
    put(opposite_[mbuf->port], mbuf);
  }
  void drop_one(rte_mbuf* mbuf, Reason reason);
  void free_dropped();
  void put(uint16_t port, rte_mbuf* mbuf) {
    Output::Batch& batch = out_->ports[port];
    batch.packets[batch.count++] = mbuf;
  }
  /// Bytes of the frame, contiguous until the next call.
  [[nodiscard]] std::span<const uint8_t> bytes_of(const Arrival& arrival, uint32_t offset, uint32_t size);
  [[nodiscard]] std::span<const uint8_t> payload_of(const Arrival& arrival);
  [[nodiscard]] std::span<const uint8_t> frame_of(const Arrival& arrival);

  // ends.cpp: what passed of a flow, and the record of it
  void count(const Arrival& arrival);
  void count(Flow& flow, Side from, uint64_t payload, uint64_t packets = 1) {
    if (flow.add(static_cast<size_t>(from), payload, packets)) [[unlikely]]
      go_on(flow);
  }
  void go_on(Flow& flow);
  [[nodiscard]] bool may_end(const Flow& flow);
  void end(Flow& flow, Ended how, const Verdict* refusal = nullptr);
  /// What closed it says more than that it is idle, or gives way.
  [[nodiscard]] static Ended how_ended(const Flow& flow, Ended otherwise);

  // housekeeping.cpp
  [[nodiscard]] uint32_t idle_limit_ms(const Flow& flow) const;
  void sweep_flow(Flow& flow);
  void time_out(Flow& flow);
  void hold(Flow& flow);
  void abandon(const Flow& flow);
  void release_context(Flow& flow);
  void erase(Flow& flow, Ended how);
  void show_gauges();

  void touch(Flow& flow) const { flow.last_ms = static_cast<uint32_t>(now_.ms); }
  static void note_closing(const Packet& packet, Flow& flow);
  /// Why a packet passes that changes nothing.
  static Reason passing(const Flow& flow) {
    return flow.state == FlowState::Undecided ? Reason::Undecided : Reason::Decided;
  }
  bool from_opener(const Arrival& arrival, const Flow& flow) const {
    return arrival.from_lan() != flow.has(kFlowInbound);
  }

  const PipelineConfig config_;
  rte_mempool* const pool_;
  WorkerStats& stats_;
  EventRing& ring_;
  LineFigures lines_;
  Shedding shedding_;
  std::array<uint64_t, 3> shown_{};  ///< of the totals that others count, see show_gauges
  const Policy* policy_ = nullptr;
  Scratch* scratch_ = nullptr;
  uint32_t generation_ = 0;
  Epoch epoch_ = kNoEpoch;
  std::array<uint8_t, kMaxPairs> line_of_pair_{};
  std::array<uint16_t, kMaxPorts> opposite_{};                ///< by port: the other port of its pair
  std::array<std::array<uint16_t, 2>, kMaxPairs> port_of_{};  ///< by pair and Side
  FlowTable flows_;
  ContextPool contexts_;
  NamePool names_;
  Bindings bindings_;
  Questions questions_;
  OpenedTunnels opened_;
  EchNames ech_names_;
  NameAddresses site_addresses_, own_addresses_;  ///< of registered resolvers; of clients that asked
  QuicOpener quic_opener_;
  QuicIds quic_ids_;
  QuicOpenings quic_openings_;
  QuicBudget quic_budget_;
  Fragments fragments_;
  Clock now_{};
  uint64_t started_ms_ = 0;
  bool started_ = false;
  uint32_t swept_ = 0;
  // Of ends of which there are too many in a flood: when their present second began, how many were written in
  // it, and how many flows have ended without one since the last end.
  uint64_t ends_since_ms_ = 0;
  uint32_t ends_written_ = 0, ends_left_out_ = 0;
  Output* out_ = nullptr;
  std::array<Glimpse, kBurst> glimpses_{};
  std::array<rte_mbuf*, kBurst> dropped_{};  ///< freed together: what is read for it is in memory
  unsigned dropped_count_ = 0;
  static constexpr size_t kSpare = 1;  ///< the arrival of what fragments.cpp makes or brings back
  std::array<Arrival, 2> arrivals_{};
  uint8_t header_scratch_[2][kMaxHeaderBytes];  ///< headers of frames whose first segment is short
  std::array<rte_mbuf, 2> whole_{};             ///< the headers and the payload of a datagram put together
  FixedArray<uint8_t> payload_scratch_;         ///< kMaxFrame bytes: payload of frames of several segments
  FixedArray<uint8_t> dns_scratch_;             ///< kMaxFrame bytes: a DNS answer that is changed
  FixedArray<uint8_t> message_scratch_;         ///< kStreamWindow bytes: a DNS message of a stream
};

}  // namespace sluice
