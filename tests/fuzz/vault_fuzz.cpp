// tests: a vault that was edited in any way, or is none: whoever reads it survives, and what it gives was
// sealed.
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "control/pseudonyms/keeper.h"
#include "control/pseudonyms/vault.h"
#include "control/pseudonyms/vault_reader.h"
#include "tests/fuzz/edits.h"

namespace {

using namespace sluice::control;
namespace fs = std::filesystem;

struct Good {
  std::string text;
  std::unique_ptr<SigningKey> key;
};

/// A vault of two batches, and the key that signed it.
Good made() {
  const fs::path root = (fs::exists("/dev/shm") ? fs::path("/dev/shm") : fs::temp_directory_path()) /
                        ("sluice-vault-" + std::to_string(getpid()));
  fs::create_directories(root);
  std::string error;
  Good out;
  out.key = SigningKey::open_or_make(root / "log.key", root / "log.pub", error);
  const auto first = KeeperSecret::make(root / "first", "", error),
             second = KeeperSecret::make(root / "second", "", error);
  if (!out.key || !first || !second) std::abort();
  const auto vault =
      Vault::begin(root, "2026-11", {{"first", first->shown()}, {"second", second->shown()}}, 0, error);
  const std::string pseudonym = "p-" + std::string(32, '7');
  if (!vault || !vault->append({{"ip", pseudonym, "10.20.1.7"}}, *out.key).empty() ||
      !vault->append({{"user", pseudonym, "li.wei"}}, *out.key).empty()) {
    std::abort();
  }
  std::ostringstream text;
  text << std::ifstream(vault->path(), std::ios::binary).rdbuf();
  out.text = text.str();
  fs::remove_all(root);
  return out;
}

/// The identities that were given, and whether nothing was wrong.
std::string given(const std::string& text, const SigningKey& key, bool& good) {
  std::istringstream in(text);
  VaultHead head;
  std::string out;
  good = read_vault(in, key, head, [&](const SealedIdentity& each) {
           out += identity_line(each) + "\n";
         }).empty();
  return out;
}

}  // namespace

/// data: an odd first byte and edits (see edited), or a whole file behind an even one.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Good good = made();
  static bool whole = false;
  static const std::string all = given(good.text, *good.key, whole);
  if (size == 0) return 0;
  const std::string text = data[0] % 2 == 1 ? sluice::test::edited(good.text, data + 1, size - 1)
                                            : std::string(reinterpret_cast<const char*>(data + 1), size - 1);
  bool ignored = false;
  const std::string got = given(text, *good.key, ignored);
  // Whatever was done to it, what it gives is how the whole one begins.
  if (!whole || all.empty() || !all.starts_with(got)) {
    std::abort();
  }
  return 0;
}
