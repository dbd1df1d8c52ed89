// control/reload: keeps policies and their history over restarts.
#include "control/reload/state_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "control/accesslog/format.h"
#include "control/base/clock.h"
#include "control/base/files.h"
#include "control/base/json_fields.h"
#include "control/base/log_line.h"
#include "control/base/sha256.h"

namespace sluice::control {
namespace {

using nlohmann::json;

/// More generations than these are not held in memory at the start, however long the history is.
constexpr size_t kMaxEntries = 1024;
constexpr uint64_t kMaxNamesBytes = uint64_t{64} << 20;

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// 0 where there is none that can be.
uint32_t generation_at(const json& object, const char* key) {
  const uint64_t number = number_at(object, key);
  return number < UINT32_MAX ? static_cast<uint32_t>(number) : 0;
}

/// 0 where there is none that can be.
int64_t time_at(const json& object, const char* key) {
  const uint64_t number = number_at(object, key);
  return number <= INT64_MAX ? static_cast<int64_t>(number) : 0;
}

/// What of an origin not every line has.
void add_extras(json& line, const Origin& origin) {
  if (origin.rollback_to != 0) {
    line["rollback_to"] = origin.rollback_to;
  }
  if (origin.bypass != Bypass()) {
    line["bypass"] = {{"from_s", origin.bypass.from_s}, {"until_s", origin.bypass.until_s}};
  }
  if (origin.confirm) {
    line["confirm"] = {{"back_to", origin.confirm.back_to}, {"until_ns", origin.confirm.until_ns}};
  }
}

/// One that was killed holds its lock until the kernel has taken it down.
constexpr std::chrono::milliseconds kLockWait{2000}, kLockTry{20};

bool lock_soon(int fd) {
  for (const auto end = std::chrono::steady_clock::now() + kLockWait; ::flock(fd, LOCK_EX | LOCK_NB) != 0;
       std::this_thread::sleep_for(kLockTry)) {
    if (errno != EWOULDBLOCK || std::chrono::steady_clock::now() > end) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::unique_ptr<StateStore> StateStore::open(const std::filesystem::path& directory, std::string& error) {
  for (const char* part : {"policies", "blobs"}) {
    if (error = make_directory(directory / part); !error.empty()) {
      return nullptr;
    }
  }
  std::unique_ptr<StateStore> out(new StateStore(directory));
  const std::string lock = (directory / "lock").string();
  out->lock_.reset(::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640));
  if (!out->lock_) {
    error = errno_text("cannot open " + lock);
    return nullptr;
  }
  if (!lock_soon(out->lock_.get())) {
    error = "the state in " + directory.string() + " is in use by another sluice-control";
    return nullptr;
  }
  out->history_ = SealedFile::open(
      history_paths(directory), "history", [&](std::string_view line) { out->read_line(line); }, error);
  if (!out->history_) {
    return nullptr;
  }
  for (const uint32_t generation : out->images_on_disk()) {
    out->last_generation_ = std::max(out->last_generation_, generation);
  }
  return out;
}

/// Takes in one line; one that is no line of ours is passed over.
void StateStore::read_line(std::string_view line) {
  const json value = json::parse(line, nullptr, false);
  const uint32_t generation = value.is_object() ? generation_at(value, "generation") : 0;
  if (generation == 0) {
    return;
  }
  last_generation_ = std::max(last_generation_, generation);
  Entry& entry = entries_[generation];
  entry.policy.generation = generation;
  if (value.contains("refused")) {
    entry.refused = true;
  } else if (value.contains("confirmed")) {
    clear_confirmations();
  } else {
    read_applied(value, entry);
  }
  if (entries_.size() > kMaxEntries) {
    entries_.erase(entries_.begin());
  }
}

void StateStore::read_applied(const json& line, Entry& entry) const {
  AppliedPolicy& policy = entry.policy;
  policy.sha256 = text_at(line, "sha256");
  policy.digest = text_at(line, "digest");
  policy.site = text_at(line, "site");
  policy.origin.author = text_at(line, "author");
  policy.origin.reason = text_at(line, "reason");
  policy.origin.rollback_to = generation_at(line, "rollback_to");
  if (const auto time = line.find("time_ns"); time != line.end() && time->is_number_integer()) {
    policy.origin.time_ns = time->get<int64_t>();
  }
  const json bypass = object_at(line, "bypass"), confirm = object_at(line, "confirm");
  policy.origin.bypass = {time_at(bypass, "from_s"), time_at(bypass, "until_s")};
  policy.origin.confirm = {generation_at(confirm, "back_to"), time_at(confirm, "until_ns")};
  policy.sources = read_sources(line.value("sources", json())).value_or(SourceList());
  if (const auto names = line.find("names"); names != line.end() && names->is_object()) {
    entry.names_sha256 = text_at(*names, "sha256");
    entry.names_size = number_at(*names, "size");
  }
}

uint32_t StateStore::next_generation() const {
  const std::lock_guard lock(mutex_);
  return last_generation_ + 1;
}

std::string StateStore::record(const SealedImage& image, const Origin& origin, const SourceList& sources,
                               const std::string& digest, std::string& sha256) {
  const MappedImage mapped(image);
  const std::optional<ImageNames> names = ImageNames::read(mapped.bytes());
  const auto small = names_image(mapped.bytes());
  if (!names || !small || names->generation() != image.generation() || small->size() > kMaxNamesBytes) {
    return "the compiled image cannot be read";
  }
  sha256 = image_sha256_text(mapped.bytes());
  const std::string names_sha256 = sha256_hex(text_of(*small));
  if (std::string why = blobs_.put(names_sha256, text_of(*small)); !why.empty()) {
    return why;
  }
  json line{{"generation", image.generation()},
            {"time", utc_text(origin.time_ns)},
            {"time_ns", origin.time_ns},
            {"author", origin.author},
            {"reason", origin.reason},
            {"site", names->site()},
            {"sha256", sha256},
            {"digest", digest},
            {"sources", to_json(sources)},
            {"names", {{"sha256", names_sha256}, {"size", small->size()}}}};
  const std::lock_guard lock(mutex_);
  const Entry* const last = last_entry();
  const Confirmation waits = last != nullptr ? last->policy.origin.confirm : Confirmation();
  if (origin.undoes_trial && !waits) {
    return "it was confirmed meanwhile";
  }
  Origin kept = origin;
  if (!kept.confirm && kept.rollback_to == 0) {
    kept.confirm = waits;
  }
  add_extras(line, kept);
  if (std::string why = history_->append(std::move(line)); !why.empty()) {
    return why;
  }
  last_generation_ = std::max(last_generation_, image.generation());
  Entry& entry = entries_[image.generation()];
  entry.policy = {image.generation(), kept, sha256, digest, std::string(names->site()), sources};
  entry.names_sha256 = names_sha256;
  entry.names_size = small->size();
  names_[image.generation()] = std::make_shared<const ImageNames>(*names);
  return {};
}

std::string StateStore::keep_image(const SealedImage& image) const {
  const MappedImage mapped(image);
  return mapped.bytes().empty() ? "cannot map the image"
                                : replace_file(image_path(image.generation()), mapped.bytes());
}

void StateStore::note_refused(uint32_t generation, const std::string& why) {
  const std::lock_guard lock(mutex_);
  entries_[generation].refused = true;
  json line{{"generation", generation}, {"time", utc_text(utc_now_ns())}, {"refused", why}};
  if (const std::string error = history_->append(std::move(line)); !error.empty()) {
    log_error("state: " + error);
  }
}

const StateStore::Entry* StateStore::last_entry() const {
  for (auto it = entries_.rbegin(); it != entries_.rend(); ++it) {
    if (!it->second.refused) {
      return &it->second;
    }
  }
  return nullptr;
}

void StateStore::clear_confirmations() {
  for (auto& [generation, entry] : entries_) {
    entry.policy.origin.confirm = {};
  }
}

Confirmation StateStore::unconfirmed() const {
  const std::lock_guard lock(mutex_);
  const Entry* const last = last_entry();
  return last != nullptr ? last->policy.origin.confirm : Confirmation();
}

std::string StateStore::confirm(const std::string& author) {
  const std::lock_guard lock(mutex_);
  const Entry* const last = last_entry();
  if (last == nullptr || !last->policy.origin.confirm) {
    return "nothing waits to be confirmed";
  }
  json line{{"generation", last->policy.generation},
            {"time", utc_text(utc_now_ns())},
            {"author", author},
            {"confirmed", true}};
  std::string why = history_->append(std::move(line));
  if (why.empty()) {
    clear_confirmations();
  }
  return why;
}

std::optional<AppliedPolicy> StateStore::last_applied() const {
  const std::lock_guard lock(mutex_);
  const Entry* const last = last_entry();
  return last != nullptr ? std::optional(last->policy) : std::nullopt;
}

std::optional<AppliedPolicy> StateStore::of_generation(uint32_t generation, std::string& error) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(generation);
  if (found != entries_.end() && !found->second.policy.sources.empty()) {
    return found->second.policy;
  }
  error = "the sources of generation " + std::to_string(generation) + " are not kept";
  return std::nullopt;
}

std::optional<StoredPolicy> StateStore::last_good() const {
  const std::lock_guard lock(mutex_);
  const std::set<uint32_t> found = images_on_disk();
  for (auto it = found.rbegin(); it != found.rend(); ++it) {
    const auto entry = entries_.find(*it);
    if (entry == entries_.end() || entry->second.refused) {
      continue;  // it was never handed over, or in vain
    }
    if (auto image = read_image(*it, entry->second.policy.sha256)) {
      return StoredPolicy{std::move(image), entry->second.policy};
    }
    log_warning("state: " + image_path(*it).string() + " is damaged or of another version");
  }
  return std::nullopt;
}

std::vector<AppliedPolicy> StateStore::applied() const {
  const std::lock_guard lock(mutex_);
  std::vector<AppliedPolicy> out;
  for (auto it = entries_.rbegin(); it != entries_.rend() && out.size() < kPoliciesKept; ++it) {
    if (!it->second.refused) {
      out.push_back(it->second.policy);
    }
  }
  return out;
}

std::optional<AppliedPolicy> StateStore::before_last(size_t steps, std::string& error) const {
  const std::vector<AppliedPolicy> all = applied();
  if (all.empty()) {
    error = "no policy was applied yet";
    return std::nullopt;
  }
  // A rollback stands where the policy stands that it went back to: what lies between was undone.
  const auto place = [](const AppliedPolicy& each) {
    return each.origin.rollback_to != 0 ? each.origin.rollback_to : each.generation;
  };
  std::string written = written_digest_of(all.front().sources);
  uint32_t below = place(all.front());
  size_t found = 0;
  for (const AppliedPolicy& each : all) {
    if (each.generation >= below || each.sources.empty()) {
      continue;
    }
    below = place(each);
    if (std::string other = written_digest_of(each.sources); other != written) {
      written = std::move(other);
      if (++found == steps) {
        return each;
      }
    }
  }
  error =
      "there are " + std::to_string(found) + " other policies to go back to, not " + std::to_string(steps);
  return std::nullopt;
}

std::string StateStore::written_before_rollback() const {
  const std::lock_guard lock(mutex_);
  for (auto it = entries_.rbegin(); it != entries_.rend(); ++it) {
    const AppliedPolicy& policy = it->second.policy;
    if (policy.origin.rollback_to == 0 && !policy.sources.empty()) {
      return written_digest_of(policy.sources);
    }
  }
  return {};
}

std::shared_ptr<const ImageNames> StateStore::names_of(uint32_t generation) {
  const std::lock_guard lock(mutex_);
  if (const auto found = names_.find(generation); found != names_.end()) {
    return found->second;
  }
  if (const auto entry = entries_.find(generation); entry != entries_.end()) {
    if (std::shared_ptr<const ImageNames> names = read_names(entry->second)) {
      return names_.emplace(generation, std::move(names)).first->second;
    }
  }
  const std::string_view site = names_.empty() ? std::string_view() : names_.rbegin()->second->site();
  return std::make_shared<const ImageNames>(ImageNames::only_site(site));
}

/// From the blob, or, for a line that does not say one, from the image.
std::shared_ptr<const ImageNames> StateStore::read_names(const Entry& entry) const {
  std::string blob;
  std::optional<ImageNames> names;
  if (entry.names_size <= kMaxNamesBytes && blobs_.get(entry.names_sha256, entry.names_size, blob).empty()) {
    names = ImageNames::read(std::as_bytes(std::span(blob)));
  } else if (const auto image = read_image(entry.policy.generation, entry.policy.sha256)) {
    names = ImageNames::read(MappedImage(*image).bytes());
  }
  return names ? std::make_shared<const ImageNames>(std::move(*names)) : nullptr;
}

void StateStore::prune(uint32_t keep_from) {
  std::set<std::string> named;
  {
    const std::lock_guard lock(mutex_);
    if (const Entry* const last = last_entry(); last != nullptr && last->policy.origin.confirm) {
      keep_from = std::min(keep_from, last->policy.origin.confirm.back_to);
    }
    while (entries_.size() > kPoliciesKept && entries_.begin()->first < keep_from) {
      names_.erase(entries_.begin()->first);
      entries_.erase(entries_.begin());
    }
    for (const auto& [generation, entry] : entries_) {
      named.insert(entry.names_sha256);
      for (const SourceFile& source : entry.policy.sources) {
        named.insert(source.sha256);
      }
    }
  }
  blobs_.prune(named);
  const std::set<uint32_t> images = images_on_disk();
  size_t left = images.size();
  for (const uint32_t generation : images) {
    if (left-- <= kImagesKept) {
      break;
    }
    ::unlink(image_path(generation).c_str());
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

/// nullptr where it is not, whole, the image whose SHA-256 the history has.
std::shared_ptr<const SealedImage> StateStore::read_image(uint32_t generation,
                                                          const std::string& sha256) const {
  const MappedImage file(image_path(generation).string());
  if (!image_intact(file.bytes()) || image_sha256_text(file.bytes()) != sha256) {
    return nullptr;
  }
  std::string error;
  std::shared_ptr<const SealedImage> out = SealedImage::make(file.bytes(), generation, error);
  if (!out) {
    log_error("state: " + error);
  }
  return out;
}

}  // namespace sluice::control
