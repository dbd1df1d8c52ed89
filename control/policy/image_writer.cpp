// control/policy: lays the tables of a policy out as one image.
#include "control/policy/image_writer.h"

#include <array>
#include <span>

#include "control/base/sha256.h"
#include "control/policy/parallel.h"

namespace sluice::control {
namespace {

constexpr size_t align_up(size_t offset) {
  return (offset + kSectionAlign - 1) / kSectionAlign * kSectionAlign;
}

template <class T>
std::span<const std::byte> bytes_of(const T& array) {
  return std::as_bytes(std::span(array));
}

using SectionBytes = std::array<std::span<const std::byte>, kSectionCount>;

SectionBytes sections_of(const ImageTables& tables) {
  SectionBytes out;
  const auto set = [&](Section section, std::span<const std::byte> bytes) {
    out[static_cast<size_t>(section)] = bytes;
  };
  set(Section::Strings, bytes_of(tables.strings.bytes()));
  set(Section::Site, std::as_bytes(std::span(&tables.site, 1)));
  set(Section::Lines, bytes_of(tables.lines));
  set(Section::Networks, bytes_of(tables.networks));
  set(Section::Vlans, bytes_of(tables.vlans));
  set(Section::Lists, bytes_of(tables.lists));
  set(Section::Rules, bytes_of(tables.rules));
  set(Section::Ports, bytes_of(tables.ports));
  set(Section::Sets, bytes_of(tables.sets));
  set(Section::SetLists, bytes_of(tables.set_lists));
  set(Section::RuleBits, bytes_of(tables.rule_bits));
  set(Section::NameSetPairs, bytes_of(tables.names->sets));
  set(Section::NameBuckets, bytes_of(tables.names->buckets));
  set(Section::NameBytes, bytes_of(tables.names->bytes));
  set(Section::AddressStarts, bytes_of(tables.addresses.starts));
  set(Section::AddressClassOf, bytes_of(tables.addresses.class_of));
  set(Section::AddressClasses, bytes_of(tables.addresses.classes));
  set(Section::Candidates, bytes_of(tables.addresses.candidates));
  set(Section::PatternLists, bytes_of(tables.patterns.lists));
  set(Section::PatternDatabase, bytes_of(tables.patterns.database));
  set(Section::Calendars, bytes_of(tables.calendars));
  set(Section::Edges, bytes_of(tables.edges));
  return out;
}

/// Of the image that these become.
Sha256Bytes digest_of(const ImageHeader& header, const SectionBytes& sections) {
  static constexpr std::array<char, kSectionAlign> kPadding{};
  Sha256 sum;
  size_t end = 0;
  const auto add = [&](std::span<const std::byte> bytes, size_t offset) {
    sum.update({kPadding.data(), offset - end});
    sum.update({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    end = offset + bytes.size();
  };
  add(std::as_bytes(std::span(&header, 1)), 0);
  for (size_t i = 0; i < kSectionCount; ++i) add(sections[i], header.sections[i].offset);
  add({}, header.size);
  return sum.finish();
}

void write_sections(const ImageHeader& header, const SectionBytes& sections, AlignedImage& image) {
  image.write(std::as_bytes(std::span(&header, 1)), 0);
  for (size_t i = 0; i < kSectionCount; ++i) image.write(sections[i], header.sections[i].offset);
}

}  // namespace

StringRef StringTable::add(std::string_view text) {
  const auto [known, fresh] = known_.try_emplace(std::string(text));
  if (fresh) {
    known->second = {static_cast<uint32_t>(bytes_.size()), static_cast<uint32_t>(text.size())};
    bytes_ += text;
  }
  return known->second;
}

std::optional<AlignedImage> write_image(const ImageTables& tables, uint32_t generation) {
  const SectionBytes sections = sections_of(tables);
  ImageHeader header{};
  header.magic = kImageMagic;
  header.version = kImageVersion;
  header.generation = generation;
  size_t offset = align_up(sizeof header);
  for (size_t i = 0; i < kSectionCount; ++i) {
    header.sections[i] = {offset, sections[i].size()};
    offset = align_up(offset + sections[i].size());
  }
  header.size = offset;
  if (offset > kImageMaxBytes) return std::nullopt;

  AlignedImage image(offset);
  Sha256Bytes digest;
  // Both read all of it: on two processors neither waits for the other.
  for_each_index(2, [&](size_t half) {
    if (half == 0) {
      digest = digest_of(header, sections);
    } else {
      write_sections(header, sections, image);
    }
  });
  image.write(std::as_bytes(std::span(digest)), offsetof(ImageHeader, sha256));
  return image;
}

}  // namespace sluice::control
