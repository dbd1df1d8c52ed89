// control/reload: blobs by libzstd.
#include "control/reload/blob_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <cerrno>
#include <ctime>
#include <memory>
#include <new>
#include <vector>

#include "control/base/files.h"
#include "control/base/hex.h"
#include "control/base/sha256.h"
#include "control/base/unique_fd.h"

namespace sluice::control {
namespace {

constexpr int kLevel = 1;  ///< lists of names shrink to a fourth at some hundred MB/s

/// Compresses bytes into fd. Returns false with errno set.
bool write_compressed(int fd, std::string_view bytes) {
  const std::unique_ptr<ZSTD_CCtx, size_t (*)(ZSTD_CCtx*)> context(ZSTD_createCCtx(), ZSTD_freeCCtx);
  if (!context) {
    throw std::bad_alloc();
  }
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, kLevel);
  std::vector<char> buffer(ZSTD_CStreamOutSize());
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  for (size_t left = 1; left != 0;) {
    ZSTD_outBuffer out{buffer.data(), buffer.size(), 0};
    left = ZSTD_compressStream2(context.get(), &out, &in, ZSTD_e_end);
    if (ZSTD_isError(left) != 0U) {
      errno = ENOMEM;
      return false;
    }
    if (!write_all(fd, std::string_view(buffer.data(), out.pos))) {
      return false;
    }
  }
  return true;
}

/// Unpacks a whole frame of exactly size bytes.
bool read_compressed(int fd, uint64_t size, std::string& bytes) {
  const std::unique_ptr<ZSTD_DCtx, size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
  if (!context) {
    throw std::bad_alloc();
  }
  std::vector<char> buffer(ZSTD_DStreamInSize());
  bytes.resize(size + 1);  // one more, so that a longer frame shows
  ZSTD_outBuffer out{bytes.data(), bytes.size(), 0};
  size_t left = 1;
  ssize_t got;
  while (left != 0 && (got = ::read(fd, buffer.data(), buffer.size())) > 0) {
    ZSTD_inBuffer in{buffer.data(), static_cast<size_t>(got), 0};
    while (in.pos < in.size && left != 0) {
      left = ZSTD_decompressStream(context.get(), &out, &in);
      if (ZSTD_isError(left) != 0U || out.pos > size) {
        return false;
      }
    }
  }
  bytes.resize(out.pos);
  return left == 0 && out.pos == size;
}

}  // namespace

std::string BlobStore::put(const std::string& sha256, std::string_view bytes) const {
  if (touch(sha256)) {
    return {};
  }
  const std::string path = path_of(sha256).string();
  const std::string temporary = path + "." + std::to_string(::getpid()) + ".tmp";
  const UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640));
  if (!fd || !write_compressed(fd.get(), bytes) || ::fsync(fd.get()) != 0 ||
      ::rename(temporary.c_str(), path.c_str()) != 0 || !sync_directory(directory_)) {
    std::string why = errno_text("cannot write " + path);
    ::unlink(temporary.c_str());
    return why;
  }
  return {};
}

bool BlobStore::touch(const std::string& sha256) const {
  return is_sha256_text(sha256) && ::utimensat(AT_FDCWD, path_of(sha256).c_str(), nullptr, 0) == 0;
}

bool BlobStore::has(const std::string& sha256) const {
  return is_sha256_text(sha256) && ::access(path_of(sha256).c_str(), R_OK) == 0;
}

std::string BlobStore::get(const std::string& sha256, uint64_t size, std::string& bytes) const {
  if (!is_sha256_text(sha256)) {
    return "'" + sha256 + "' is no SHA-256";
  }
  const std::string path = path_of(sha256).string();
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd) {
    return errno_text("cannot read " + path);
  }
  if (!read_compressed(fd.get(), size, bytes) || sha256_hex(bytes) != sha256) {
    return path + " is damaged";
  }
  return {};
}

void BlobStore::prune(const std::set<std::string>& named) const {
  const time_t before = ::time(nullptr) - static_cast<time_t>(kUnnamedFor.count());
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory_, error)) {
    struct stat status {};
    if (!named.contains(entry.path().stem().string()) && ::stat(entry.path().c_str(), &status) == 0 &&
        status.st_mtime < before) {
      ::unlink(entry.path().c_str());
    }
  }
}

}  // namespace sluice::control
