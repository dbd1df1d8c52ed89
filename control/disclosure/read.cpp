// control/disclosure: reads a disclosure's file entry by entry.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "control/base/files.h"
#include "control/base/unique_fd.h"
#include "control/disclosure/proof.h"

namespace sluice::control {
namespace {

constexpr size_t kBlock = size_t{1} << 18;

}  // namespace

std::string prove_disclosure(const std::filesystem::path& file, const ProofOptions& options,
                             const LogProgress& progress, ProofFindings& findings) {
  findings = {};
  const std::string name = file.string();
  const UniqueFd fd(::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));  // a pipe would wait
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0) {
    return errno_text("cannot read " + name);
  }
  if (!S_ISREG(status.st_mode)) {
    return "cannot read " + name + ": it is no file";
  }
  std::string none = name + " is no disclosure of an access log";
  DisclosureProof proof(options, findings);
  std::string pending, block(kBlock, '\0');
  for (uint64_t done = 0;;) {
    const ssize_t got = ::read(fd.get(), block.data(), block.size());
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return errno_text("cannot read " + name);
    }
    done += static_cast<uint64_t>(got);
    if (progress && !progress(done, static_cast<uint64_t>(status.st_size))) {
      return "stopped before the end: nothing can be said";
    }
    std::string_view rest(block.data(), static_cast<size_t>(got));
    for (size_t end; (end = rest.find('\n')) != rest.npos; rest.remove_prefix(end + 1)) {
      pending += rest.substr(0, end);
      if (pending.size() > kMaxEntry) {
        break;
      }
      if (!proof.take(pending)) {
        return none;
      }
      pending.clear();
    }
    pending += rest;
    if (got == 0 || pending.size() > kMaxEntry) {
      break;
    }
  }
  if (findings.entries == 0) {
    return none;
  }
  proof.finish(!pending.empty());
  return {};
}

}  // namespace sluice::control
