// control/policy: reads the files of a policy.
#include "control/policy/source_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "control/policy/yaml_tree.h"

namespace sluice::control {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

std::string reason_of(int number) {
  return std::generic_category().message(number);
}

}  // namespace

bool read_file(const std::string& path, size_t limit, std::string& text, std::string& error) {
  if (path.find('\0') != path.npos) {
    error = "the path has a zero byte";
    return false;
  }
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info {};
  if (file.get() < 0 || fstat(file.get(), &info) != 0) {
    error = reason_of(errno);
    return false;
  }
  if (!S_ISREG(info.st_mode)) {
    error = "it is not a regular file";
    return false;
  }
  const auto too_large = [&] { error = "it is larger than " + std::to_string(limit >> 20) + " MiB"; };
  if (static_cast<size_t>(info.st_size) > limit) {
    too_large();
    return false;
  }
  // A file that grows while it is read is read up to the limit, and refused if there is more.
  const size_t expected = static_cast<size_t>(info.st_size) + 1;
  text.resize(expected);
  size_t size = 0;
  for (;;) {
    if (size == text.size()) text.resize(std::min(limit + 1, text.size() * 2));
    const ssize_t count = read(file.get(), text.data() + size, text.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      error = reason_of(errno);
      return false;
    }
    if (count == 0) break;
    size += static_cast<size_t>(count);
    if (size > limit) {
      too_large();
      return false;
    }
  }
  text.resize(size);
  return true;
}

bool read_directory(const std::filesystem::path& directory, std::vector<SourceText>& texts, Report& report) {
  std::error_code failed;
  std::vector<std::filesystem::path> paths;
  std::filesystem::directory_iterator at(directory, failed);
  for (; !failed && at != std::filesystem::directory_iterator(); at.increment(failed)) {
    const std::filesystem::path name = at->path().filename();
    if (name.string().starts_with('.')) continue;  // an editor's copy
    if (name.extension() == ".yaml") paths.push_back(name);
    if (name.extension() == ".yml") {
      report.warn({}, in_quotes(name.string()) + " is not read", "name it *.yaml");
    }
  }
  if (failed) {
    report.error({}, "cannot read the directory: " + failed.message(),
                 "give the directory that holds the *.yaml files");
    return false;
  }
  if (paths.empty()) {
    report.error({}, "there is no *.yaml in this directory", "a policy is one or more of them");
    return false;
  }
  std::ranges::sort(paths, {}, [](const auto& path) { return path.native(); });
  for (const std::filesystem::path& name : paths) {
    SourceText source;
    source.name = (directory / name).string();
    std::string error;
    if (!read_file(source.name, kMaxYamlBytes, source.text, error)) {
      report.error({}, "cannot read " + in_quotes(name.string()) + ": " + error, "");
      continue;
    }
    texts.push_back(std::move(source));
  }
  return true;
}

}  // namespace sluice::control
