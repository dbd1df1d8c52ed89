// control/policy: what a policy says of a list that is fetched, and its last good copy on disk.
#include "control/policy/feed_copy.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "control/base/hex.h"
#include "control/base/sha256.h"
#include "control/policy/source_files.h"

namespace sluice::control {
namespace {

using nlohmann::json;

constexpr size_t kMaxMetaBytes = 8192;
constexpr size_t kStemDigits = 16, kTextDigits = 32;

/// The member of an object, where it is of the wanted kind.
template <typename T>
bool take(const json& object, const char* key, T& out) {
  const auto found = object.find(key);
  if (found == object.end()) return false;
  if constexpr (std::is_same_v<T, std::string>) {
    if (!found->is_string()) return false;
  } else if constexpr (std::is_signed_v<T>) {
    if (!found->is_number_integer()) return false;
  } else {
    if (!found->is_number_unsigned() || found->template get<uint64_t>() > std::numeric_limits<T>::max())
      return false;
  }
  out = found->template get<T>();
  return true;
}

}  // namespace

bool is_validator(std::string_view text) {
  return text.size() <= kMaxValidator &&
         std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 0x7f; });
}

std::string feed_stem(const FeedSpec& spec) {
  const std::string_view word = kListFormatWords[static_cast<size_t>(spec.format)];
  return spec.list + '-' + sha256_hex(std::string(word) + ' ' + spec.source.url).substr(0, kStemDigits);
}

std::filesystem::path feed_meta_path(const std::filesystem::path& directory, const FeedSpec& spec,
                                     CopyKind kind) {
  return directory / (feed_stem(spec) + (kind == CopyKind::Held ? ".held" : ".copy"));
}

std::string feed_text_stem(std::string_view stem, const FeedCopy& copy) {
  return std::string(stem) + '-' + copy.sha256.substr(0, kTextDigits);
}

std::filesystem::path feed_text_path(const std::filesystem::path& directory, const FeedSpec& spec,
                                     const FeedCopy& copy) {
  return directory / (feed_text_stem(feed_stem(spec), copy) + '.' +
                      std::string(kListFormatWords[static_cast<size_t>(spec.format)]));
}

std::string feed_copy_text(const FeedCopy& copy) {
  const json out{{"sha256", copy.sha256},
                 {"bytes", copy.bytes},
                 {"entries", copy.entries},
                 {"etag", copy.etag},
                 {"last_modified", copy.last_modified},
                 {"fetched_ns", copy.fetched_ns},
                 {"checked_ns", copy.checked_ns}};
  return out.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

std::optional<FeedCopy> parse_feed_copy(std::string_view text) {
  if (text.size() > kMaxMetaBytes) return std::nullopt;
  const json value = json::parse(text, nullptr, false);
  FeedCopy out;
  if (!value.is_object() || !take(value, "sha256", out.sha256) || !is_sha256_text(out.sha256) ||
      !take(value, "bytes", out.bytes) || !take(value, "entries", out.entries) ||
      !take(value, "etag", out.etag) || !is_validator(out.etag) ||
      !take(value, "last_modified", out.last_modified) || !is_validator(out.last_modified) ||
      !take(value, "fetched_ns", out.fetched_ns) || !take(value, "checked_ns", out.checked_ns)) {
    return std::nullopt;
  }
  return out;
}

std::optional<FeedCopy> read_feed_copy(const std::filesystem::path& meta) {
  std::string text, ignored;
  if (!read_file(meta.string(), kMaxMetaBytes, text, ignored)) return std::nullopt;
  return parse_feed_copy(text);
}

json feed_spec_json(const FeedSpec& spec) {
  return {{"list", spec.list},
          {"format", static_cast<unsigned>(spec.format)},
          {"url", spec.source.url},
          {"refresh_s", spec.source.refresh_s},
          {"checksum", spec.source.checksum},
          {"max_change_percent", spec.source.max_change_percent}};
}

std::optional<FeedSpec> feed_spec_from(const json& value) {
  FeedSpec out;
  unsigned format = 0;
  if (!value.is_object() || !take(value, "list", out.list) || !take(value, "format", format) ||
      format >= std::size(kListFormatWords) || !take(value, "url", out.source.url) ||
      !take(value, "refresh_s", out.source.refresh_s) || !take(value, "checksum", out.source.checksum) ||
      !take(value, "max_change_percent", out.source.max_change_percent)) {
    return std::nullopt;
  }
  out.format = static_cast<ListFormat>(format);
  return out;
}

}  // namespace sluice::control
