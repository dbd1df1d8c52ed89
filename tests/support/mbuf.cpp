// tests: frames to chains of buffers, and back.
#include <rte_mbuf.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/support/frame.h"

namespace sluice::test {

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

Bytes to_bytes(const rte_mbuf* mbuf) {
  Bytes out;
  for (; mbuf != nullptr; mbuf = mbuf->next) {
    const auto* data = rte_pktmbuf_mtod(mbuf, const uint8_t*);
    out.insert(out.end(), data, data + mbuf->data_len);
  }
  return out;
}

}  // namespace sluice::test
