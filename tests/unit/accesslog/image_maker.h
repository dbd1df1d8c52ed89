// accesslog tests: a small image with names in it, made by hand.
#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "control/accesslog/names.h"

namespace sluice::control {

/// An image of one rule "no-malware", one list "malware", one network "staff", of the site given; its sum is
/// right.
inline std::vector<std::byte> make_image(uint32_t generation, const std::string& site) {
  const std::string strings =
      "no-malware"
      "malware"
      "staff" +
      site;
  SiteInfo info{};
  info.site = {22, static_cast<uint32_t>(site.size())};
  RuleInfo rule{};
  rule.name = {0, 10};
  ListInfo list{};
  list.name = {10, 7};
  NetworkInfo network{};
  network.name = {17, 5};

  ImageHeader header{};
  header.magic = kImageMagic;
  header.version = kImageVersion;
  header.generation = generation;
  std::vector<std::byte> out(sizeof header);
  const auto add = [&](Section which, const void* data, size_t size) {
    out.resize((out.size() + kSectionAlign - 1) / kSectionAlign * kSectionAlign);
    header.sections[static_cast<size_t>(which)] = {out.size(), size};
    const auto* bytes = static_cast<const std::byte*>(data);
    out.insert(out.end(), bytes, bytes + size);
  };
  add(Section::Strings, strings.data(), strings.size());
  add(Section::Site, &info, sizeof info);
  add(Section::Rules, &rule, sizeof rule);
  add(Section::Lists, &list, sizeof list);
  add(Section::Networks, &network, sizeof network);
  header.size = out.size();
  std::memcpy(out.data(), &header, sizeof header);
  std::ranges::copy(image_sha256(out), header.sha256);
  std::memcpy(out.data(), &header, sizeof header);
  return out;
}

}  // namespace sluice::control
