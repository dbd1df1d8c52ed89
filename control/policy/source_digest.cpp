// control/policy: a digest of everything that a policy was compiled from.
#include "control/policy/source_digest.h"

#include <openssl/evp.h>

#include <algorithm>
#include <new>

#include "control/base/sha256.h"
#include "dataplane/contract/image.h"

namespace sluice::control {

Sha256Bytes sha256_of(std::string_view text) {
  Sha256Bytes out;
  if (EVP_Digest(text.data(), text.size(), out.data(), nullptr, EVP_sha256(), nullptr) != 1)
    throw std::bad_alloc();
  return out;
}

std::string SourceDigest::finish() {
  std::ranges::sort(files_);
  // Another version may make another image of the same sources.
  std::string all = SLUICE_VERSION "/" + std::to_string(kImageVersion);
  for (const auto& [name, content] : files_) {
    all += '\n' + std::to_string(name.size()) + ':' + name;
    all.append(reinterpret_cast<const char*>(content.data()), content.size());
  }
  return sha256_hex(all);
}

}  // namespace sluice::control
