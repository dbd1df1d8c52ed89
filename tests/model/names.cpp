// tests: model: random names, addresses and prefixes out of small alphabets, so that they collide.
#include "tests/model/names.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "tests/model/match.h"

namespace sluice::model {
namespace {

constexpr size_t kLongestName = 253, kLongestLabel = 63;

using Bytes = std::array<uint8_t, 16>;

std::string text_of(const Bytes& bytes, bool v4) {
  char text[INET6_ADDRSTRLEN];
  return inet_ntop(v4 ? AF_INET : AF_INET6, bytes.data(), text, sizeof text);
}

Bytes random_bytes(Chance& chance, bool v4) {
  static constexpr uint8_t kParts[] = {0, 1, 2, 8, 127, 128, 254, 255};
  const auto part = [&] { return kParts[chance.below(std::size(kParts))]; };
  Bytes out{};
  if (v4) {
    out = {static_cast<uint8_t>(chance.one_in(5) ? 192 : 10), part(), part(), part()};
    if (out[0] == 192) out[1] = 168;
    if (chance.one_in(40)) out[0] = part();
  } else {
    out = {0xfd, 0, 0, part(), 0, part()};
    out[15] = part();
    if (chance.one_in(4)) out[8] = part();
  }
  return out;
}

/// Adds one, or takes one away. Returns false beyond the ends.
bool step(Bytes& bytes, size_t size, bool up) {
  for (size_t i = size; i-- > 0;) {
    const uint8_t border = up ? 0xff : 0;
    if (bytes[i] != border) {
      bytes[i] = static_cast<uint8_t>(up ? bytes[i] + 1 : bytes[i] - 1);
      return true;
    }
    bytes[i] = up ? 0 : 0xff;
  }
  return false;
}

std::string any_case(Chance& chance, std::string text) {
  if (!chance.one_in(3)) return text;
  for (char& c : text)
    if (c >= 'a' && c <= 'z' && chance.one_in(2)) c = static_cast<char>(c - 32);
  return text;
}

}  // namespace

std::string random_name(Chance& chance) {
  std::string out = chance.word({"c", "test", "xc", "c-1"});
  for (size_t labels = chance.below(4); labels-- > 0;)
    out = chance.word({"a", "b", "xb", "bx", "www", "c", "7", "_x", "ab"}) + "." + out;
  if (!chance.one_in(100)) return out;
  while (out.size() + 1 < kLongestName)
    out = std::string(std::min(kLongestLabel, kLongestName - 1 - out.size()), 'a') + "." + out;
  return out;
}

std::string random_entry(Chance& chance) {
  const std::string name = any_case(chance, random_name(chance)) + (chance.one_in(12) ? "." : "");
  return chance.word({"", "", "=", "*."}) + name;
}

std::string random_literal(Chance& chance) {
  for (;;) {
    std::string entry = random_entry(chance);
    if (entry.find('.') != entry.npos || entry.starts_with("=")) return entry;
  }
}

Pattern random_pattern(Chance& chance) {
  Pattern out;
  out.begin = static_cast<Begin>(chance.below(3));
  out.ends_name = chance.one_in(3);
  const size_t count = 1 + chance.below(3), fixed = chance.below(count);
  for (size_t i = 0; i < count; ++i) {
    Atom atom;
    if (i == fixed || chance.one_in(2)) {
      // Without one that says what it is, it could match every name.
      atom.members = chance.word({"b", "xb", "a.c", "c", "7", "www."});
    } else {
      atom.is_class = true;
      atom.members = chance.word({"ab", "7", "c.", "x"});
      atom.others = chance.one_in(4);
      atom.least = chance.between(0, 2);
      atom.most = chance.one_in(3) ? -1 : atom.least + chance.between(1, 2);
    }
    out.atoms.push_back(atom);
  }
  return out;
}

std::string random_address(Chance& chance) {
  const bool v4 = !chance.one_in(4);
  return text_of(random_bytes(chance, v4), v4);
}

std::string random_prefix(Chance& chance) {
  const bool v4 = !chance.one_in(4);
  static constexpr int kV4[] = {8, 9, 15, 16, 17, 24, 25, 31, 32},
                       kV6[] = {8, 16, 32, 47, 48, 49, 64, 127, 128};
  int length = (v4 ? kV4 : kV6)[chance.below(std::size(kV4))];
  if (chance.one_in(30)) length = 0;
  Bytes bytes = random_bytes(chance, v4);
  for (int bit = length; bit < 128; ++bit)
    bytes[static_cast<size_t>(bit / 8)] &= static_cast<uint8_t>(~(0x80 >> bit % 8));
  return text_of(bytes, v4) + "/" + std::to_string(length);
}

int random_port(Chance& chance) {
  static constexpr int kPorts[] = {22, 53, 80, 443, 444, 500, 853, 1080, 8000, 8010, 65535};
  return kPorts[chance.below(std::size(kPorts))];
}

Words borders_of(const std::string& prefix) {
  const std::string address = prefix.substr(0, prefix.find('/'));
  const bool v4 = address.find(':') == address.npos;
  const size_t size = v4 ? 4 : 16;
  Bytes first{};
  inet_pton(v4 ? AF_INET : AF_INET6, address.c_str(), first.data());
  Bytes last = first;
  for (int bit = prefix_bits(prefix); bit < static_cast<int>(size * 8); ++bit)
    last[static_cast<size_t>(bit / 8)] |= static_cast<uint8_t>(0x80 >> bit % 8);
  Words out = {text_of(first, v4), text_of(last, v4)};
  if (step(first, size, false)) out.push_back(text_of(first, v4));
  if (step(last, size, true)) out.push_back(text_of(last, v4));
  return out;
}

}  // namespace sluice::model
