// tests: reads a policy image by the words of image.h, without any code of the writer or of the data plane.
#pragma once

#include <openssl/evp.h>
#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/contract/image.h"

namespace sluice::control::test {

class ImageReader {
 public:
  explicit ImageReader(std::span<const std::byte> image) : image_(image) {
    std::memcpy(&header_, image.data(), std::min(image.size(), sizeof header_));
  }

  const ImageHeader& header() const { return header_; }

  template <class T>
  std::span<const T> section(Section section) const {
    const SectionSpan& span = header_.sections[static_cast<size_t>(section)];
    return {reinterpret_cast<const T*>(image_.data() + span.offset), span.size / sizeof(T)};
  }

  const SiteInfo& site() const { return section<SiteInfo>(Section::Site)[0]; }
  std::string text(StringRef ref) const {
    return {section<char>(Section::Strings).data() + ref.offset, ref.size};
  }

  /// The first promise of image.h that the image breaks, or nothing.
  std::string broken_promise() const;

  /// Names of the lists of a set.
  std::set<std::string> lists_of(uint32_t set) const {
    const SetInfo& info = section<SetInfo>(Section::Sets)[set];
    std::set<std::string> out;
    for (const uint16_t list :
         section<uint16_t>(Section::SetLists).subspan(info.first_list, info.list_count)) {
      out.insert(text(section<ListInfo>(Section::Lists)[list].name));
    }
    return out;
  }

  /// The set of a host name: its own entry, or the nearest one above it.
  uint32_t set_of_name(std::string_view name) const {
    NameEntry entry;
    if (find_entry(name, entry)) return section<NameSets>(Section::NameSetPairs)[entry.sets].self_set;
    for (size_t dot = name.find('.'); dot != name.npos; dot = name.find('.')) {
      name.remove_prefix(dot + 1);
      if (find_entry(name, entry)) return section<NameSets>(Section::NameSetPairs)[entry.sets].below_set;
    }
    return 0;
  }
  std::set<std::string> lists_of_name(std::string_view name) const { return lists_of(set_of_name(name)); }

  const AddressClass& class_of(const Address& address) const {
    const auto starts = section<Address>(Section::AddressStarts);
    const auto after = std::upper_bound(starts.begin(), starts.end(), address);
    const auto range = static_cast<size_t>(after - starts.begin()) - 1;
    return section<AddressClass>(Section::AddressClasses)[section<uint32_t>(Section::AddressClassOf)[range]];
  }
  std::set<std::string> lists_of_address(const Address& address) const {
    return lists_of(class_of(address).set);
  }
  /// Names of the networks of an address, longest prefix first, in one string.
  std::string networks_of(const Address& address) const {
    const AddressClass& found = class_of(address);
    std::string out;
    const auto candidates = section<uint16_t>(Section::Candidates);
    for (const uint16_t network : candidates.subspan(found.first_candidate, found.candidate_count)) {
      out += (out.empty() ? "" : " ") + text(section<NetworkInfo>(Section::Networks)[network].name);
    }
    return out;
  }

  bool bit(uint32_t row, size_t rule) const {
    const auto words = section<uint64_t>(Section::RuleBits).subspan(size_t{row} * site().rule_words);
    return words[rule / 64] >> (rule % 64) & 1;
  }
  bool bit(RuleRow row, size_t rule) const { return bit(static_cast<uint32_t>(row), rule); }
  uint32_t sets() const { return static_cast<uint32_t>(section<SetInfo>(Section::Sets).size()); }
  uint32_t networks() const { return static_cast<uint32_t>(section<NetworkInfo>(Section::Networks).size()); }

 private:
  bool find_entry(std::string_view name, NameEntry& out) const {
    const auto buckets = section<NameBucket>(Section::NameBuckets);
    if (buckets.empty()) return false;
    const auto bytes = section<std::byte>(Section::NameBytes);
    const uint64_t hash = XXH3_64bits_withSeed(name.data(), name.size(), site().name_seed);
    for (size_t at = (hash >> 32) * buckets.size() >> 32;; at = (at + 1) % buckets.size()) {
      for (size_t slot = 0; slot < kSlotsPerBucket; ++slot) {
        const uint32_t offset = buckets[at].offsets_plus_one[slot];
        if (offset == 0) return false;
        if (buckets[at].tags[slot] != static_cast<uint32_t>(hash)) continue;
        std::memcpy(&out, bytes.data() + offset - 1, sizeof out);
        const auto* text = reinterpret_cast<const char*>(bytes.data() + offset - 1 + sizeof out);
        if (std::string_view(text, out.size) == name) return true;
      }
    }
  }

  std::span<const std::byte> image_;
  ImageHeader header_{};
};

inline std::string ImageReader::broken_promise() const {
  if (image_.size() < sizeof header_ || header_.magic != kImageMagic || header_.version != kImageVersion)
    return "head";
  if (header_.size != image_.size()) return "size";
  std::vector<unsigned char> copy(image_.size()), digest(32);
  std::memcpy(copy.data(), image_.data(), copy.size());
  std::memset(copy.data() + offsetof(ImageHeader, sha256), 0, 32);
  EVP_Digest(copy.data(), copy.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  if (std::memcmp(digest.data(), header_.sha256, 32) != 0) return "sha256";
  for (const SectionSpan& span : header_.sections) {
    if (span.offset % kSectionAlign != 0 || span.offset + span.size > image_.size()) return "section";
  }
  for (const SetInfo& set : section<SetInfo>(Section::Sets)) {
    const auto members = section<uint16_t>(Section::SetLists).subspan(set.first_list, set.list_count);
    for (size_t i = 1; i < members.size(); ++i) {
      if (members[i - 1] >= members[i]) return "set not ascending";
    }
  }
  if (sets() == 0 || section<SetInfo>(Section::Sets)[0].list_count != 0) return "set 0 is not empty";
  const size_t rules = section<RuleInfo>(Section::Rules).size(),
               lists = section<ListInfo>(Section::Lists).size();
  if (site().rule_words != (rules + 63) / 64) return "rule_words";
  const size_t rows = kFixedRows + 2 * sets() + 2 * networks() + lists;
  if (section<uint64_t>(Section::RuleBits).size() != rows * site().rule_words) return "rule bits";
  const auto starts = section<Address>(Section::AddressStarts);
  if (starts.empty() || starts[0] != Address{}) return "first range";
  if (starts.size() != section<uint32_t>(Section::AddressClassOf).size()) return "ranges";
  for (size_t i = 1; i < starts.size(); ++i) {
    if (!(starts[i - 1] < starts[i])) return "ranges not ascending";
  }
  size_t names = 0, slots = 0;
  for (const NameBucket& bucket : section<NameBucket>(Section::NameBuckets)) {
    bool ended = false;
    for (const uint32_t offset : bucket.offsets_plus_one) {
      ++slots;
      if (offset == 0) ended = true;
      if (offset != 0 && ended) return "slots do not fill from the first";
      names += offset != 0;
    }
  }
  if (names * 5 > slots * 4) return "name table";
  return "";
}

}  // namespace sluice::control::test
