// control/judge: a policy to be asked, with what people wrote beside it.
#include "control/judge/opened.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "control/base/json_fields.h"
#include "control/link/sealed_image.h"
#include "control/policy/lists/list_reader.h"
#include "control/policy/source_files.h"
#include "control/reload/blob_store.h"
#include "control/reload/source_list.h"

namespace sluice::control {
namespace {

/// An image and its mapping.
struct HeldImage {
  std::shared_ptr<const SealedImage> sealed;
  MappedImage mapped;
  explicit HeldImage(std::shared_ptr<const SealedImage> image) : sealed(std::move(image)), mapped(*sealed) {}
};

std::string read_kept(const BlobStore& blobs, const SourceFile& file, std::string& text) {
  if (file.size > kMaxListBytes) return file.path + " is too large";
  const std::string why = blobs.get(file.sha256, file.size, text);
  return why.empty() ? why : "what was kept of " + file.path + " is not to be had: " + why;
}

/// The sources of the policy in force, from where they are kept. Returns why there are none.
std::string load_sources(const nlohmann::json& answer, OpenedPolicy& out) {
  const auto known = answer.find("sources");
  const std::optional<SourceList> sources = known == answer.end() ? std::nullopt : read_sources(*known);
  if (!sources || sources->empty()) return "the history does not say what it was made of";
  const BlobStore blobs(text_at(answer, "blobs"));
  std::vector<SourceText> texts;
  for (const SourceFile& file : *sources) {
    if (file.kind != SourceFile::Kind::Policy) continue;
    SourceText& text = texts.emplace_back();
    text.name = file.path;
    if (std::string why = read_kept(blobs, file, text.text); !why.empty()) return why;
  }
  const ReadListFile read = [blobs, kept = *sources](const std::string& path, std::string& text,
                                                     std::string& error) {
    const auto found = std::ranges::find(kept, path, &SourceFile::path);
    if (found == kept.end() || found->kind == SourceFile::Kind::Feed)
      return read_file(path, kMaxListBytes, text, error);
    error = read_kept(blobs, *found, text);
    return error.empty();
  };
  out.written =
      WrittenPolicy::of_texts(std::move(texts), text_at(answer, "directory"), text_at(answer, "feeds"), read);
  return {};
}

void take_timezone(OpenedPolicy& out) {
  if (!out.written || !out.written->source().timezone) return;
  if (const auto zone = TimeZone::find(out.written->source().timezone->text); zone)
    out.judge->set_timezone(*zone);
}

}  // namespace

std::optional<OpenedPolicy> open_directory(const std::filesystem::path& directory,
                                           const std::filesystem::path& feeds, Diagnostics& problems,
                                           std::string& error) {
  OpenedPolicy out;
  out.name = directory.string();
  out.judge = Judge::of_directory(directory, feeds, problems, error);
  if (!out.judge) return std::nullopt;
  out.written = WrittenPolicy::of_directory(directory, feeds);
  return out;
}

std::optional<OpenedPolicy> open_in_force(const nlohmann::json& answer, UniqueFd image, std::string& error) {
  OpenedPolicy out;
  out.generation = static_cast<uint32_t>(number_at(answer, "generation"));
  out.name = "the policy in force (generation " + std::to_string(out.generation) + ")";
  const auto enforced = answer.find("enforced");
  out.enforced = enforced != answer.end() && enforced->is_boolean() && enforced->get<bool>();
  if (!image) {
    error = "sluice-control passed no policy image; is it of this version?";
    return std::nullopt;
  }
  const auto sealed = SealedImage::adopt(std::move(image), out.generation, error);
  if (!sealed) return std::nullopt;
  const auto held = std::make_shared<const HeldImage>(sealed);
  out.judge = Judge::of_image(held->mapped.bytes(), held, error);
  if (!out.judge) return std::nullopt;
  out.no_sources = load_sources(answer, out);
  take_timezone(out);
  return out;
}

}  // namespace sluice::control
