// replay: reads capture files: pcap, pcapng, and either of them compressed with gzip.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace sluice::replay {

inline constexpr uint32_t kMaxFrame = 256 * 1024;  ///< bytes; a longer one is taken as damage

/// One captured frame; valid until the next is read.
struct CapturedFrame {
  int64_t time_ns = 0;         ///< UTC since 1970
  uint32_t link = 0;           ///< LINKTYPE
  uint32_t original_size = 0;  ///< bytes on the wire; more than were captured where it was cut short
  std::span<const uint8_t> bytes;
};

/// What reading a frame came to.
enum class ReadResult : uint8_t {
  Frame,
  End,
  Failed
};

/// A capture file that is being read. Untrusted: every length is checked.
class Capture {
 public:
  virtual ~Capture() = default;
  /// Failed: error() says why; nothing more can be read.
  virtual ReadResult next(CapturedFrame& out) = 0;
  const std::string& error() const { return error_; }

  /// Opens path, whatever its format. Returns nullptr, and says why, where it cannot be read.
  static std::unique_ptr<Capture> open(const std::string& path, std::string& error);

 protected:
  std::string error_;
};

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

/// A reader of pcapng of our own: libpcap refuses a file whose interfaces differ in link type or precision,
/// which is what capturing on "any" several interfaces makes.
std::unique_ptr<Capture> open_pcapng(File file, std::string& error);

}  // namespace sluice::replay
