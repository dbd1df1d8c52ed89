// boot: bringing up the parts.
#include "dataplane/boot/data_plane.h"

#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_ring.h>
#include <rte_ring_elem.h>
#include <sys/random.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "dataplane/boot/confine.h"
#include "dataplane/boot/kept_memory.h"
#include "dataplane/io/port.h"

namespace sluice {
namespace {

constexpr uint32_t kBufferCache = 256;
/// Ten seconds of 200,000 records: accesses, most of one slot, and as many ends, of two where they bear a
/// name.
constexpr uint64_t kRingSlotsInAll = uint64_t{3} << 20;
constexpr uint32_t kUndecidedShare = 8;  ///< one flow in so many may be undecided or speak HTTP
/// Each has 16 KB mapped for what it may have to remember: the most are 2 GB, which a kernel still promises
/// where a table of ten million flows would ask for more than the machine has.
constexpr uint32_t kLeastUndecided = 1024, kMostUndecided = 131'072;

int confine_worker(void*) {
  return drop_capabilities().empty() ? 0 : -1;
}

int run_worker(void* loop) {
  run_loop(*static_cast<const Loop*>(loop));
  return 0;
}

}  // namespace

BootError DataPlane::prepare(GenerationSwitch& generations) {
  std::vector<std::string_view> lines;
  for (const PairSpec& pair : options_.pairs) lines.emplace_back(pair.line);
  const uint64_t slots = options_.ring_mb != 0
                             ? std::bit_floor((uint64_t{options_.ring_mb} << 20) / kSlotBytes)
                             : std::bit_ceil(kRingSlotsInAll / options_.workers);
  if (BootError error = open_kept(shared_, {options_.workers, lines, slots}, memory_said_); !error.empty())
    return error;
  if (BootError error = make_pool(); !error.empty()) return error;
  if (BootError error = find_ports(); !error.empty()) return error;
  if (BootError error = make_pipelines(generations); !error.empty()) return error;
  return make_rings();
}

BootError DataPlane::make_pool() {
  const auto room = static_cast<uint16_t>(buffer_bytes(options_) + RTE_PKTMBUF_HEADROOM);
  pool_ = rte_pktmbuf_pool_create("sluice", buffer_count(options_), kBufferCache, 0, room,
                                  static_cast<int>(rte_socket_id()));
  if (pool_ == nullptr) return std::string("no memory for packet buffers: ") + rte_strerror(rte_errno);
  return {};
}

BootError DataPlane::find_ports() {
  for (size_t pair = 0; pair < options_.pairs.size(); ++pair) {
    const PortSpec* specs[] = {&options_.pairs[pair].lan, &options_.pairs[pair].toward_line};
    for (const Side side : {Side::Lan, Side::Line}) {
      const PortSpec& spec = *specs[static_cast<size_t>(side)];
      uint16_t port = 0;
      if (rte_eth_dev_get_port_by_name(spec.device.c_str(), &port) != 0)
        return "port " + spec.text + ": not there";
      if (port >= kMaxPorts) return "port " + spec.text + ": more ports than a gateway has pairs for";
      places_[port] = {static_cast<uint8_t>(pair), side};
      ++port_count_;
    }
  }
  if (rte_eth_dev_count_avail() != port_count_)
    return "a port is named twice, or a device brings more ports than it was named for";
  return {};
}

BootError DataPlane::make_pipelines(GenerationSwitch& generations) {
  PipelineConfig config;
  config.flows = options_.flows;
  config.undecided = std::clamp(options_.flows / kUndecidedShare, kLeastUndecided, kMostUndecided);
  config.workers = static_cast<uint8_t>(options_.workers);
  config.ports = places_;
  config.port_count = port_count_;
  config.boot = shared_.boot();
  for (size_t pair = 0; pair < options_.pairs.size(); ++pair) config.lines[pair] = options_.pairs[pair].line;
  config.seed = options_.seed;
  if (config.seed == 0 && getrandom(&config.seed, sizeof config.seed, 0) != sizeof config.seed)
    return "no randomness to key the tables";
  for (uint8_t worker = 0; worker < options_.workers; ++worker) {
    config.worker = worker;
    rings_.push_back(std::make_unique<EventRing>(shared_.ring(worker), shared_.ring_slots()));
    pipelines_.push_back(Pipeline::create(config, pool_, shared_.stats(worker), *rings_.back()));
    if (!pipelines_.back())
      return "no memory for " + std::to_string(options_.flows) + " flows on each worker";
    Loop loop;
    loop.worker = worker;
    loop.workers = config.workers;
    loop.port_count = port_count_;
    loop.ports = places_;
    loop.pipeline = pipelines_.back().get();
    loop.stats = &shared_.stats(worker);
    loop.generation = &generations.current();
    loop.quiescence = generations.quiescence();
    loop.stop = &stop_;
    loops_.push_back(loop);
  }
  return {};
}

BootError DataPlane::make_rings() {
  for (Loop& loop : loops_) {
    const std::string name = "told-" + std::to_string(loop.worker);
    loop.told = rte_ring_create_elem(name.c_str(), sizeof(DnsNews), kNewsSlots, SOCKET_ID_ANY,
                                     RING_F_SP_ENQ | RING_F_SC_DEQ);
    if (loop.told == nullptr) return "no memory for the rings to the workers";
  }
  if (options_.workers == 1) return {};
  for (uint32_t owner = 0; owner < options_.workers; ++owner) {
    const std::string number = std::to_string(owner);
    rte_ring* packets =
        rte_ring_create(("handover-" + number).c_str(), kHandoverSlots, SOCKET_ID_ANY, RING_F_SC_DEQ);
    rte_ring* news = rte_ring_create_elem(("news-" + number).c_str(), sizeof(DnsNews), kNewsSlots,
                                          SOCKET_ID_ANY, RING_F_SC_DEQ);
    if (packets == nullptr || news == nullptr) return "no memory for the rings between workers";
    for (Loop& loop : loops_) {
      loop.handover[owner] = packets;
      loop.news[owner] = news;
    }
  }
  return {};
}

BootError DataPlane::open_ports() {
  bool software = true;
  for (uint16_t port = 0; port < port_count_; ++port) {
    const PortPlace place = places_[port];
    const PairSpec& pair = options_.pairs[place.pair];
    const PortSpec& spec = place.side == Side::Lan ? pair.lan : pair.toward_line;
    const PortError error = start_port(port, static_cast<uint16_t>(options_.workers), options_.mtu, pool_);
    if (error.what != nullptr)
      return "port " + spec.text + ": " + error.what +
             (error.code != 0 ? std::string(": ") + std::strerror(error.code) : "");
    ++open_ports_;
    software = software && is_software_port(port);
  }
  for (Loop& loop : loops_) loop.may_sleep = software && !options_.spin;
  for (size_t pair = 0; pair < options_.pairs.size(); ++pair)
    if (options_.pairs[pair].follow && options_.pairs[pair].is_cards()) follows_[pair].emplace();
  return {};
}

BootError DataPlane::confine() {
  const bool unloads_bpf =
      std::any_of(options_.pairs.begin(), options_.pairs.end(),
                  [](const PairSpec& pair) { return pair.lan.brings_bpf || pair.toward_line.brings_bpf; });
  if (unloads_bpf) return confine_system_calls(true);  // which asks for the capabilities, too
  for (uint32_t worker = 0; worker < options_.workers; ++worker)
    if (rte_eal_remote_launch(confine_worker, nullptr, worker + 1) != 0 ||
        rte_eal_wait_lcore(worker + 1) != 0)
      return "a worker cannot give up its capabilities";
  if (BootError error = drop_capabilities(); !error.empty()) return error;
  return confine_system_calls(false);
}

BootError DataPlane::launch() {
  launched_ = true;
  for (uint32_t worker = 0; worker < options_.workers; ++worker)
    if (rte_eal_remote_launch(run_worker, &loops_[worker], worker + 1) != 0) return "a worker's core is busy";
  return {};
}

std::optional<uint32_t> DataPlane::hung_worker() {
  std::vector<uint64_t> turns;
  for (uint32_t worker = 0; worker < options_.workers; ++worker)
    turns.push_back(shared_.stats(worker).turns.sum_ns());
  return watchdog_.look(turns);
}

std::vector<std::string> DataPlane::look_at_links() {
  std::vector<std::array<LinkState, 2>> links(options_.pairs.size());
  std::vector<std::array<uint16_t, 2>> ports(options_.pairs.size());
  for (uint16_t port = 0; port < port_count_; ++port) {
    const PortPlace place = places_[port];
    const auto side = static_cast<size_t>(place.side);
    links[place.pair][side] = link_of_port(port);
    ports[place.pair][side] = port;
    set_link(shared_.header(), place.pair, side, links[place.pair][side]);
  }
  std::vector<std::string> said;
  for (size_t pair = 0; pair < follows_.size(); ++pair) {
    if (!follows_[pair]) continue;
    const auto order = follows_[pair]->look(links[pair][0], links[pair][1]);
    if (!order) continue;
    const int code = order_link(ports[pair][static_cast<size_t>(order->port)], order->up);
    const PairSpec& spec = options_.pairs[pair];
    const std::string& port = order->port == Side::Lan ? spec.lan.text : spec.toward_line.text;
    said.push_back(spec.line + (order->up ? ": the other port has its link again; brings " + port + " up"
                                          : ": the other port has lost its link; takes " + port + " down"));
    if (code == 0) continue;
    said.back() += std::string(", and cannot: ") + std::strerror(code) + "; its links follow no more";
    follows_[pair].reset();
  }
  return said;
}

bool DataPlane::bind(const Binding& binding) {
  // Some of an answer's addresses may be lost on the way, so they are never said to be all of the name's.
  const auto kind = binding.kind == Binding::Kind::EchName ? DnsNews::Kind::EchName : DnsNews::Kind::Hint;
  DnsNews news{kind, binding.address, Address{}, binding.ttl_s, binding.name_size, {}};
  std::memcpy(news.name, binding.name, sizeof news.name);
  bool taken = true;
  for (const Loop& loop : loops_) taken &= rte_ring_enqueue_elem(loop.told, &news, sizeof news) == 0;
  return taken;
}

void DataPlane::stop() {
  stop_ = true;
  if (launched_) rte_eal_mp_wait_lcore();
  launched_ = false;
  for (; open_ports_ > 0; --open_ports_) stop_port(static_cast<uint16_t>(open_ports_ - 1));
}

DataPlane::~DataPlane() {
  stop();
}

}  // namespace sluice
