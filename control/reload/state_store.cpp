// control/reload: keeps policies and their history over restarts.
#include "control/reload/state_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <nlohmann/json.hpp>

#include "control/accesslog/format.h"
#include "control/base/files.h"
#include "control/base/log_line.h"

namespace sluice::control {
namespace {

using nlohmann::json;

/// How much of the history is read back: far more than the lines of the images that are kept.
constexpr size_t kHistoryReadBack = size_t{4} << 20;

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

/// A file mapped for reading; empty where it cannot be.
class MappedFile {
 public:
  explicit MappedFile(const std::string& path) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    struct stat status {};
    if (!fd || ::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_size <= 0) {
      return;
    }
    void* memory = ::mmap(nullptr, static_cast<size_t>(status.st_size), PROT_READ, MAP_PRIVATE, fd.get(), 0);
    if (memory != MAP_FAILED) {
      bytes_ = {static_cast<const std::byte*>(memory), static_cast<size_t>(status.st_size)};
    }
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile() {
    if (!bytes_.empty()) {
      ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
    }
  }
  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace

int64_t utc_now_ns() {
  using namespace std::chrono;
  return duration_cast<nanoseconds>(system_clock::now().time_since_epoch()).count();
}

std::unique_ptr<StateStore> StateStore::open(const std::filesystem::path& directory, std::string& error) {
  error = make_directory(directory / "policies");
  if (!error.empty()) {
    return nullptr;
  }
  std::unique_ptr<StateStore> out(new StateStore(directory));
  const std::string lock = (directory / "lock").string();
  out->lock_.reset(::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640));
  if (!out->lock_) {
    error = errno_text("cannot open " + lock);
    return nullptr;
  }
  if (::flock(out->lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    error = "the state in " + directory.string() + " is in use by another sluice-control";
    return nullptr;
  }
  error = out->read_history();
  return error.empty() ? std::move(out) : nullptr;
}

std::string StateStore::read_history() {
  const std::string path = (directory_ / "history.jsonl").string();
  history_file_.reset(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640));
  size_t cut = 0;
  if (!history_file_ || !cut_torn_line(history_file_.get(), cut)) {
    return errno_text("cannot read " + path);
  }
  if (cut != 0) {
    log_warning("state: cut an unfinished line of " + std::to_string(cut) + " bytes off " + path);
  }
  const std::optional<std::string> text = read_tail(path, kHistoryReadBack);
  if (!text) {
    return errno_text("cannot read " + path);
  }
  for (size_t begin = 0; begin < text->size();) {
    const size_t end = std::min(text->find('\n', begin), text->size());
    read_line(text->substr(begin, end - begin));
    begin = end + 1;
  }
  for (const uint32_t generation : images_on_disk()) {
    last_generation_ = std::max(last_generation_, generation);
  }
  return {};
}

/// Takes in one line; one that is no line of ours is passed over.
void StateStore::read_line(const std::string& line) {
  const json value = json::parse(line, nullptr, false);
  if (!value.is_object() || !value.contains("generation") || !value["generation"].is_number_unsigned()) {
    return;
  }
  const auto number = value["generation"].get<uint64_t>();
  if (number == 0 || number >= UINT32_MAX) {
    return;
  }
  const auto generation = static_cast<uint32_t>(number);
  last_generation_ = std::max(last_generation_, generation);
  const auto text = [&](const char* key) {
    const auto found = value.find(key);
    return found != value.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  Entry& entry = history_[generation];
  if (value.contains("refused")) {
    entry.refused = true;
    return;
  }
  entry.sha256 = text("sha256");
  entry.digest = text("digest");
  entry.origin.author = text("author");
  entry.origin.reason = text("reason");
  if (const auto time = value.find("time_ns"); time != value.end() && time->is_number_integer()) {
    entry.origin.time_ns = time->get<int64_t>();
  }
}

std::string StateStore::append_history(const std::string& line) {
  struct stat status {};
  const bool known = ::fstat(history_file_.get(), &status) == 0;
  if (known && write_all(history_file_.get(), line + "\n") && ::fdatasync(history_file_.get()) == 0) {
    return {};
  }
  std::string why = errno_text("cannot write " + (directory_ / "history.jsonl").string());
  if (known) {
    [[maybe_unused]] const int cut = ::ftruncate(history_file_.get(), status.st_size);
  }
  return why;
}

uint32_t StateStore::next_generation() {
  const std::lock_guard lock(mutex_);
  return ++last_generation_;
}

std::string StateStore::save(std::span<const std::byte> image, const Origin& origin,
                             const std::vector<std::string>& sources, const std::string& digest) {
  const std::optional<ImageNames> names = ImageNames::read(image);
  if (!names) {
    return "the compiled image cannot be read";
  }
  const uint32_t generation = names->generation();
  if (std::string why = replace_file(image_path(generation), image); !why.empty()) {
    return why;
  }
  Entry entry{origin, image_sha256_text(image), digest, false};
  const json line{{"generation", generation},  {"time", utc_text(origin.time_ns)},
                  {"time_ns", origin.time_ns}, {"author", origin.author},
                  {"reason", origin.reason},   {"site", names->site()},
                  {"sha256", entry.sha256},    {"digest", digest},
                  {"sources", sources}};
  const std::lock_guard lock(mutex_);
  if (std::string why = append_history(dump(line)); !why.empty()) {
    return why;
  }
  last_generation_ = std::max(last_generation_, generation);
  history_[generation] = std::move(entry);
  names_[generation] = std::make_shared<const ImageNames>(*names);
  return {};
}

void StateStore::note_refused(uint32_t generation, const std::string& why) {
  const std::lock_guard lock(mutex_);
  history_[generation].refused = true;
  const json line{{"generation", generation}, {"time", utc_text(utc_now_ns())}, {"refused", why}};
  if (const std::string error = append_history(dump(line)); !error.empty()) {
    log_error("state: " + error);
  }
}

std::optional<StoredPolicy> StateStore::last_good() const {
  const std::lock_guard lock(mutex_);
  const std::set<uint32_t> found = images_on_disk();
  for (auto it = found.rbegin(); it != found.rend(); ++it) {
    const auto entry = history_.find(*it);
    if (entry == history_.end() || entry->second.refused) {
      continue;  // it was never handed over, or in vain
    }
    std::optional<StoredPolicy> stored = read_image(*it, true);
    if (stored && stored->sha256 == entry->second.sha256) {
      stored->origin = entry->second.origin;
      stored->digest = entry->second.digest;
      return stored;
    }
    log_warning("state: " + image_path(*it).string() +
                " is damaged or of another version; trying an older one");
  }
  return std::nullopt;
}

std::shared_ptr<const ImageNames> StateStore::names_of(uint32_t generation) {
  const std::lock_guard lock(mutex_);
  if (const auto found = names_.find(generation); found != names_.end()) {
    return found->second;
  }
  if (generation != 0) {
    if (const std::optional<StoredPolicy> stored = read_image(generation, false)) {
      return names_.emplace(generation, stored->names).first->second;
    }
  }
  const std::string_view site = names_.empty() ? std::string_view() : names_.rbegin()->second->site();
  return std::make_shared<const ImageNames>(ImageNames::only_site(site));
}

void StateStore::prune(uint32_t keep_from) {
  const std::lock_guard lock(mutex_);
  const std::set<uint32_t> found = images_on_disk();
  size_t left = found.size();
  for (const uint32_t generation : found) {
    if (left <= kImagesKept || generation >= keep_from) {
      break;
    }
    ::unlink(image_path(generation).c_str());
    names_.erase(generation);
    history_.erase(generation);
    --left;
  }
}

std::filesystem::path StateStore::image_path(uint32_t generation) const {
  return directory_ / "policies" / (std::to_string(generation) + ".image");
}

std::set<uint32_t> StateStore::images_on_disk() const {
  std::set<uint32_t> out;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory_ / "policies", error)) {
    const std::string name = entry.path().filename().string();
    uint32_t generation = 0;
    const auto read = std::from_chars(name.data(), name.data() + name.size(), generation);
    if (read.ec == std::errc() && generation != 0 && std::string_view(read.ptr) == ".image") {
      out.insert(generation);
    }
  }
  return out;
}

std::optional<StoredPolicy> StateStore::read_image(uint32_t generation, bool to_send) const {
  const MappedFile file(image_path(generation).string());
  if (!image_intact(file.bytes())) {
    return std::nullopt;
  }
  std::optional<ImageNames> names = ImageNames::read(file.bytes());
  if (!names || names->generation() != generation) {
    return std::nullopt;
  }
  StoredPolicy out;
  out.names = std::make_shared<const ImageNames>(std::move(*names));
  out.sha256 = image_sha256_text(file.bytes());
  if (std::string error; to_send && !(out.image = SealedImage::make(file.bytes(), generation, error))) {
    log_error("state: " + error);
    return std::nullopt;
  }
  return out;
}

}  // namespace sluice::control
