// tests: holds what the pipeline did against what a case expects.
#include <arpa/inet.h>
#include <rte_mbuf.h>

#include <algorithm>

#include "tests/cases/case.h"

namespace sluice::test {
namespace {

std::string address_text(const Address& address) {
  char out[INET6_ADDRSTRLEN];
  if (address.is_v4()) return inet_ntop(AF_INET, address.bytes.data() + 12, out, sizeof out);
  return inet_ntop(AF_INET6, address.bytes.data(), out, sizeof out);
}

std::string hex(const Bytes& data) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const uint8_t byte : data) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

std::string changes(const std::vector<uint64_t>& before, const std::vector<uint64_t>& after) {
  std::string out;
  for (size_t at = 0; at < before.size(); ++at) {
    if (before[at] == after[at]) continue;
    const auto reason = static_cast<Reason>(at % kReasonCount);
    out += (out.empty() ? "" : ", ") + std::string(at < kReasonCount ? "passed " : "dropped ");
    out += std::string(word_of(reason));
    if (after[at] - before[at] != 1) out += " " + std::to_string(after[at] - before[at]) + " times";
  }
  return out.empty() ? "nothing" : out;
}

/// How many packets pass or are dropped for each reason: `passes: decided`, with `times`, or
/// `drops: {fragment: 1, blocked-flow: 3}`.
std::map<std::string, size_t> outcome(const YAML::Node& node) {
  const YAML::Node said = node["passes"] ? node["passes"] : node["drops"];
  if (said && said.IsMap()) return said.as<std::map<std::string, size_t>>();
  if (!said) return {};
  return {{said.as<std::string>(), node["times"] ? node["times"].as<size_t>() : 1}};
}

}  // namespace

std::vector<uint64_t> Case::counters() const {
  std::vector<uint64_t> out;
  for (const Counter& counter : gateway_->stats().passed) out.push_back(counter.get());
  for (const Counter& counter : gateway_->stats().dropped) out.push_back(counter.get());
  return out;
}

void Case::check_counters(const std::vector<uint64_t>& before, const YAML::Node& node) const {
  const bool passes = static_cast<bool>(node["passes"]), drops = static_cast<bool>(node["drops"]);
  const std::string got = changes(before, counters());
  if (node["holds"] || (node["wait"] && !drops)) {
    if (got != "nothing") fail("expected nothing to pass or drop, got " + got);
    return;
  }
  if (passes == drops) fail("a step says one of passes, drops and holds");
  std::vector<uint64_t> expected = before;
  for (const auto& [reason, times] : outcome(node)) {
    const auto* found = std::find(std::begin(kReasonWords), std::end(kReasonWords), reason);
    if (found == std::end(kReasonWords)) fail(reason + " is no reason");
    expected[static_cast<size_t>(found - kReasonWords) + (passes ? 0 : kReasonCount)] += times;
  }
  if (got != changes(before, expected)) fail("expected " + changes(before, expected) + ", got " + got);
}

void Case::check_answer(const Sending& sending, const Wire& answer, Side side) const {
  if (!answer.ip || !answer.ip_checksum_right || !answer.l4_checksum_right)
    fail("an answer with a wrong checksum");
  const Wire asked = read_wire(sending.whole.empty() ? sending.frame : sending.whole);
  if (answer.protocol != 6 || asked.protocol != 6 || side != sending.from) return;
  const uint32_t seq = asked.flags & kAck ? asked.ack : 0;
  const uint32_t ack = asked.seq + static_cast<uint32_t>(asked.payload.size()) + ((asked.flags & kSyn) != 0) +
                       ((asked.flags & kFin) != 0);
  if (answer.seq != seq || answer.ack != ack) fail("an answer whose numbers its receiver does not expect");
}

void Case::check_outputs(const Sending& sending, const YAML::Node& node) {
  const Side other = sending.from == Side::Lan ? Side::Line : Side::Lan;
  std::vector<std::string> answers;
  size_t times = 0;
  if (node["passes"])
    for (const auto& entry : outcome(node)) times += entry.second;
  if (times > 0) held_.push_back(sending.expected);
  auto may_leave = held_.begin();
  size_t passed = 0;
  for (const Side side : {Side::Lan, Side::Line}) {
    const auto& batch = gateway_->output().ports[side == Side::Lan ? replay::kLanPort : replay::kLinePort];
    for (uint16_t at = 0; at < batch.count; ++at) {
      const Bytes frame = to_bytes(batch.packets[at]);
      const auto found = side == other ? std::find(may_leave, held_.end(), frame) : held_.end();
      if (found != held_.end()) {
        may_leave = held_.erase(found);
        ++passed;
        continue;
      }
      const Wire wire = read_wire(frame);
      const std::string kind = kind_of(wire);
      answers.push_back(kind + " to " + (side == Side::Lan ? "lan" : "line"));
      if (kind == "other") fail("something else left, to the " + answers.back() + ": " + hex(frame));
      check_answer(sending, wire, side);
      const std::string text(wire.payload.begin(), wire.payload.end());
      for (const auto& part : node["says"]) {
        if (kind == "http-page" && text.find(part.as<std::string>()) == std::string::npos) {
          fail("the page does not say " + part.as<std::string>());
        }
      }
    }
  }
  if (passed != times) fail("the frame did not leave unchanged");
  check_answers(std::move(answers), node);
}

