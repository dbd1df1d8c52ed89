// tests: frames to chains of buffers, and back.
#include <rte_mbuf.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "tests/support/frame.h"

namespace sluice::test {
namespace {

/// Memory that is not DPDK's own, and what DPDK must know of it.
struct Block {
  rte_mbuf_ext_shared_info shared;
  std::unique_ptr<uint8_t[]> bytes;
};

}  // namespace

rte_mbuf* to_mbuf(rte_mempool* pool, const Bytes& frame, size_t segment_bytes) {
  rte_mbuf* head = nullptr;
  size_t at = 0;
  do {
    rte_mbuf* segment = rte_pktmbuf_alloc(pool);
    if (segment == nullptr) {
      std::fprintf(stderr, "tests: the pool is empty\n");
      std::exit(1);
    }
    size_t room = rte_pktmbuf_tailroom(segment);
    if (segment_bytes != 0) room = std::min(room, segment_bytes);
    const size_t size = std::min(room, frame.size() - at);
    char* data = rte_pktmbuf_append(segment, static_cast<uint16_t>(size));
    if (size > 0) std::memcpy(data, frame.data() + at, size);
    at += size;
    if (head == nullptr) {
      head = segment;
    } else if (rte_pktmbuf_chain(head, segment) != 0) {
      std::fprintf(stderr, "tests: too many segments\n");
      std::exit(1);
    }
  } while (at < frame.size());
  return head;
}

rte_mbuf* to_exact_mbuf(rte_mempool* pool, const Bytes& frame) {
  rte_mbuf* mbuf = rte_pktmbuf_alloc(pool);
  if (mbuf == nullptr) {
    std::fprintf(stderr, "tests: the pool is empty\n");
    std::exit(1);
  }
  auto* block = new Block{{}, std::make_unique<uint8_t[]>(frame.size())};
  std::copy(frame.begin(), frame.end(), block->bytes.get());
  block->shared.free_cb = [](void*, void* opaque) { delete static_cast<Block*>(opaque); };
  block->shared.fcb_opaque = block;
  rte_mbuf_ext_refcnt_set(&block->shared, 1);
  const auto size = static_cast<uint16_t>(frame.size());
  rte_pktmbuf_attach_extbuf(mbuf, block->bytes.get(), 0, size, &block->shared);
  mbuf->data_off = 0;
  mbuf->data_len = size;
  mbuf->pkt_len = size;
  return mbuf;
}

Bytes to_bytes(const rte_mbuf* mbuf) {
  Bytes out;
  for (; mbuf != nullptr; mbuf = mbuf->next) {
    const auto* data = rte_pktmbuf_mtod(mbuf, const uint8_t*);
    out.insert(out.end(), data, data + mbuf->data_len);
  }
  return out;
}

}  // namespace sluice::test
