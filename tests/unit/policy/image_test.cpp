// tests: images cut, bent and lying: refused with a reason, or harmless.
#include <gtest/gtest.h>
#include <openssl/sha.h>

#include <cstring>
#include <map>
#include <set>

#include "dataplane/policy/generation.h"
#include "tests/support/policy.h"

namespace sluice {
namespace {

struct FreeAligned {
  void operator()(std::byte* memory) const { std::free(memory); }
};

/// A copy in a heap block of its exact size (rounded to the alignment that open asks for).
struct Copy {
  explicit Copy(std::span<const std::byte> image, size_t size)
      : memory(static_cast<std::byte*>(std::aligned_alloc(64, (std::max<size_t>(size, 1) + 63) / 64 * 64))),
        bytes(memory.get(), size) {
    std::memcpy(memory.get(), image.data(), std::min(size, image.size()));
  }
  ImageHeader& header() { return *reinterpret_cast<ImageHeader*>(memory.get()); }
  void sign() {
    std::memset(header().sha256, 0, sizeof header().sha256);
    uint8_t digest[32];
    SHA256(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(), digest);
    std::memcpy(header().sha256, digest, sizeof digest);
  }
  std::unique_ptr<std::byte, FreeAligned> memory;
  std::span<std::byte> bytes;
};

constexpr const char* kRules = R"(
lists:
  bad: {names: [bad.example, very.long.name.that.lies.deep.example], prefixes: [203.0.113.0/24], patterns: ['bet[0-9]+']}
rules:
  - {name: no-bad, to: [bad], action: block}
  - {name: print, direction: inbound, from: [hq-sg], to: [printers], ports: [tcp/9100], action: allow}
)";

std::unique_ptr<test::TestPolicy> small() {
  return test::make_policy(test::kOffice + kRules, 7);
}

ImageError open(std::span<const std::byte> image) {
  ImageError error = ImageError::None;
  (void)Policy::open(image, error);
  return error;
}

TEST(PolicyImage, RightOneOpensAndTellsItsGeneration) {
  const auto made = small();
  EXPECT_EQ(made->policy->generation(), 7u);
  EXPECT_EQ(made->policy->string(made->policy->site().site), "test-office");
  EXPECT_EQ(made->policy->network_count(), 9u);
}

TEST(PolicyImage, CutAtEveryLengthIsRefused) {
  const auto made = small();
  const auto image = made->compiled.image();
  for (size_t size = 0; size < image.size(); size += size < 1024 ? 1 : 97) {
    Copy copy(image, size);
    EXPECT_NE(open(copy.bytes), ImageError::None) << size;
  }
}

TEST(PolicyImage, EveryByteFlippedIsRefused) {
  const auto made = small();
  Copy copy(made->compiled.image(), made->compiled.image().size());
  for (size_t at = 0; at < copy.bytes.size(); at += at < 1024 ? 1 : 7) {
    copy.bytes[at] ^= std::byte{0x40};
    EXPECT_NE(open(copy.bytes), ImageError::None) << at;
    copy.bytes[at] ^= std::byte{0x40};
  }
}

TEST(PolicyImage, HeadersThatLieAreNamed) {
  const auto made = small();
  const auto image = made->compiled.image();
  struct Lie {
    const char* what;
    void (*tell)(ImageHeader&);
    ImageError error;
  };
  const auto section = [](ImageHeader& header, Section which) -> SectionSpan& {
    return header.sections[static_cast<size_t>(which)];
  };
  static const auto at = section;
  const Lie lies[] = {
      {"magic", [](ImageHeader& h) { h.magic = 0; }, ImageError::BadMagic},
      {"version", [](ImageHeader& h) { ++h.version; }, ImageError::OtherVersion},
      {"size", [](ImageHeader& h) { --h.size; }, ImageError::SizeDiffers},
      {"generation 0", [](ImageHeader& h) { h.generation = 0; }, ImageError::SizeDiffers},
      {"offset", [](ImageHeader& h) { at(h, Section::Rules).offset = ~uint64_t{63}; },
       ImageError::SectionOutside},
      {"alignment", [](ImageHeader& h) { at(h, Section::Rules).offset += 4; }, ImageError::SectionMisaligned},
      {"size overflow", [](ImageHeader& h) { at(h, Section::Rules).size = ~uint64_t{0}; },
       ImageError::SectionOutside},
      {"odd size", [](ImageHeader& h) { at(h, Section::Rules).size -= 1; }, ImageError::SectionSize},
      {"no site", [](ImageHeader& h) { at(h, Section::Site).size = 0; }, ImageError::SectionSize},
      {"no ranges", [](ImageHeader& h) { at(h, Section::AddressStarts).size = 0; }, ImageError::NotSorted},
      {"no strings", [](ImageHeader& h) { at(h, Section::Strings).size = 0; }, ImageError::StringOutside},
      {"no lists", [](ImageHeader& h) { at(h, Section::Lists).size = 0; }, ImageError::SectionSize},
      {"no names", [](ImageHeader& h) { at(h, Section::NameBytes).size = 0; }, ImageError::BadNameTable},
      {"no classes", [](ImageHeader& h) { at(h, Section::AddressClasses).size = 0; },
       ImageError::IndexOutside},
  };
  for (const Lie& lie : lies) {
    Copy copy(image, image.size());
    lie.tell(copy.header());
    copy.sign();
    EXPECT_EQ(text_of(open(copy.bytes)), text_of(lie.error)) << lie.what;
  }
}

/// The checksum keeps accidents out; this is for what it cannot: an image made wrong and signed right.
TEST(PolicyImage, SignedLiesAnywhereAreRefusedOrHarmless) {
  const auto made = small();
  Copy copy(made->compiled.image(), made->compiled.image().size());
  const SectionSpan database = copy.header().sections[static_cast<size_t>(Section::PatternDatabase)];
  const char* names[] = {"bad.example", "x.very.long.name.that.lies.deep.example", "bet77.example", ""};
  std::set<ImageError> seen;
  for (size_t at = offsetof(ImageHeader, size); at < copy.bytes.size(); ++at) {
    // Hyperscan's own bytes carry its own checksum, and are tested as one field.
    if (at >= database.offset && at < database.offset + database.size && at % 61 != 0) continue;
    for (const uint8_t flip : {0x01, 0x80, 0xff}) {
      copy.bytes[at] ^= std::byte{flip};
      copy.sign();
      ImageError error = ImageError::None;
      const auto policy = Policy::open(copy.bytes, error);
      seen.insert(error);
      Scratch scratch;
      if (policy && policy->make_scratch(scratch)) {
        for (const char* name : names) {
          Subject subject{.transport = 6, .service_port = 9100, .name = name, .unidentified = *name == '\0'};
          subject.local = Address::from_v4(reinterpret_cast<const uint8_t*>("\x0a\x14\x01\x07"));
          subject.remote = Address::from_v4(reinterpret_cast<const uint8_t*>("\x0a\x40\x01\x07"));
          for (const Direction direction : {Direction::Outbound, Direction::Inbound}) {
            subject.direction = direction;
            const Verdict verdict = policy->judge(subject, scratch);
            (void)policy->rule_name(verdict.rule);
            (void)policy->list_name(verdict.list);
            (void)policy->network_name(verdict.network);
          }
        }
      }
      copy.bytes[at] ^= std::byte{flip};
    }
  }
  for (const ImageError error : {ImageError::None, ImageError::StringOutside, ImageError::IndexOutside,
                                 ImageError::BadNameTable, ImageError::BadEnum, ImageError::NotSorted})
    EXPECT_TRUE(seen.contains(error)) << text_of(error);
}

TEST(PolicyImage, StoredNameThatDiffersInOneByteIsAnother) {
  for (const size_t size :
       {1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 24, 31, 32, 33, 47, 48, 49, 63, 64, 100, 253}) {
    std::string name;
    while (name.size() < size) name += name.size() % 64 == 62 && name.size() + 1 < size ? '.' : 'q';
    std::string text = test::kOffice;
    text.append("lists: {l: {names: [")
        .append(name)
        .append("]}}\nrules: [{name: r, to: [l], action: block}]\n");
    const auto made = test::make_policy(text);
    EXPECT_NE(made->policy->set_of(name), 0u) << size;
    Copy copy(made->compiled.image(), made->compiled.image().size());
    const SectionSpan stored = copy.header().sections[static_cast<size_t>(Section::NameBytes)];
    const std::string_view texts(reinterpret_cast<const char*>(copy.memory.get()) + stored.offset,
                                 stored.size);
    const size_t at = texts.find(name);
    ASSERT_NE(at, texts.npos);
    for (size_t i = 0; i < size; ++i) {
      std::byte& byte = copy.bytes[stored.offset + at + i];
      byte ^= std::byte{1};
      copy.sign();
      ImageError error = ImageError::None;
      const auto policy = Policy::open(copy.bytes, error);
      ASSERT_NE(policy, nullptr) << text_of(error);
      EXPECT_EQ(policy->set_of(name), 0u) << size << " byte " << i;
      byte ^= std::byte{1};
    }
  }
}

TEST(Generation, CopiesTheImageAndNumbersItself) {
  const auto made = small();
  ImageError error = ImageError::None;
  const auto first = Generation::build(made->compiled.image(), 2, error);
  const auto second = Generation::build(made->compiled.image(), 2, error);
  ASSERT_TRUE(first && second);
  EXPECT_NE(first->serial(), second->serial());
  EXPECT_NE(first->image().data(), made->compiled.image().data());
  EXPECT_EQ(Generation::build({}, 1, error), nullptr);
  EXPECT_EQ(error, ImageError::TooShort);
}

}  // namespace
}  // namespace sluice
