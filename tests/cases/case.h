// tests: one case: a policy, and frames with what must become of each.
#pragma once

#include <yaml-cpp/yaml.h>

#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "control/policy/policy_compiler.h"
#include "dataplane/decode/packet.h"
#include "dataplane/replay/gateway.h"
#include "tests/support/frame.h"
#include "tests/support/wire.h"

namespace sluice::test {

/// A case that does not hold, or cannot be read: what() says where and why.
struct CaseFailure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A connection that steps speak of by its name; it keeps the numbers of both ends.
struct CaseFlow {
  std::string client, server;
  uint16_t client_port = 0, server_port = 0;
  bool tcp = true, inbound = false;  ///< inbound: the client is on the line
  std::vector<uint16_t> vlans;
  YAML::Node inside;  ///< the tunnel that carries its packets, if any does
  uint32_t client_next = 1000, server_next = 5000;
};

/// What one step sends.
struct Sending {
  Bytes frame;
  Side from = Side::Lan;
  Bytes expected;        ///< what must leave on the other side; the frame itself but where it is completed
  size_t l3_offset = 0;  ///< of its IP header
  Bytes whole;           ///< of a fragment: the frame that it is one of
};

/// A record and its name.
struct SeenRecord {
  Record record;
  std::string name;
};

/// The payload that a node's `tls`, `http`, `dns`, `dns-answer`, `text`, `hex`, `zeros`, `quotes` or
/// `carries` describes.
Bytes payload_of(const YAML::Node& node, const std::map<std::string, CaseFlow>& flows);
/// A client's Initial, from `quic`: its hello's name, or all that makes it.
Bytes quic_initial_of(const YAML::Node& node);
/// Another QUIC packet, from an entry of `quic-packets`.
Bytes quic_packet_of(const YAML::Node& node);
/// A frame described field by field.
Sending frame_of(const YAML::Node& node, const std::map<std::string, CaseFlow>& flows);
/// A frame of a flow, from its client or its server; for TCP with its numbers, ahead of them by `ahead`.
Frame flow_frame(const CaseFlow& flow, bool from_client, uint8_t flags, int64_t ahead = 0);
/// frame of a flow as it arrives: inside its tunnel, if it has one.
Bytes arriving(const CaseFlow& flow, bool from_client, const Frame& frame);
/// "SA" and the like.
uint8_t flags_of(const std::string& letters);
/// "tls-alert", "http-page", "reset", "nxdomain", "icmp-prohibited", or "other".
std::string kind_of(const Wire& answer);

/// Runs one YAML file.
class Case {
 public:
  /// path: the file. policies: the directory of policies that cases name.
  Case(const std::string& path, const std::string& policies, rte_mempool* pool);
  /// Returns when every step held; throws CaseFailure otherwise.
  void run();

 private:
  struct Loaded {
    control::CompiledPolicy compiled;
    std::unique_ptr<Policy> policy;
    Scratch scratch;
  };
  void set_clock(const YAML::Node& at);
  [[nodiscard]] control::Compiled compile(const YAML::Node& node, uint32_t generation) const;
  void load_policy(const YAML::Node& node);
  void make_gateway();
  void load_flows();
  void step(const YAML::Node& node);
  void open(const YAML::Node& node);
  void say(const YAML::Node& node, bool client);
  void wait(const YAML::Node& node);
  void send(const Sending& sending, const YAML::Node& node);
  void send_at_once(const Sending& sending, const YAML::Node& node);
  void send_fragments(const Sending& sending, const YAML::Node& node);
  [[nodiscard]] std::vector<std::string> answers_in_output() const;
  void check_answers(std::vector<std::string> answers, const YAML::Node& node) const;
  void check_counters(const std::vector<uint64_t>& before, const YAML::Node& node) const;
  void check_outputs(const Sending& sending, const YAML::Node& node);
  void check_answer(const Sending& sending, const Wire& answer, Side side) const;
  void check_records(const YAML::Node& node);
  void check_these(const std::vector<SeenRecord>& seen, const YAML::Node& expected,
                   const std::string& what) const;
  void check_record(const SeenRecord& seen, const YAML::Node& expected) const;
  std::vector<uint64_t> counters() const;
  [[noreturn]] void fail(const std::string& why) const;

  const std::string path_, policies_;
  rte_mempool* const pool_;
  YAML::Node root_;
  std::vector<std::unique_ptr<Loaded>> policies_loaded_;
  std::unique_ptr<replay::Gateway> gateway_;
  std::map<std::string, CaseFlow> flows_;
  std::vector<Bytes> held_;  ///< fragments that have neither left nor been dropped, in order
  Clock clock_{1'000'000, 1'790'000'000'000'000'000};
  int line_ = 0;
};

}  // namespace sluice::test
