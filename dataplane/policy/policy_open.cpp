// policy: checks an image once, so that judging need not.
#include <hs/hs_runtime.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "dataplane/policy/tables.h"

namespace sluice {
namespace {

template <class T>
ImageError take(std::span<const std::byte> image, const ImageHeader& header, Section section,
                std::span<const T>& out) {
  const SectionSpan span = header.sections[static_cast<size_t>(section)];
  if (span.offset > image.size() || span.size > image.size() - span.offset) return ImageError::SectionOutside;
  if (span.offset % kSectionAlign != 0) return ImageError::SectionMisaligned;
  if (span.size % sizeof(T) != 0) return ImageError::SectionSize;
  out = {reinterpret_cast<const T*>(image.data() + span.offset), span.size / sizeof(T)};
  return ImageError::None;
}

bool checksum_fits(std::span<const std::byte> image, const ImageHeader& header) {
  ImageHeader blank = header;
  std::fill(std::begin(blank.sha256), std::end(blank.sha256), uint8_t{0});
  uint8_t digest[32];
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  const bool made =
      context != nullptr && EVP_DigestInit_ex(context, EVP_sha256(), nullptr) == 1 &&
      EVP_DigestUpdate(context, &blank, sizeof blank) == 1 &&
      EVP_DigestUpdate(context, image.data() + sizeof blank, image.size() - sizeof blank) == 1 &&
      EVP_DigestFinal_ex(context, digest, nullptr) == 1;
  EVP_MD_CTX_free(context);
  return made && std::memcmp(digest, header.sha256, sizeof digest) == 0;
}

bool range_fits(uint64_t first, uint64_t count, size_t size) {
  return first <= size && count <= size - first;
}

template <class T>
bool all_below(std::span<const T> values, size_t limit) {
  return std::all_of(values.begin(), values.end(), [limit](T value) { return value < limit; });
}

}  // namespace

/// Checks the sections against each other, one kind of fault at a time.
struct ImageChecker {
  const Policy::Tables& t;

  bool text(StringRef ref) const { return range_fits(ref.offset, ref.size, t.strings.size()); }

  ImageError strings() const {
    bool fits = text(t.site->site) && text(t.site->contact) && text(t.site->dnstap);
    for (const auto& line : t.lines) fits = fits && text(line.name);
    for (const auto& network : t.networks) fits = fits && text(network.name);
    for (const auto& list : t.lists) fits = fits && text(list.name);
    for (const auto& rule : t.rules)
      fits = fits && text(rule.name) && text(rule.message) && text(rule.owner) && text(rule.ticket);
    return fits ? ImageError::None : ImageError::StringOutside;
  }

  ImageError counts() const {
    const bool fits = t.rules.size() <= kMaxRules && t.lists.size() <= kMaxLists &&
                      t.networks.size() <= kMaxNetworks && t.lines.size() <= kMaxLines && !t.sets.empty() &&
                      t.sets.size() < UINT32_MAX / 4 && t.site->rule_words == (t.rules.size() + 63) / 64;
    if (!fits) return ImageError::SectionSize;
    const uint64_t rows = kFixedRows + 2 * uint64_t{t.sets.size()} + 2 * t.networks.size() + t.lists.size();
    if (t.rule_bits.size() != rows * t.site->rule_words) return ImageError::SectionSize;
    return ImageError::None;
  }

  ImageError enums() const {
    if (t.site->observe > 1) return ImageError::BadEnum;
    for (const auto& network : t.networks) {
      if (network.canaries > 1 || network.strip_ech > 1 || network.shared > 1) return ImageError::BadEnum;
      if (network.fallback > static_cast<uint8_t>(Setting::Observe) ||
          network.fallback == static_cast<uint8_t>(Setting::ByAddress))
        return ImageError::BadEnum;
      for (uint8_t setting : network.unidentified)
        if (setting > static_cast<uint8_t>(Setting::Observe)) return ImageError::BadEnum;
    }
    for (const auto& rule : t.rules)
      if (rule.action > static_cast<uint8_t>(RuleAction::Observe) ||
          rule.tunnel > static_cast<uint8_t>(TunnelRule::Opened))
        return ImageError::BadEnum;
    return ImageError::None;
  }

  ImageError indices() const {
    bool fits = all_below(t.set_lists, t.lists.size()) && all_below(t.class_of, t.classes.size()) &&
                all_below(t.candidates, t.networks.size()) && all_below(t.pattern_lists, t.lists.size()) &&
                (t.site->doh_list == kNone16 || t.site->doh_list < t.lists.size());
    for (const auto& network : t.networks)
      fits = fits && (network.line == kNone16 || network.line < t.lines.size()) &&
             range_fits(network.first_vlan, network.vlan_count, t.vlans.size());
    for (const auto& rule : t.rules)
      fits = fits && range_fits(rule.first_port, rule.port_count, t.ports.size()) &&
             (rule.calendar == kNone16 || rule.calendar < t.calendars.size());
    for (const auto& calendar : t.calendars)
      fits = fits && range_fits(calendar.first_edge, calendar.edge_count, t.edges.size());
    for (const auto& set : t.sets)
      fits = fits && range_fits(set.first_list, set.list_count, t.set_lists.size());
    for (const auto& one : t.classes)
      fits = fits && one.set < t.sets.size() &&
             range_fits(one.first_candidate, one.candidate_count, t.candidates.size());
    return fits ? ImageError::None : ImageError::IndexOutside;
  }

