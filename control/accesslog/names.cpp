// accesslog: reads the names out of a policy image.
#include "control/accesslog/names.h"

#include <cstring>

#include "control/base/hex.h"

namespace sluice::control {
namespace {

/// The bytes of one section, or nothing where it reaches beyond the image.
std::optional<std::span<const std::byte>> section(std::span<const std::byte> image, const ImageHeader& header,
                                                  Section which) {
  const SectionSpan& span = header.sections[static_cast<size_t>(which)];
  if (span.offset > image.size() || span.size > image.size() - span.offset) {
    return std::nullopt;
  }
  return image.subspan(span.offset, span.size);
}

std::optional<std::string> text(std::span<const std::byte> strings, StringRef ref) {
  if (ref.offset > strings.size() || ref.size > strings.size() - ref.offset) {
    return std::nullopt;
  }
  return std::string(reinterpret_cast<const char*>(strings.data()) + ref.offset, ref.size);
}

/// Reads the name of each element of an array section. Element: has a StringRef `name`. also: is shown each.
template <typename Element, typename Also>
bool read_names(std::span<const std::byte> strings, std::optional<std::span<const std::byte>> bytes,
                std::vector<std::string>& out, Also also) {
  if (!bytes || bytes->size() % sizeof(Element) != 0) {
    return false;
  }
  out.reserve(bytes->size() / sizeof(Element));
  for (size_t at = 0; at < bytes->size(); at += sizeof(Element)) {
    Element element{};
    std::memcpy(&element, bytes->data() + at, sizeof element);
    std::optional<std::string> name = text(strings, element.name);
    if (!name) {
      return false;
    }
    out.push_back(std::move(*name));
    also(element);
  }
  return true;
}

/// What grows with the names and prefixes of a policy, and names nothing.
bool is_large(Section which) {
  switch (which) {
    case Section::Sets:
    case Section::SetLists:
    case Section::RuleBits:
    case Section::NameBuckets:
    case Section::NameBytes:
    case Section::AddressStarts:
    case Section::AddressClassOf:
    case Section::AddressClasses:
    case Section::Candidates:
    case Section::PatternLists:
    case Section::PatternDatabase:
      return true;
    default:
      return false;
  }
}

}  // namespace

ImageNames ImageNames::only_site(std::string_view site) {
  ImageNames out;
  out.site_ = site;
  return out;
}

std::optional<ImageNames> ImageNames::read(std::span<const std::byte> image) {
  ImageHeader header{};
  if (image.size() < sizeof header) {
    return std::nullopt;
  }
  std::memcpy(&header, image.data(), sizeof header);
  if (header.magic != kImageMagic || header.version != kImageVersion || header.size != image.size()) {
    return std::nullopt;
  }
  const auto strings = section(image, header, Section::Strings);
  const auto site = section(image, header, Section::Site);
  if (!strings || !site || site->size() != sizeof(SiteInfo)) {
    return std::nullopt;
  }
  SiteInfo info{};
  std::memcpy(&info, site->data(), sizeof info);
  std::optional<std::string> site_name = text(*strings, info.site), dnstap = text(*strings, info.dnstap);
  ImageNames out;
  out.generation_ = header.generation;
  const auto only_name = [](const auto&) {};
  const auto note_shared = [&](const NetworkInfo& network) { out.shared_.push_back(network.shared != 0); };
  if (!site_name || !dnstap ||
      !read_names<RuleInfo>(*strings, section(image, header, Section::Rules), out.rules_, only_name) ||
      !read_names<ListInfo>(*strings, section(image, header, Section::Lists), out.lists_, only_name) ||
      !read_names<NetworkInfo>(*strings, section(image, header, Section::Networks), out.networks_,
                               note_shared)) {
    return std::nullopt;
  }
  out.site_ = std::move(*site_name);
  out.dnstap_ = std::move(*dnstap);
  return out;
}

std::optional<std::vector<std::byte>> names_image(std::span<const std::byte> image) {
  ImageHeader header{};
  if (image.size() < sizeof header) {
    return std::nullopt;
  }
  std::memcpy(&header, image.data(), sizeof header);
  std::vector<std::byte> out(sizeof header);
  for (size_t i = 0; i < kSectionCount; ++i) {
    const auto which = static_cast<Section>(i);
    const auto bytes = section(image, header, which);
    if (!bytes) {
      return std::nullopt;
    }
    header.sections[i] = {out.size(), is_large(which) ? 0 : bytes->size()};
    if (!is_large(which)) {
      out.insert(out.end(), bytes->begin(), bytes->end());
    }
  }
  // The seed of the name table and what it is keyed by say nothing of names.
  header.generation = 0;
  header.size = out.size();
  std::memset(header.sha256, 0, sizeof header.sha256);
  std::memcpy(out.data(), &header, sizeof header);
  return out;
}

bool image_intact(std::span<const std::byte> image) {
  ImageHeader header{};
  if (image.size() < sizeof header) {
    return false;
  }
  std::memcpy(&header, image.data(), sizeof header);
  if (header.magic != kImageMagic || header.version != kImageVersion || header.size != image.size()) {
    return false;
  }
  const Sha256Bytes sum = image_sha256(image);
  return std::memcmp(sum.data(), header.sha256, sum.size()) == 0;
}

Sha256Bytes image_sha256(std::span<const std::byte> image) {
  constexpr size_t kAt = offsetof(ImageHeader, sha256), kSize = sizeof ImageHeader{}.sha256;
  const std::string_view bytes(reinterpret_cast<const char*>(image.data()), image.size());
  Sha256 sum;
  sum.update(bytes.substr(0, kAt));
  sum.update(std::string(kSize, '\0'));
  sum.update(bytes.substr(kAt + kSize));
  return sum.finish();
}

std::string image_sha256_text(std::span<const std::byte> image) {
  const std::span field = image.subspan(offsetof(ImageHeader, sha256), sizeof ImageHeader{}.sha256);
  return hex_text({reinterpret_cast<const uint8_t*>(field.data()), field.size()});
}

}  // namespace sluice::control
