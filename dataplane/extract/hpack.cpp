// extract: the HPACK decoder of one HTTP/2 connection.
#include "dataplane/extract/hpack.h"

#include <cassert>
#include <cstring>

namespace sluice {
namespace {

void* take(size_t size, void* heap) {
  return static_cast<HpackHeap*>(heap)->take(size);
}
void* take_zeroed(size_t count, size_t size, void* heap) {
  if (size != 0 && count > kHpackBytes / size) return nullptr;
  void* memory = take(count * size, heap);
  return memory == nullptr ? nullptr : std::memset(memory, 0, count * size);
}
/// The inflater never asks for it.
void* take_again(void*, size_t, void*) {
  return nullptr;
}
void give_back(void* memory, void* heap) {
  static_cast<HpackHeap*>(heap)->give_back(memory);
}

std::string_view text_of(const uint8_t* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace

void Hpack::start() {
  heap_.reset();
  memory_ = {.mem_user_data = &heap_,
             .malloc = take,
             .free = give_back,
             .calloc = take_zeroed,
             .realloc = take_again};
  [[maybe_unused]] int failed = nghttp2_hd_inflate_new2(&inflater_, &memory_);
  assert(failed == 0);  // an empty heap has room for an empty table
  failed = nghttp2_hd_inflate_change_table_size(inflater_, kMaxHpackTable);
  assert(failed == 0);
}

Hpack::Read Hpack::read(std::span<const uint8_t>& bytes, HpackField& field) {
  nghttp2_nv pair;
  int flags = 0;
  const ssize_t used = nghttp2_hd_inflate_hd2(inflater_, &pair, &flags, bytes.data(), bytes.size(), 0);
  if (used < 0) return Read::Bad;
  bytes = bytes.subspan(static_cast<size_t>(used));
  if (!(flags & NGHTTP2_HD_INFLATE_EMIT)) return Read::NeedMore;
  field = {text_of(pair.name, pair.namelen), text_of(pair.value, pair.valuelen)};
  return Read::Field;
}

bool Hpack::end_block() {
  nghttp2_nv pair;
  int flags = 0;
  if (nghttp2_hd_inflate_hd2(inflater_, &pair, &flags, nullptr, 0, 1) < 0) return false;
  return nghttp2_hd_inflate_end_headers(inflater_) == 0;
}

}  // namespace sluice
