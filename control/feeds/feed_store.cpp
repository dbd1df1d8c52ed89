// control/feeds: the copies of feeds on disk.
#include "control/feeds/feed_store.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <set>
#include <vector>

#include "control/base/files.h"

namespace sluice::control {
namespace {

constexpr std::string_view kMetas[] = {".copy", ".held"};

bool is_meta(const std::filesystem::path& path) {
  return std::ranges::find(kMetas, path.extension().string()) != std::end(kMetas);
}

}  // namespace

FeedCopies FeedStore::read(const FeedSpec& spec) const {
  return {read_feed_copy(feed_meta_path(directory_, spec, CopyKind::InForce)),
          read_feed_copy(feed_meta_path(directory_, spec, CopyKind::Held))};
}

std::filesystem::path FeedStore::temporary(const FeedSpec& spec) const {
  return directory_ / (feed_stem(spec) + ".part");
}

std::string FeedStore::keep(const FeedSpec& spec, CopyKind kind, const TextSink& text,
                            const FeedCopy& copy) const {
  const FeedCopies before = read(spec);
  const std::filesystem::path path = feed_text_path(directory_, spec, copy);
  if (::rename(text.path().c_str(), path.c_str()) != 0 || !sync_directory(directory_)) {
    return errno_text("cannot write " + path.string());
  }
  if (std::string why = touch(spec, kind, copy); !why.empty()) {
    ::unlink(path.c_str());
    return why;
  }
  const std::optional<FeedCopy>& replaced = kind == CopyKind::Held ? before.held : before.in_force;
  if (replaced && replaced->sha256 != copy.sha256) {
    ::unlink(feed_text_path(directory_, spec, *replaced).c_str());
  }
  if (kind == CopyKind::InForce) {
    drop_held(spec);
  }
  return {};
}

std::string FeedStore::touch(const FeedSpec& spec, CopyKind kind, const FeedCopy& copy) const {
  const std::string text = feed_copy_text(copy);
  return replace_file(feed_meta_path(directory_, spec, kind), std::as_bytes(std::span(text)));
}

std::string FeedStore::accept(const FeedSpec& spec) const {
  const FeedCopies before = read(spec);
  const std::filesystem::path held = feed_meta_path(directory_, spec, CopyKind::Held);
  if (!before.held) {
    return "nothing is held back";
  }
  if (::rename(held.c_str(), feed_meta_path(directory_, spec, CopyKind::InForce).c_str()) != 0 ||
      !sync_directory(directory_)) {
    return errno_text("cannot rename " + held.string());
  }
  if (before.in_force && before.in_force->sha256 != before.held->sha256) {
    ::unlink(feed_text_path(directory_, spec, *before.in_force).c_str());
  }
  return {};
}

void FeedStore::drop_held(const FeedSpec& spec) const {
  const FeedCopies copies = read(spec);
  ::unlink(feed_meta_path(directory_, spec, CopyKind::Held).c_str());
  if (copies.held && (!copies.in_force || copies.in_force->sha256 != copies.held->sha256)) {
    ::unlink(feed_text_path(directory_, spec, *copies.held).c_str());
  }
}

void FeedStore::sweep(std::span<const FeedSpec> specs, int64_t before_ns) const {
  std::set<std::string> wanted, named;
  for (const FeedSpec& spec : specs) {
    wanted.insert(feed_stem(spec));
  }
  std::vector<std::filesystem::path> texts;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory_, error)) {
    const std::filesystem::path& path = entry.path();
    if (!is_meta(path)) {
      texts.push_back(path);
      continue;
    }
    const std::optional<FeedCopy> copy = read_feed_copy(path);
    const std::string stem = path.stem().string();
    if (!wanted.contains(stem) && (!copy || copy->checked_ns < before_ns)) {
      ::unlink(path.c_str());
    } else if (copy) {
      named.insert(feed_text_stem(stem, *copy));
    }
  }
  for (const std::filesystem::path& path : texts) {
    if (!named.contains(path.stem().string())) {
      ::unlink(path.c_str());
    }
  }
}

}  // namespace sluice::control
