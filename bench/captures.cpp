// bench: writes the shapes of traffic as captures, with the policy that judges them; says what must come of
// them.
#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>

#include "bench/site.h"
#include "bench/traffic.h"

namespace sluice::bench {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path) {
  std::fprintf(stderr, "bench-captures: cannot write %s: %s\n", path.c_str(), std::strerror(errno));
  std::exit(1);
}

void write_text(const fs::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  if (!file.write(text.data(), static_cast<std::streamsize>(text.size())).flush()) fail(path);
}

/// A classic capture of Ethernet, a frame every ten microseconds.
class Capture {
 public:
  explicit Capture(fs::path path) : path_(std::move(path)), file_(std::fopen(path_.c_str(), "wb")) {
    if (file_ == nullptr) fail(path_);
    const uint32_t header[] = {0xa1b2c3d4, 2 | 4 << 16, 0, 0, 65'535, 1};
    write(header, sizeof header);
  }
  ~Capture() {
    if (std::fclose(file_) != 0) fail(path_);
  }
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  void add(size_t number, std::span<const uint8_t> frame) {
    constexpr size_t kBegun = 1'795'000'000, kEachUs = 10, kSecondUs = 1'000'000;
    const auto size = static_cast<uint32_t>(frame.size());
    const uint32_t header[] = {static_cast<uint32_t>(kBegun + number * kEachUs / kSecondUs),
                               static_cast<uint32_t>(number * kEachUs % kSecondUs), size, size};
    write(header, sizeof header);
    write(frame.data(), frame.size());
  }

 private:
  void write(const void* bytes, size_t size) {
    if (std::fwrite(bytes, 1, size, file_) != size) fail(path_);
  }
  const fs::path path_;
  std::FILE* file_;
};

void write_all(const Shape& shape, const Wanted& wanted, const fs::path& folder) {
  const std::string name(shape.name);
  const Traffic traffic = shape.make(wanted);
  {
    Capture joint(folder / (name + ".pcap"));
    Capture sides[] = {Capture(folder / (name + "-lan.pcap")), Capture(folder / (name + "-line.pcap"))};
    for (size_t i = 0; i < traffic.frames.size(); ++i) {
      const Traffic::At& at = traffic.frames[i];
      joint.add(i, traffic.frame(at));
      sides[at.port].add(i, traffic.frame(at));
    }
  }
  std::printf(R"({"shape":"%s","packets":%zu,"bytes":%zu,"flows":%zu,"allowed":%zu,"blocked":%zu})"
              "\n",
              name.c_str(), traffic.frames.size(), traffic.bytes.size(), wanted.flows, traffic.allowed,
              traffic.blocked);
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  using namespace sluice::bench;
  CLI::App app{
      "Writes captures FOLDER/SHAPE.pcap, and SHAPE-lan.pcap and SHAPE-line.pcap with what each side sends, "
      "and the "
      "policy FOLDER/policy. Prints for each shape what must come of it."};
  std::string folder, known;
  std::vector<std::string> wanted;
  size_t flows = 0, blocked = 0;
  std::vector<Shape> all(shapes().begin(), shapes().end());
  all.insert(all.end(), looped_shapes().begin(), looped_shapes().end());
  for (const Shape& shape : all) known += "\n  " + std::string(shape.name) + ": " + std::string(shape.what);
  app.add_option("folder", folder, "where to write")->required();
  app.add_option("shapes", wanted, "which shapes; all if none is named:" + known);
  app.add_option("--flows", flows, "of each shape, instead of its own number");
  app.add_option("--blocked", blocked, "the share of flows, in percent, that ask for a blocked name")
      ->check(CLI::Range(0, 100));
  CLI11_PARSE(app, argc, argv);
  const auto is = [](const std::string& name) {
    return [&](const Shape& shape) { return shape.name == name; };
  };
  for (const std::string& name : wanted)
    if (std::ranges::none_of(all, is(name))) {
      std::fprintf(stderr, "bench-captures: no shape is named %s\n", name.c_str());
      return 2;
    }
  const SiteSize site;
  std::error_code ignored;
  fs::create_directories(fs::path(folder) / "policy", ignored);
  write_text(fs::path(folder) / "policy/site.yaml", site_text(site));
  write_text(fs::path(folder) / "policy" / kListFile, listed_names(site.names));
  for (const Shape& shape : all) {
    if (!wanted.empty() && std::ranges::none_of(wanted, [&](const auto& name) { return shape.name == name; }))
      continue;
    write_all(shape, {flows != 0 ? flows : shape.flows, blocked, site.names}, folder);
  }
}
