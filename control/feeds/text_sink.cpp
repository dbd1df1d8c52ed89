// control/feeds: what is being fetched, on disk.
#include "control/feeds/text_sink.h"

#include <fcntl.h>
#include <unistd.h>

#include "control/base/files.h"

namespace sluice::control {

TextSink::TextSink(std::filesystem::path path) : path_(std::move(path)) {
  fd_.reset(::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640));
  if (!fd_) {
    problem_ = errno_text("cannot create " + path_.string());
  }
}

TextSink::~TextSink() {
  ::unlink(path_.c_str());
}

bool TextSink::write(std::string_view bytes) {
  if (!fd_) {
    return false;
  }
  if (!write_all(fd_.get(), bytes)) {
    problem_ = errno_text("cannot write " + path_.string());
    return false;
  }
  sum_.update(bytes);
  size_ += bytes.size();
  return true;
}

bool TextSink::finish() {
  if (!fd_ || ::fsync(fd_.get()) != 0) {
    problem_ = fd_ ? errno_text("cannot sync " + path_.string()) : problem_;
    return false;
  }
  sha256_ = sum_.hex();
  return true;
}

}  // namespace sluice::control
