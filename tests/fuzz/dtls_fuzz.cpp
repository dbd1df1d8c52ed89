// tests: DtlsPieces takes any bytes; a piece lies within its message; the cheap question is never asked in
// vain.
#include "dataplane/extract/dtls.h"

#include <algorithm>

#include "tests/support/feed.h"

using namespace sluice;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const test::ExactCopy datagram({data, size});
  DtlsPieces pieces(datagram);
  DtlsPiece piece;
  bool any = false;
  while (pieces.next(piece)) {
    any = true;
    if (piece.offset + piece.bytes.size() > piece.size) std::abort();
  }
  const test::ExactCopy start({data, std::min(size, kDtlsRecordHeader)});
  if (any && !(may_have_dtls_hello(start, size) && begins_like_dtls(datagram))) std::abort();
  if (any != has_dtls_hello(datagram)) std::abort();
  return 0;
}
