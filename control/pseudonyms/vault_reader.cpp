// control/pseudonyms: reads a vault.
#include "control/pseudonyms/vault_reader.h"

#include <fstream>
#include <optional>
#include <utility>
#include <vector>

#include "control/base/files.h"
#include "control/base/sha256.h"
#include "control/pseudonyms/vault.h"
#include "control/sealed/sealed_form.h"

namespace sluice::control {
namespace {

/// What stands between two seals.
class VaultReader {
 public:
  VaultReader(const SigningKey& key, VaultHead& head, const TakeIdentity& take)
      : key_(key), head_(head), take_(take) {}

  /// Returns an empty string, or what is wrong with the line.
  std::string line(const std::string& text) {
    ++number_;
    if (const std::optional<SignedLine> parts = take_apart(text)) {
      return seal(text, *parts);
    }
    bytes_ += text.size() + 1;
    if (bytes_ > kMaxVaultBatch) {
      return place() + "no seal comes: it is no vault, or was altered";
    }
    sum_.update(text);
    sum_.update("\n");
    if (number_ == 1) {
      auto head = read_head_line(text);
      unsealed_head_ = head ? std::move(*head) : VaultHead();
      return head ? "" : place() + "it is no vault's first line, or was altered";
    }
    auto identity = read_identity_line(text);
    if (!identity) {
      return place() + "it was altered";
    }
    batch_.push_back(std::move(*identity));
    return {};
  }

 private:
  std::string place() const { return "line " + std::to_string(number_) + ": "; }

  std::string seal(const std::string& text, const SignedLine& parts) {
    const std::optional<VaultSeal> said = read_seal_body(parts.body);
    const std::string sum = sum_.hex();
    if (!said || !key_.verify(parts.body, parts.signature)) {
      return place() + "its seal was altered, or another key signed it";
    }
    if (said->sha256 != sum || said->previous != previous_ || bytes_ == 0) {
      return place() + "what stands before it was altered: it is not what was sealed";
    }
    if (head_.id.empty()) {
      head_ = unsealed_head_;
    }
    for (const SealedIdentity& each : batch_) {
      take_(each);
    }
    batch_.clear();
    bytes_ = 0;
    previous_ = sha256_hex(text);
    return {};
  }

  const SigningKey& key_;
  VaultHead& head_;
  VaultHead unsealed_head_;
  const TakeIdentity& take_;
  std::vector<SealedIdentity> batch_;
  Sha256 sum_;
  size_t bytes_ = 0;
  uint64_t number_ = 0;
  std::string previous_ = std::string(kSha256Digits, '0');
};

}  // namespace

std::string read_vault(std::istream& in, const SigningKey& key, VaultHead& head, const TakeIdentity& take) {
  head = {};
  VaultReader reader(key, head, take);
  std::string line;
  for (char block[65536]; in.read(block, sizeof block), in.gcount() > 0;) {
    std::string_view rest(block, static_cast<size_t>(in.gcount()));
    for (size_t end; (end = rest.find('\n')) != rest.npos; rest.remove_prefix(end + 1)) {
      line += rest.substr(0, end);
      if (std::string why = reader.line(line); !why.empty()) {
        return why;
      }
      line.clear();
    }
    line += rest;
    if (line.size() > kMaxVaultLine) {
      return "a line is longer than any of a vault: it was altered";
    }
  }
  return {};
}

std::string read_vault_file(const std::filesystem::path& file, const SigningKey& key, VaultHead& head,
                            const TakeIdentity& take) {
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    return errno_text("cannot be read");
  }
  std::string why = read_vault(in, key, head, take);
  return why.empty() && in.bad() ? "cannot be read to its end" : why;
}

VaultsFindings check_vaults(const std::filesystem::path& log, const SigningKey& key) {
  VaultsFindings out;
  std::error_code error;
  for (const std::filesystem::path& file : list_vaults(log, error)) {
    VaultHead head;
    const std::string why =
        read_vault_file(file, key, head, [&](const SealedIdentity&) { ++out.identities; });
    ++out.vaults;
    if (!why.empty()) {
      out.problems.push_back(file.filename().string() + ": " + why);
    }
  }
  if (error) {
    out.problems.push_back("cannot read " + log.string() + ": " + error.message());
  }
  return out;
}

}  // namespace sluice::control
