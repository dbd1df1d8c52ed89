// control/reload: source lists as JSON, and their digests.
#include "control/reload/source_list.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "control/base/hex.h"
#include "control/base/sha256.h"
#include "dataplane/contract/image.h"

namespace sluice::control {
namespace {

using nlohmann::json;

constexpr const char* kKinds[] = {"policy", "list", "feed"};

std::string digest_from(std::string_view start, SourceList sources) {
  std::ranges::sort(sources, {}, &SourceFile::path);
  Sha256 sum;
  sum.update(start);
  for (const SourceFile& source : sources) {
    sum.update(std::to_string(source.path.size()) + ":" + source.path + ":" + source.sha256 + "\n");
  }
  return sum.hex();
}

}  // namespace

SourceFile describe(SourceFile::Kind kind, const std::string& path, std::string_view text) {
  return {kind, path, sha256_hex(text), text.size()};
}

json to_json(const SourceList& sources) {
  json out = json::array();
  for (const SourceFile& source : sources) {
    out.push_back({{"kind", kKinds[static_cast<size_t>(source.kind)]},
                   {"path", source.path},
                   {"sha256", source.sha256},
                   {"size", source.size}});
  }
  return out;
}

std::optional<SourceList> read_sources(const json& value) {
  if (!value.is_array()) {
    return std::nullopt;
  }
  SourceList out;
  for (const json& each : value) {
    const auto text = [&](const char* key) {
      const auto found = each.is_object() ? each.find(key) : each.end();
      return each.is_object() && found != each.end() && found->is_string() ? found->get<std::string>()
                                                                           : std::string();
    };
    const auto kind = std::ranges::find(kKinds, text("kind"));
    const json size = each.is_object() ? each.value("size", json()) : json();
    SourceFile source{SourceFile::Kind::Policy, text("path"), text("sha256"), 0};
    if (kind == std::end(kKinds) || source.path.empty() || !is_sha256_text(source.sha256) ||
        !size.is_number_unsigned()) {
      return std::nullopt;
    }
    source.kind = static_cast<SourceFile::Kind>(kind - std::begin(kKinds));
    source.size = size.get<uint64_t>();
    out.push_back(std::move(source));
  }
  return out;
}

std::string digest_of(SourceList sources) {
  return digest_from(SLUICE_VERSION "/" + std::to_string(kImageVersion) + "\n", std::move(sources));
}

std::string written_digest_of(SourceList sources) {
  std::erase_if(sources, [](const SourceFile& source) { return source.kind == SourceFile::Kind::Feed; });
  return digest_from("", std::move(sources));
}

}  // namespace sluice::control