  /// A bit beyond the last rule would make judge() read a rule that is not there.
  ImageError spare_bits() const {
    const size_t words = t.site->rule_words;
    if (words == 0 || t.rules.size() % 64 == 0) return ImageError::None;
    const uint64_t spare = ~uint64_t{0} << (t.rules.size() % 64);
    for (size_t last = words - 1; last < t.rule_bits.size(); last += words)
      if (t.rule_bits[last] & spare) return ImageError::IndexOutside;
    return ImageError::None;
  }

  ImageError order() const {
    const bool fits =
        !t.starts.empty() && t.starts.size() == t.class_of.size() && t.starts[0] == Address{} &&
        std::adjacent_find(t.starts.begin(), t.starts.end(), std::greater_equal<>()) == t.starts.end();
    const SiteInfo& site = *t.site;
    if (!fits || site.bypass_from < 0 || site.bypass_until < site.bypass_from ||
        site.bypass_until - site.bypass_from > kMaxBypassS)
      return ImageError::NotSorted;
    for (const auto& calendar : t.calendars) {
      const auto edges = t.edges.subspan(calendar.first_edge, calendar.edge_count);
      if (std::adjacent_find(edges.begin(), edges.end(), std::greater_equal<>()) != edges.end())
        return ImageError::NotSorted;
    }
    return ImageError::None;
  }

  ImageError names() const {
    for (const NameSets& sets : t.name_sets)
      if (sets.self_set >= t.sets.size() || sets.below_set >= t.sets.size()) return ImageError::BadNameTable;
    if (t.buckets.empty()) return ImageError::None;
    if (t.buckets.size() > UINT32_MAX) return ImageError::BadNameTable;
    bool some_end = false;  // of a look-up, which passes over full buckets
    for (const NameBucket& bucket : t.buckets) {
      for (const uint32_t offset : bucket.offsets_plus_one)
        if (offset != 0 && !entry_fits(offset - 1)) return ImageError::BadNameTable;
      some_end |= bucket.offsets_plus_one[kSlotsPerBucket - 1] == 0;
    }
    return some_end ? ImageError::None : ImageError::BadNameTable;
  }

