// tests: runs one case.
#include "tests/cases/case.h"

#include <rte_mbuf.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <sstream>

#include "tests/support/payload.h"

namespace sluice::test {
namespace {

std::string file_text(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw CaseFailure(path + ": cannot be read");
  std::ostringstream out;
  out << file.rdbuf();
  return out.str();
}

/// "10.20.1.7:40000" or "[fd00::1]:40000".
void parse_end(const std::string& text, std::string& address, uint16_t& port) {
  const size_t colon = text.rfind(':');
  address = text.substr(0, colon);
  if (address.starts_with('[')) address = address.substr(1, address.size() - 2);
  port = static_cast<uint16_t>(std::stoul(text.substr(colon + 1)));
}

template <typename T>
T get(const YAML::Node& node, const char* key, T otherwise) {
  return node[key] ? node[key].as<T>() : otherwise;
}

}  // namespace

Case::Case(const std::string& path, const std::string& policies, rte_mempool* pool)
    : path_(path), policies_(policies), pool_(pool) {}

void Case::fail(const std::string& why) const {
  throw CaseFailure(path_ + ":" + std::to_string(line_) + ": " + why);
}

void Case::run() {
  try {
    root_ = YAML::LoadFile(path_);
    line_ = 1;
    load_flows();
    if (root_["at"]) set_clock(root_["at"]);
    load_policy(root_);
    make_gateway();
    for (const auto& node : root_["steps"]) step(node);
    if (root_["steps"].size() == 0) fail("no steps");
  } catch (const YAML::Exception& problem) {
    fail(std::string("YAML: ") + problem.what());
  } catch (const CaseFailure& problem) {
    if (std::string_view(problem.what()).starts_with(path_)) throw;
    fail(problem.what());
  }
}

/// `2026-11-23T08:29:58`, in UTC.
void Case::set_clock(const YAML::Node& at) {
  const auto text = at.as<std::string>();
  std::tm time{};
  const char* const end = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &time);
  if (end == nullptr || *end != '\0') fail("at: write 2026-11-23T08:29:58");
  clock_.utc_ns = timegm(&time) * int64_t{1'000'000'000};
}

/// node's `policy`: the name of a file or of a directory, or its text; `with` adds more text to it.
control::Compiled Case::compile(const YAML::Node& node, uint32_t generation) const {
  const control::CompileOptions options{
      .now = std::chrono::sys_seconds{std::chrono::seconds{clock_.utc_ns / 1'000'000'000}}};
  const auto text = node["policy"].as<std::string>();
  const bool named = text.find('\n') == std::string::npos;
  const YAML::Node with = node["with"] ? node["with"] : root_["with"];
  if (named && std::filesystem::is_directory(policies_ + "/" + text)) {
    if (with) fail("`with` adds to one file, not to a directory");
    return control::compile_policy(policies_ + "/" + text, generation, options);
  }
  std::vector<control::SourceText> texts;
  texts.push_back(
      {named ? text + ".yaml" : "case.yaml", named ? file_text(policies_ + "/" + text + ".yaml") : text});
  if (with) texts.push_back({"with.yaml", with.as<std::string>()});
  const auto files = [this](const std::string& path, std::string& list, std::string& error) {
    const YAML::Node file = root_["files"][std::filesystem::path(path).filename().string()];
    error = "the case has no such file";
    if (file) list = file.as<std::string>();
    return file.IsDefined();
  };
  return control::compile_texts(texts, ".", files, generation, options);
}

/// node's `policy`, or `none`.
void Case::load_policy(const YAML::Node& node) {
  if (node["policy"].as<std::string>() == "none") return gateway_->set_policy(nullptr, nullptr);
  control::Compiled compiled = compile(node, static_cast<uint32_t>(policies_loaded_.size() + 1));
  if (!compiled.policy)
    fail(compiled.diagnostics.empty() ? "no policy" : to_string(compiled.diagnostics.front()));
  auto loaded = std::make_unique<Loaded>(Loaded{std::move(*compiled.policy), nullptr, {}});
  ImageError error;
  loaded->policy = Policy::open(loaded->compiled.image(), error);
  if (loaded->policy == nullptr) fail(std::string(text_of(error)));
  if (!loaded->policy->make_scratch(loaded->scratch)) fail("no memory");
  policies_loaded_.push_back(std::move(loaded));
  if (gateway_ != nullptr)
    gateway_->set_policy(policies_loaded_.back()->policy.get(), &policies_loaded_.back()->scratch);
}

void Case::make_gateway() {
  const YAML::Node node = root_["pipeline"];
  PipelineConfig config;
  config.flows = 1024;
  config.undecided = 64;
  config.bindings = 64;
  config.seed = 42;
  Loaded& loaded = *policies_loaded_.back();
  config.lines[0] = loaded.policy->line_name(0);
  std::string line;
  uint64_t ring_slots = replay::kRingSlots;
  if (node) {
    config.flows = get(node, "flows", config.flows);
    config.undecided = get(node, "undecided", config.undecided);
    config.bindings = get(node, "bindings", config.bindings);
    config.verify_checksums = get(node, "checksums", true);
    config.replay = get(node, "replay", false);
    line = get<std::string>(node, "line", "");
    ring_slots = get(node, "log", ring_slots);
  }
  if (!line.empty()) config.lines[0] = line;
  gateway_ = replay::Gateway::create(config, pool_, *loaded.policy, loaded.scratch, ring_slots);
  if (gateway_ == nullptr) fail("no memory for the pipeline");
}

void Case::load_flows() {
  for (const auto& entry : root_["flows"]) {
    CaseFlow flow;
    const YAML::Node& node = entry.second;
    parse_end(node["client"].as<std::string>(), flow.client, flow.client_port);
    parse_end(node["server"].as<std::string>(), flow.server, flow.server_port);
    flow.tcp = get<std::string>(node, "transport", "tcp") == "tcp";
    flow.inbound = get(node, "inbound", false);
    flow.vlans = get<std::vector<uint16_t>>(node, "vlans", {});
    if (node["inside"]) flow.inside = node["inside"];
    flow.client_next = get(node, "start", flow.client_next);
    flows_[entry.first.as<std::string>()] = flow;
  }
}

void Case::step(const YAML::Node& node) {
  line_ = node.Mark().line + 1;
  if (node["open"]) return open(node);
  if (node["client"]) return say(node, true);
  if (node["server"]) return say(node, false);
  if (node["wait"]) return wait(node);
  if (node["policy"]) return load_policy(node);
  if (node["frame"]) return send(frame_of(node["frame"], flows_), node);
  fail("a step that is none of open, client, server, frame, wait and policy");
}

/// Three packets that pass with nothing said of them.
void Case::open(const YAML::Node& node) {
  CaseFlow& flow = flows_.at(node["open"].as<std::string>());
  const auto from = [&flow](bool client) { return client != flow.inbound ? Side::Lan : Side::Line; };
  const auto pass = [&](bool client, uint8_t flags, const char* reason) {
    const Bytes frame = arriving(flow, client, flow_frame(flow, client, flags));
    YAML::Node expected;
    expected["passes"] = get<std::string>(node, "passes", reason);
    if (client && !(flags & kAck) && node["records"]) expected["records"] = node["records"];
    send({frame, from(client), frame, 0, {}}, expected);
    if (flags & kSyn) ++(client ? flow.client_next : flow.server_next);
  };
  pass(true, kSyn, "undecided");
  pass(false, kSyn | kAck, "undecided");
  pass(true, kAck, "undecided");
}

/// One side's payload, in one packet or in several; all but the last of them pass undecided.
void Case::say(const YAML::Node& node, bool client) {
  CaseFlow& flow = flows_.at(node[client ? "client" : "server"].as<std::string>());
  const Side from = client != flow.inbound ? Side::Lan : Side::Line;
  Bytes whole = payload_of(node, flows_);
  int64_t ahead = get<int64_t>(node, "ahead", 0);
  if (node["slice"]) {
    const auto ends = node["slice"].as<std::vector<size_t>>();
    whole = Bytes(&whole.at(ends.at(0)), &whole.at(ends.at(1) - 1) + 1);
    ahead = static_cast<int64_t>(ends[0]);
  }
  const uint8_t flags = flags_of(get<std::string>(node, "flags", "PA"));
  auto cuts = get<std::vector<size_t>>(node, "cuts", {});
  const auto every = get<size_t>(node, "every", whole.size());
  for (size_t cut = every; cut < whole.size(); cut += every) cuts.push_back(cut);
  cuts.push_back(whole.size());
  size_t at = 0;
  for (const size_t cut : cuts) {
    const bool last = cut == whole.size();
    if (cut < at || cut > whole.size()) fail("a cut outside the payload of " + std::to_string(whole.size()));
    const Bytes part(whole.begin() + static_cast<ptrdiff_t>(at), whole.begin() + static_cast<ptrdiff_t>(cut));
    Frame frame = flow_frame(flow, client, flags, ahead).payload(part);
    if (node["wrong"]) frame.wrong_l4_checksum();
    // What leaves bears no urgent mark.
    const auto calm = static_cast<uint8_t>(flags & ~kUrg);
    const Bytes left = last && node["leaves"] ? payload_of(node["leaves"], flows_) : part;
    const Bytes leaves = arriving(flow, client, flow_frame(flow, client, calm, ahead).payload(left));
    YAML::Node passes;
    passes["passes"] = get<std::string>(node, "before", "undecided");
    const Sending sending{arriving(flow, client, frame), from, leaves, frame.l3_offset(), {}};
    for (auto times = get<size_t>(node, "repeated", 1); times > 1; --times) send_at_once(sending, passes);
    send(sending, last ? node : passes);
    at = cut;
    if ((last && !node["passes"]) || node["ahead"] || node["slice"]) continue;
    const uint32_t control = ((flags & kSyn) != 0) + ((flags & kFin) != 0);
    (client ? flow.client_next : flow.server_next) += static_cast<uint32_t>(part.size()) + control;
  }
}

/// Time goes on as a worker's does; what was held may be given up.
void Case::wait(const YAML::Node& node) {
  const auto before = counters();
  const uint64_t end = clock_.ms + node["wait"].as<uint64_t>() * 1000;
  std::vector<std::string> answers;
  while (clock_.ms < end) {
    clock_.ms += 100;
    clock_.utc_ns += 100'000'000;
    gateway_->housekeeping(clock_);
    for (std::string& answer : answers_in_output()) answers.push_back(std::move(answer));
    gateway_->clear_output();
  }
  check_counters(before, node);
  check_answers(std::move(answers), node);
  check_records(node);
}

/// The frame's fragments in the order given; all but the last are held, and the last one's verdict is theirs
/// too.
void Case::send_fragments(const Sending& sending, const YAML::Node& node) {
  const YAML::Node said = node["fragments"];
  std::vector<size_t> cuts;
  if (said.IsSequence()) cuts = said.as<std::vector<size_t>>();
  const size_t each = said.IsScalar() ? said.as<size_t>() : 0;
  for (size_t at = each; each != 0 && at < sending.frame.size(); at += each) cuts.push_back(at);
  const auto id = get<uint32_t>(node, "id", 7);
  const auto parts = fragments_of(sending.frame, sending.l3_offset, cuts, id);
  const auto leaving = fragments_of(sending.expected, sending.l3_offset, cuts, id);
  std::vector<size_t> order(get(node, "first", parts.size()));
  std::iota(order.begin(), order.end(), size_t{0});
  order = get(node, "order", order);
  YAML::Node holds, last = YAML::Clone(node);
  holds["holds"] = true;
  last.remove("fragments");
  if (!node["holds"] && !node["times"]) last["times"] = order.size();
  for (size_t at = 0; at < order.size(); ++at) {
    const Bytes& part = parts.at(order[at]);
    send({part, sending.from, leaving.at(order[at]), sending.l3_offset, sending.frame},
         at + 1 < order.size() ? holds : last);
  }
}

void Case::send(const Sending& sending, const YAML::Node& node) {
  if (node["fragments"]) return send_fragments(sending, node);
  clock_.ms += 1;
  clock_.utc_ns += 1'000'000;
  send_at_once(sending, node);
}

void Case::send_at_once(const Sending& sending, const YAML::Node& node) {
  const auto before = counters();
  if (!gateway_->process(sending.frame, sending.from, clock_)) fail("no buffers left");
  check_counters(before, node);
  if (node["holds"]) held_.push_back(sending.expected);
  check_outputs(sending, node);
  gateway_->clear_output();
  if (!node["unread"]) check_records(node);
}

}  // namespace sluice::test
