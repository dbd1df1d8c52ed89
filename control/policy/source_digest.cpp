// control/policy: a digest of everything that a policy was compiled from.
#include "control/policy/source_digest.h"

#include <algorithm>

#include "dataplane/contract/image.h"

namespace sluice::control {

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