 private:
  bool entry_fits(size_t offset) const {
    if (!range_fits(offset, sizeof(NameEntry), t.names.size())) return false;
    NameEntry entry;
    std::memcpy(&entry, t.names.data() + offset, sizeof entry);
    return entry.size >= 1 && entry.size <= kMaxName && entry.sets < t.name_sets.size() &&
           range_fits(offset + sizeof entry, entry.size, t.names.size());
  }
};

static ImageError open_sections(std::span<const std::byte> image, Policy::Tables& t) {
  if (image.size() < sizeof(ImageHeader)) return ImageError::TooShort;
  if (image.size() > kImageMaxBytes) return ImageError::TooLarge;
  if (reinterpret_cast<uintptr_t>(image.data()) % kSectionAlign != 0) return ImageError::SectionMisaligned;
  t.image = image;
  t.header = reinterpret_cast<const ImageHeader*>(image.data());
  if (t.header->magic != kImageMagic) return ImageError::BadMagic;
  if (t.header->version != kImageVersion) return ImageError::OtherVersion;
  if (t.header->size != image.size() || t.header->generation == 0) return ImageError::SizeDiffers;
  if (!checksum_fits(image, *t.header)) return ImageError::BadChecksum;
  std::span<const SiteInfo> site;
  const ImageError taken[] = {
      take(image, *t.header, Section::Strings, t.strings),
      take(image, *t.header, Section::Site, site),
      take(image, *t.header, Section::Lines, t.lines),
      take(image, *t.header, Section::Networks, t.networks),
      take(image, *t.header, Section::Vlans, t.vlans),
      take(image, *t.header, Section::Lists, t.lists),
      take(image, *t.header, Section::Rules, t.rules),
      take(image, *t.header, Section::Ports, t.ports),
      take(image, *t.header, Section::Sets, t.sets),
      take(image, *t.header, Section::SetLists, t.set_lists),
      take(image, *t.header, Section::RuleBits, t.rule_bits),
      take(image, *t.header, Section::NameSetPairs, t.name_sets),
      take(image, *t.header, Section::NameBuckets, t.buckets),
      take(image, *t.header, Section::NameBytes, t.names),
      take(image, *t.header, Section::AddressStarts, t.starts),
      take(image, *t.header, Section::AddressClassOf, t.class_of),
      take(image, *t.header, Section::AddressClasses, t.classes),
      take(image, *t.header, Section::Candidates, t.candidates),
      take(image, *t.header, Section::PatternLists, t.pattern_lists),
      take(image, *t.header, Section::PatternDatabase, t.pattern_bytes),
      take(image, *t.header, Section::Calendars, t.calendars),
      take(image, *t.header, Section::Edges, t.edges),
  };
  for (ImageError error : taken)
    if (error != ImageError::None) return error;
  if (site.size() != 1) return ImageError::SectionSize;
  t.site = site.data();
  return ImageError::None;
}

static ImageError open_patterns(Policy::Tables& t) {
  if (t.pattern_bytes.empty()) return ImageError::None;
  if (hs_deserialize_database(reinterpret_cast<const char*>(t.pattern_bytes.data()), t.pattern_bytes.size(),
                              &t.patterns) != HS_SUCCESS)
    return ImageError::BadPatterns;
  t.pattern_rules.assign(t.site->rule_words, 0);
  for (uint16_t list : t.pattern_lists) {
    const uint64_t* row = t.row_for_list(list);
    for (size_t word = 0; word < t.pattern_rules.size(); ++word) t.pattern_rules[word] |= row[word];
  }
  return ImageError::None;
}

void Policy::Tables::pick_ipv4_starts() {
  before_ipv4 = 0;
  for (const Address& start : starts) {
    if (start.is_v4()) ipv4_starts.push_back(static_cast<uint32_t>(start.low()));
    before_ipv4 += start.high() == 0 && start.low() >> 32 < 0xffff;
  }
}

std::unique_ptr<Policy> Policy::open(std::span<const std::byte> image, ImageError& error) {
  auto policy = std::unique_ptr<Policy>(new (std::nothrow) Policy);
  if (policy) policy->tables_.reset(new (std::nothrow) Tables);
  if (!policy || !policy->tables_) {
    error = ImageError::NoMemory;
    return nullptr;
  }
  Tables& t = *policy->tables_;
  error = open_sections(image, t);
  const ImageChecker checker{t};
  using Check = ImageError (ImageChecker::*)() const;
  for (Check check :
       {&ImageChecker::counts, &ImageChecker::strings, &ImageChecker::enums, &ImageChecker::indices,
        &ImageChecker::spare_bits, &ImageChecker::order, &ImageChecker::names})
    if (error == ImageError::None) error = (checker.*check)();
  if (error == ImageError::None) error = open_patterns(t);
  if (error == ImageError::None) t.pick_ipv4_starts();
  t.any_shared = std::ranges::any_of(t.networks, [](const NetworkInfo& one) { return one.shared != 0; });
  return error == ImageError::None ? std::move(policy) : nullptr;
}

Policy::~Policy() {
  if (tables_) hs_free_database(tables_->patterns);
}

bool Policy::make_scratch(Scratch& out) const {
  constexpr size_t kLineWords = (kMaxLines + 63) / 64;
  constexpr int64_t kNoTime = INT64_MIN;  // before all edges
  const Tables& t = *tables_;
  const size_t words = t.site->rule_words + kLineWords;
  out.live_.reset(new (std::nothrow) uint64_t[words]());
  if (!out.live_) return false;
  if (t.patterns != nullptr && hs_alloc_scratch(t.patterns, &out.hs_) != HS_SUCCESS) return false;
  out.since_s_ = out.until_s_ = 0;
  out.observing_ = t.site->observe != 0;
  advance(out, kNoTime);
  return true;
}

Scratch::Scratch(Scratch&& other) noexcept
    : hs_(other.hs_),
      live_(std::move(other.live_)),
      observing_(other.observing_),
      since_s_(other.since_s_),
      until_s_(other.until_s_) {
  other.hs_ = nullptr;
}

Scratch::~Scratch() {
  hs_free_scratch(hs_);
}

std::string_view text_of(ImageError error) {
  switch (error) {
    case ImageError::None:
      return "no error";
    case ImageError::TooShort:
      return "shorter than its header";
    case ImageError::TooLarge:
      return "larger than the bound";
    case ImageError::BadMagic:
      return "not a policy image";
    case ImageError::OtherVersion:
      return "made for another version";
    case ImageError::SizeDiffers:
      return "its header names another size, or no generation";
    case ImageError::BadChecksum:
      return "its checksum is wrong";
    case ImageError::SectionOutside:
      return "a section reaches outside";
    case ImageError::SectionMisaligned:
      return "it or a section is not aligned";
    case ImageError::SectionSize:
      return "a section has an impossible size";
    case ImageError::StringOutside:
      return "a string reaches outside";
    case ImageError::IndexOutside:
      return "an index reaches outside";
    case ImageError::NotSorted:
      return "its address ranges or its times are not in order";
    case ImageError::BadEnum:
      return "a setting has no such value";
    case ImageError::BadNameTable:
      return "its name table is broken";
    case ImageError::BadPatterns:
      return "its pattern database does not fit this machine";
    case ImageError::NoMemory:
      return "no memory for it";
  }
  return "unknown error";
}

}  // namespace sluice
