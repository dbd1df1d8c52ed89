// control/link: makes sealed memfds.
#include "control/link/sealed_image.h"

#include <fcntl.h>
#include <sys/mman.h>

#include "control/base/files.h"

namespace sluice::control {

std::shared_ptr<const SealedImage> SealedImage::make(std::span<const std::byte> image, uint32_t generation,
                                                     std::string& error) {
  std::shared_ptr<SealedImage> out(new SealedImage());
  out->fd_.reset(::memfd_create("sluice-policy", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  out->size_ = image.size();
  out->generation_ = generation;
  constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
  if (!out->fd_ || !write_all(out->fd_.get(), image) || ::fcntl(out->fd_.get(), F_ADD_SEALS, kSeals) != 0) {
    error = errno_text("cannot make a sealed memfd of " + std::to_string(image.size()) + " bytes");
    return nullptr;
  }
  return out;
}

}  // namespace sluice::control