/// What left although no frame was sent.
std::vector<std::string> Case::answers_in_output() const {
  std::vector<std::string> answers;
  for (const Side side : {Side::Lan, Side::Line}) {
    const auto& batch = gateway_->output().ports[side == Side::Lan ? replay::kLanPort : replay::kLinePort];
    for (uint16_t at = 0; at < batch.count; ++at) {
      const Wire wire = read_wire(to_bytes(batch.packets[at]));
      if (!wire.ip_checksum_right || !wire.l4_checksum_right) fail("an answer with a wrong checksum");
      answers.push_back(kind_of(wire) + " to " + (side == Side::Lan ? "lan" : "line"));
    }
  }
  return answers;
}

void Case::check_answers(std::vector<std::string> answers, const YAML::Node& node) const {
  auto expected =
      node["answers"] ? node["answers"].as<std::vector<std::string>>() : std::vector<std::string>();
  std::sort(expected.begin(), expected.end());
  std::sort(answers.begin(), answers.end());
  if (answers == expected) return;
  std::string got;
  for (const std::string& answer : answers) got += "\n    " + answer;
  fail("other answers than expected:" + (got.empty() ? " none" : got));
}

void Case::check_record(const SeenRecord& seen, const YAML::Node& expected) const {
  const Record& record = seen.record;
  const Policy& policy = *policies_loaded_.back()->policy;
  std::map<std::string, std::string> got = {
      {"action", std::string(word_of(static_cast<Action>(record.action)))},
      {"would", std::string(word_of(static_cast<Action>(record.would)))},
      {"reason", std::string(word_of(static_cast<Reason>(record.reason)))},
      {"protocol", std::string(word_of(static_cast<Protocol>(record.protocol)))},
      {"seen", std::string(word_of(static_cast<Seen>(record.seen)))},
      {"direction", static_cast<Direction>(record.direction) == Direction::Inbound ? "inbound" : "outbound"},
      {"rule", std::string(policy.rule_name(record.rule))},
      {"list", std::string(policy.list_name(record.list))},
      {"network", std::string(policy.network_name(record.network))},
      {"name", seen.name},
      {"source", address_text(record.source)},
      {"destination", address_text(record.destination)},
      {"source-port", std::to_string(record.source_port)},
      {"destination-port", std::to_string(record.destination_port)},
      {"source-bytes", std::to_string(record.source_bytes)},
      {"destination-bytes", std::to_string(record.destination_bytes)},
      {"vlan", record.vlan == kNoVlan ? "" : std::to_string(record.vlan)},
      {"generation", std::to_string(record.generation)},
      {"mac", hex(Bytes(record.mac, record.mac + 6))},
      {"ttl", std::to_string(record.ttl)},
  };
  if (record.ended != Ended::No) {
    got["ended"] = word_of(record.ended);
    got["access"] = std::to_string(record.end.access);
    got["source-packets"] = std::to_string(record.end.source_packets);
    got["destination-packets"] = std::to_string(record.end.destination_packets);
    got["duration"] = std::to_string(record.end.duration_ms);
    got["idle"] = std::to_string(record.end.idle_ms);
  }
  for (const auto& entry : expected) {
    const auto key = entry.first.as<std::string>(), value = entry.second.as<std::string>();
    const auto found = got.find(key);
    if (found == got.end()) fail("a record has no " + key);
    if (found->second != value)
      fail("the record's " + key + " is '" + found->second + "', expected '" + value + "'");
  }
}

void Case::check_records(const YAML::Node& node) {
  std::vector<SeenRecord> accesses, ends;
  const auto into = [](std::vector<SeenRecord>& seen) {
    return [&seen](const Record& record, std::string_view name) {
      seen.push_back({record, std::string(name)});
    };
  };
  gateway_->drain(into(accesses), into(ends));
  check_these(accesses, node["records"], "records");
  if (node["ends"]) check_these(ends, node["ends"], "ends");
}

void Case::check_these(const std::vector<SeenRecord>& seen, const YAML::Node& expected,
                       const std::string& what) const {
  const size_t count = expected ? expected.size() : 0;
  if (seen.size() != count) {
    std::string got;
    for (const SeenRecord& one : seen) {
      got += "\n    " + std::string(word_of(static_cast<Action>(one.record.action))) + " " +
             std::string(word_of(static_cast<Reason>(one.record.reason))) + " '" + one.name + "'";
    }
    fail("expected " + std::to_string(count) + " " + what + ", got " + std::to_string(seen.size()) + got);
  }
  for (size_t at = 0; at < count; ++at) check_record(seen[at], expected[at]);
}

}  // namespace sluice::test
