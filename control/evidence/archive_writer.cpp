// control/evidence: a .tar.zst by libarchive.
#include "control/evidence/archive_writer.h"

#include <archive.h>
#include <archive_entry.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "control/base/files.h"
#include "control/base/sha256.h"

namespace sluice::control {
namespace {

constexpr size_t kBlock = size_t{1} << 20;
constexpr const char* kStoppedCopying = "stopped before the end";

}  // namespace

void ArchiveWriter::Free::operator()(archive* which) const {
  archive_write_free(which);
}

ArchiveWriter::ArchiveWriter(std::unique_ptr<archive, Free> out, std::string folder, int64_t utc_s)
    : archive_(std::move(out)), folder_(std::move(folder)), utc_s_(utc_s) {}

std::unique_ptr<ArchiveWriter> ArchiveWriter::open(int fd, std::string folder, int64_t utc_s,
                                                   std::string& error) {
  std::unique_ptr<archive, Free> made(archive_write_new());
  if (!made) {
    error = "no memory for an archive";
    return nullptr;
  }
  // Most of it is packed already.
  if (archive_write_add_filter_zstd(made.get()) != ARCHIVE_OK ||
      archive_write_set_filter_option(made.get(), "zstd", "compression-level", "1") != ARCHIVE_OK ||
      archive_write_set_format_pax_restricted(made.get()) != ARCHIVE_OK ||
      archive_write_open_fd(made.get(), fd) != ARCHIVE_OK) {
    const char* const why = archive_error_string(made.get());
    error = std::string("cannot begin the archive: ") + (why != nullptr ? why : "unknown");
    return nullptr;
  }
  return std::unique_ptr<ArchiveWriter>(new ArchiveWriter(std::move(made), std::move(folder), utc_s));
}

std::string ArchiveWriter::failed() const {
  const char* const why = archive_error_string(archive_.get());
  return std::string("cannot write the archive: ") + (why != nullptr ? why : "unknown");
}

std::string ArchiveWriter::begin(const std::string& path, uint64_t bytes) {
  if (has(path)) {
    return "two files would be called " + path;
  }
  const std::unique_ptr<archive_entry, void (*)(archive_entry*)> entry(archive_entry_new(),
                                                                       archive_entry_free);
  if (!entry) {
    return "no memory for an archive";
  }
  archive_entry_set_pathname(entry.get(), (folder_ + "/" + path).c_str());
  archive_entry_set_size(entry.get(), static_cast<la_int64_t>(bytes));
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), 0644);
  archive_entry_set_mtime(entry.get(), utc_s_, 0);
  return archive_write_header(archive_.get(), entry.get()) == ARCHIVE_OK ? std::string() : failed();
}

std::string ArchiveWriter::put(std::string_view bytes) {
  while (!bytes.empty()) {
    const la_ssize_t written = archive_write_data(archive_.get(), bytes.data(), bytes.size());
    if (written <= 0) {
      return failed();
    }
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

std::string ArchiveWriter::add(const std::string& path, std::string_view text) {
  std::string error = begin(path, text.size());
  if (error.empty()) {
    error = put(text);
  }
  if (error.empty()) {
    files_.push_back({path, sha256_hex(text), text.size()});
  }
  return error;
}

std::string ArchiveWriter::add_file(const std::string& path, int from, uint64_t bytes,
                                    const MoreBytes& more) {
  if (std::string error = begin(path, bytes); !error.empty()) {
    return error;
  }
  Sha256 sum;
  std::string block(kBlock, '\0');
  for (uint64_t left = bytes; left != 0;) {
    const ssize_t got = ::read(from, block.data(), std::min<uint64_t>(left, block.size()));
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got <= 0) {
      return got == 0 ? path + " became shorter while it was read" : errno_text("cannot read " + path);
    }
    const std::string_view part(block.data(), static_cast<size_t>(got));
    sum.update(part);
    left -= part.size();
    if (std::string error = put(part); !error.empty()) {
      return error;
    }
    if (more && !more(part.size())) {
      return kStoppedCopying;
    }
  }
  files_.push_back({path, sum.hex(), bytes});
  return {};
}

std::string ArchiveWriter::finish() {
  return archive_write_close(archive_.get()) == ARCHIVE_OK ? std::string() : failed();
}

bool ArchiveWriter::has(std::string_view path) const {
  return std::ranges::find(files_, path, &ArchivedFile::path) != files_.end();
}

std::string plain_name(std::string_view name) {
  std::string out(name.substr(name.find_last_of('/') + 1));
  for (char& c : out) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.';
    c = plain ? c : '_';
  }
  return out;
}

}  // namespace sluice::control
