// control/witness: a folder, a URL, a mail address.
#include "control/witness/deliver.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "control/base/files.h"
#include "control/base/unique_fd.h"

namespace sluice::control {
namespace {

constexpr mode_t kFileMode = 0644;  ///< it is for others to keep; its names and numbers are no secret
constexpr const char* kLinesType = "application/x-ndjson";

std::string name_of(const HeadLines& lines) {
  return "heads-" + std::to_string(lines.first) + "-" + std::to_string(lines.last) + ".jsonl";
}

/// A file that nobody need ever change, so the folder may be one that only takes new ones.
std::string to_folder(const std::string& folder, const HeadLines& lines) {
  const std::string path = folder + "/" + name_of(lines);
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kFileMode));
  if (!fd && errno == EEXIST) {
    // Of a try whose end was not noticed: it counts where it is whole.
    const auto there = read_tail(path, lines.text.size() + 1);
    return there == lines.text ? std::string() : name_of(lines) + " is there already, with other lines";
  }
  if (!fd || !write_all(fd.get(), lines.text) || ::fsync(fd.get()) != 0) {
    std::string why = errno_text("cannot write to the folder");
    if (fd) {
      ::unlink(path.c_str());
    }
    return why;
  }
  return sync_directory(folder) ? std::string() : errno_text("cannot sync the folder");
}

/// It stands in a header.
std::string without_blanks(const std::string& site) {
  std::string out;
  std::copy_if(site.begin(), site.end(), std::back_inserter(out),
               [](char c) { return c > ' ' && c < '\x7f'; });
  return out;
}

}  // namespace

std::string deliver(const LogWitness& witness, const HeadLines& lines, const std::string& site,
                    const SendBounds& limits, const std::atomic<bool>& stop) {
  switch (witness.kind) {
    case LogWitness::Kind::Folder:
      return to_folder(witness.where, lines);
    case LogWitness::Kind::Url:
      return post(witness.where, kLinesType, lines.text, limits, stop);
    case LogWitness::Kind::Mail:
      return send_mail({.server = witness.where,
                        .from = witness.from,
                        .to = {witness.to},
                        .subject = "Sluice " + without_blanks(site) + ": heads of the access log, " +
                                   std::to_string(lines.first) + " to " + std::to_string(lines.last),
                        .name = name_of(lines),
                        .type = kLinesType,
                        .text = lines.text},
                       limits, stop);
    case LogWitness::Kind::None:
      break;
  }
  return "the policy names no witness";
}

}  // namespace sluice::control
