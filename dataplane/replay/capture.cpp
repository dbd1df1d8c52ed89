// replay: opens capture files, and reads those that libpcap reads.
#include "dataplane/replay/capture.h"

#include <pcap/pcap.h>
#include <sys/stat.h>
#include <zlib.h>

#include <cerrno>
#include <cstring>

namespace sluice::replay {
namespace {

constexpr uint8_t kPcapngMagic[4] = {0x0a, 0x0d, 0x0d, 0x0a};

ssize_t read_gzip(void* cookie, char* buffer, size_t size) {
  return gzread(static_cast<gzFile>(cookie), buffer, static_cast<unsigned>(size));
}
int close_gzip(void* cookie) {
  return gzclose(static_cast<gzFile>(cookie));
}

/// A stream of the file's bytes, decompressed where it is compressed.
File open_stream(const std::string& path, std::string& error) {
  struct stat status;
  if (stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
    error = "is a directory";
    return nullptr;
  }
  errno = 0;
  gzFile gzip = gzopen(path.c_str(), "rb");
  if (gzip == nullptr) {
    error = std::strerror(errno != 0 ? errno : ENOMEM);
    return nullptr;
  }
  File file(
      fopencookie(gzip, "rb", {.read = read_gzip, .write = nullptr, .seek = nullptr, .close = close_gzip}));
  if (file == nullptr) {
    gzclose(gzip);
    error = std::strerror(ENOMEM);
  }
  return file;
}

class PcapCapture : public Capture {
 public:
  explicit PcapCapture(pcap_t* pcap) : pcap_(pcap), link_(static_cast<uint32_t>(pcap_datalink(pcap))) {}
  ~PcapCapture() override { pcap_close(pcap_); }

  ReadResult next(CapturedFrame& out) override {
    pcap_pkthdr* header;
    const u_char* data;
    const int result = pcap_next_ex(pcap_, &header, &data);
    if (result == PCAP_ERROR_BREAK) return ReadResult::End;
    if (result != 1 || header->caplen > kMaxFrame) {
      error_ = result != 1 ? pcap_geterr(pcap_) : "a frame larger than 256 KiB";
      return ReadResult::Failed;
    }
    // Opened for nanoseconds: libpcap keeps them in tv_usec.
    out.time_ns = int64_t{header->ts.tv_sec} * 1'000'000'000 + header->ts.tv_usec;
    out.link = link_;
    out.original_size = header->len;
    out.bytes = {data, header->caplen};
    return ReadResult::Frame;
  }

 private:
  pcap_t* pcap_;
  uint32_t link_;
};

std::unique_ptr<Capture> open_pcap(File file, std::string& error) {
  char text[PCAP_ERRBUF_SIZE] = "";
  pcap_t* pcap = pcap_fopen_offline_with_tstamp_precision(file.get(), PCAP_TSTAMP_PRECISION_NANO, text);
  if (pcap == nullptr) {
    error = text;
    return nullptr;
  }
  (void)file.release();  // pcap_close closes it
  return std::make_unique<PcapCapture>(pcap);
}

}  // namespace

std::unique_ptr<Capture> Capture::open(const std::string& path, std::string& error) {
  File file = open_stream(path, error);
  if (file == nullptr) return nullptr;
  uint8_t magic[4];
  const size_t got = std::fread(magic, 1, sizeof magic, file.get());
  if (got < sizeof magic) {
    error = std::ferror(file.get()) ? "cannot be read, or is damaged" : "is shorter than any capture";
    return nullptr;
  }
  const bool pcapng = std::memcmp(magic, kPcapngMagic, sizeof magic) == 0;
  if (pcapng) return open_pcapng(std::move(file), error);
  // A stream of a decompressor cannot go back: open it anew.
  file = open_stream(path, error);
  return file == nullptr ? nullptr : open_pcap(std::move(file), error);
}

}  // namespace sluice::replay
