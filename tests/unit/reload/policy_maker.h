// reload tests: stands in for the compiler: a policy is whatever its one file says.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "control/policy/policy_compiler.h"
#include "tests/unit/accesslog/image_maker.h"

namespace sluice::control {

/// Writes the policy's file.
inline void save_policy(const std::filesystem::path& directory, const std::string& text) {
  std::filesystem::create_directories(directory);
  std::ofstream(directory / "site.yaml", std::ios::trunc) << text;
}

/// `bad` anywhere makes it invalid; `on-save` anywhere enforces on saving; the text is the site's name.
inline Compiled compile_fake(const std::filesystem::path& directory, uint32_t generation) {
  const std::string file = (directory / "site.yaml").string();
  std::ifstream in(file);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  Compiled out;
  if (!in.is_open() || text.find("bad") != std::string::npos) {
    out.diagnostics.push_back(Diagnostic{file, 1, 2, Severity::Error, "it is bad", "make it good"});
    return out;
  }
  const std::vector<std::byte> image = make_image(generation, text);
  CompiledPolicy policy;
  policy.memory = AlignedImage(image.size());
  std::memcpy(policy.memory.bytes().data(), image.data(), image.size());
  policy.site = text;
  policy.reload_on_save = text.find("on-save") != std::string::npos;
  policy.rules = policy.networks = 1;
  policy.sources = {file};
  if (const auto list = directory / "lists" / "malware.hosts"; std::filesystem::exists(list)) {
    policy.sources.push_back(list.string());
  }
  out.policy = std::move(policy);
  return out;
}

}  // namespace sluice::control
