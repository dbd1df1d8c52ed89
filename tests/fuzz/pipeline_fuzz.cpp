// tests: frames of any shape, in any order, through the whole way of a packet.
#include <rte_mbuf.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "control/policy/policy_compiler.h"
#include "dataplane/replay/gateway.h"
#include "tests/support/eal.h"

namespace {

using namespace sluice;

constexpr const char* kPolicy = R"(
site: fuzz
lines:
  a: {operator: E, licence: A, contract: C, filing: F, purpose: internal-office, valid: {from: 2020-01-01, until: 2040-01-01}}
networks:
  staff: {prefixes: [10.0.0.0/8, "fd00::/8"], line: a, default: allow}
  vault: {prefixes: [10.20.8.0/21], line: a, default: block}
resolvers: [10.20.0.10]
lists:
  bad: {names: [malware.example]}
  bets: {patterns: ['(^|\.)bet[0-9]{3,}\.']}
rules:
  - {name: no-bad, to: [bad, bets], action: block}
unidentified: {unknown-protocol: allow, fragment: allow}
)";

struct World {
  control::Compiled compiled;
  std::unique_ptr<Policy> policy;
  Scratch scratch;
};

World& world() {
  static World* const made = [] {
    test::start_eal();
    auto* out = new World;
    const control::SourceText text[] = {{"fuzz.yaml", kPolicy}};
    const auto no_files = [](const std::string&, std::string&, std::string&) { return false; };
    out->compiled = control::compile_texts(text, ".", no_files, 1);
    ImageError error;
    if (out->compiled.policy) out->policy = Policy::open(out->compiled.policy->image(), error);
    if (out->policy == nullptr || !out->policy->make_scratch(out->scratch)) {
      std::fputs("the policy does not compile\n", stderr);
      std::exit(1);
    }
    return out;
  }();
  return *made;
}

/// The bytes, and what DPDK must know of memory that is not its own.
struct Block {
  rte_mbuf_ext_shared_info shared;
  uint8_t* bytes;
};

void free_block(void*, void* opaque) {
  auto* block = static_cast<Block*>(opaque);
  delete[] block->bytes;
  delete block;
}

/// A buffer around a block of the frame's exact size, so that the sanitizer sees a read beyond it.
rte_mbuf* exact(const uint8_t* data, uint16_t size) {
  rte_mbuf* mbuf = rte_pktmbuf_alloc(test::test_pool());
  if (mbuf == nullptr) std::abort();  // something is not freed
  auto* block = new Block{{}, new uint8_t[size]};
  std::memcpy(block->bytes, data, size);
  block->shared.free_cb = free_block;
  block->shared.fcb_opaque = block;
  rte_mbuf_ext_refcnt_set(&block->shared, 1);
  rte_pktmbuf_attach_extbuf(mbuf, block->bytes, 0, size, &block->shared);
  mbuf->data_off = 0;
  mbuf->data_len = size;
  mbuf->pkt_len = size;
  return mbuf;
}

}  // namespace

/// data: frames, each behind three bytes: side and time, then its size.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  World& all = world();
  PipelineConfig config;
  config.flows = 16;
  config.undecided = 4;
  config.bindings = 16;
  config.verify_checksums = false;
  config.lines[0] = "a";
  auto gateway = replay::Gateway::create(config, test::test_pool(), *all.policy, all.scratch);
  if (gateway == nullptr) std::abort();
  Clock clock{1'000'000, 1'790'000'000'000'000'000};
  while (size > 3) {
    const Side from = data[0] & 1 ? Side::Line : Side::Lan;
    clock.ms += data[0] & 0x80 ? 20'000 : 1;
    const size_t wanted = size_t{data[1]} << 8 | data[2];
    const size_t taken = std::min(wanted, size - 3);
    gateway->process_consume(exact(data + 3, static_cast<uint16_t>(taken)), from, clock);
    gateway->clear_output();
    gateway->housekeeping(clock);
    gateway->drain([](const Record& record, std::string_view name) {
      if (record.action >= kActionCount || record.reason >= kReasonCount || name.size() > kMaxName)
        std::abort();
    });
    data += 3 + taken;
    size -= 3 + taken;
  }
  gateway.reset();
  if (rte_mempool_in_use_count(test::test_pool()) != 0) std::abort();  // every buffer has one owner
  return 0;
}
