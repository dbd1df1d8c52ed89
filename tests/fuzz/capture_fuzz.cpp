// tests: pcapng files and frames of every link type, from anywhere.
#include <cstdlib>
#include <vector>

#include "dataplane/replay/capture.h"
#include "dataplane/replay/link_layer.h"

namespace {

/// The frame in a block of its own, so that the sanitizer sees a read beyond it.
void convert(uint32_t link, std::span<const uint8_t> bytes) {
  const std::vector<uint8_t> frame(bytes.begin(), bytes.end());
  std::vector<uint8_t> out;
  const bool made = sluice::replay::to_ethernet(link, frame, out);
  if (made != !out.empty() && !frame.empty()) std::abort();
}

}  // namespace

/// data: a byte that picks a link type, then a frame of it, which is read as a pcapng file too.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr uint32_t kLinks[] = {0, 1, 9, 12, 50, 101, 104, 108, 113, 129, 228, 229, 239, 276};
  if (size < 2) return 0;
  convert(kLinks[data[0] % std::size(kLinks)], {data + 1, size - 1});
  sluice::replay::File file(fmemopen(const_cast<uint8_t*>(data) + 1, size - 1, "rb"));
  char type[4];
  if (file == nullptr || std::fread(type, 1, sizeof type, file.get()) != sizeof type) return 0;
  std::string error;
  const auto capture = sluice::replay::open_pcapng(std::move(file), error);
  if (capture == nullptr) return 0;
  sluice::replay::CapturedFrame frame;
  while (capture->next(frame) == sluice::replay::ReadResult::Frame) convert(frame.link, frame.bytes);
  return 0;
}
