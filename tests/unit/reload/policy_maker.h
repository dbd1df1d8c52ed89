// reload tests: stands in for the compiler: a policy is whatever its one file says.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "control/reload/compiler.h"
#include "tests/unit/accesslog/image_maker.h"

namespace sluice::control {

/// Writes the policy's file.
inline void save_policy(const std::filesystem::path& directory, const std::string& text) {
  std::filesystem::create_directories(directory);
  std::ofstream(directory / "site.yaml", std::ios::trunc) << text;
}

/// Stands in for the compiler. `bad` anywhere makes a policy invalid; `on-save` anywhere enforces on saving;
/// `keep-400d` keeps the log
/// so long; the text is the site's name. What it has read it can read again by its SHA-256.
class FakeCompiler final : public Compiler {
 public:
  CompileOutcome compile(const CompileJob& job) override {
    CompileOutcome out;
    if (failures > 0) {
      --failures;
      out.failure = "no memory";
      return out;
    }
    bypass = job.bypass;
    const std::string file = (job.directory / "site.yaml").string();
    std::string text;
    if (job.kept) {
      text = seen_[job.kept->front().sha256];
    } else {
      std::ifstream in(file);
      text.assign(std::istreambuf_iterator<char>(in), {});
    }
    if (text.empty() || text.find("bad") != std::string::npos) {
      out.diagnostics.push_back(Diagnostic{file, 1, 2, Severity::Error, "it is bad", "make it good"});
      return out;
    }
    out.sources.push_back(describe(SourceFile::Kind::Policy, file, text));
    seen_[out.sources.back().sha256] = text;
    if (const auto list = job.directory / "lists" / "malware.hosts"; std::filesystem::exists(list)) {
      out.sources.push_back(describe(SourceFile::Kind::List, list.string(), "malware"));
    }
    out.sources.push_back(describe(SourceFile::Kind::Feed, "feeds/ads", feed));
    out.facts = PolicyFacts{text, text.find("on-save") != std::string::npos, 1, 1, 0, 0, 0, 0, {}, {}};
    if (text.find("keep-400d") != std::string::npos) {
      out.facts->log.keep_s = 400 * 86'400;
    }
    out.digest = digest_of(out.sources);
    if (wants_image(job, out.sources)) {
      out.image = SealedImage::make(make_image(job.generation, text), job.generation, out.failure);
    }
    return out;
  }
  int failures = 0;  ///< of the next jobs
  std::string feed = "one";
  Bypass bypass;  ///< of the last job

 private:
  std::map<std::string, std::string> seen_;
};

}  // namespace sluice::control
