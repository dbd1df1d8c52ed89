// control/pseudonyms: opens vaults with two keepers' keys.
#include "control/pseudonyms/reveal.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "control/pseudonyms/seal.h"
#include "control/pseudonyms/vault.h"
#include "control/pseudonyms/vault_reader.h"

namespace sluice::control {
namespace {

struct ReadVault {
  std::string name;
  VaultHead head;
  std::vector<SealedIdentity> identities;  ///< that may be what is asked for
};

/// The two in the order of their names: whose layer is the outer one, and whose the inner one.
struct Pair {
  const KeeperSecret *outer = nullptr, *inner = nullptr;
  const WrappedKey* wrapped = nullptr;
};

const LogKeeper* keeper_with(const VaultHead& head, const KeeperKey& key) {
  const auto found = std::find_if(head.keepers.begin(), head.keepers.end(),
                                  [&](const LogKeeper& each) { return each.key == key; });
  return found == head.keepers.end() ? nullptr : &*found;
}

std::optional<Pair> pair_of(const VaultHead& head, const KeeperSecret& first, const KeeperSecret& second) {
  const LogKeeper *one = keeper_with(head, first.shown()), *other = keeper_with(head, second.shown());
  if (one == nullptr || other == nullptr || one == other) {
    return std::nullopt;
  }
  const bool swapped = other->name < one->name;
  Pair out{swapped ? &second : &first, swapped ? &first : &second, nullptr};
  for (const WrappedKey& each : head.wrapped) {
    if (each.first == (swapped ? other : one)->name && each.second == (swapped ? one : other)->name) {
      out.wrapped = &each;
    }
  }
  return out.wrapped != nullptr ? std::optional(out) : std::nullopt;
}

bool unwrap(const VaultHead& head, const Pair& pair, SecretKey& out) {
  auto inner = unseal_by(pair.outer->key(), wrap_with(head, *pair.wrapped, "outer"), pair.wrapped->key);
  auto key =
      inner ? unseal_by(pair.inner->key(), wrap_with(head, *pair.wrapped, "inner"), *inner) : std::nullopt;
  return key && out.take(*key);
}

class Revealer {
 public:
  Revealer(const SigningKey& key, std::string asked, RevealFindings& out)
      : key_(key), asked_(std::move(asked)), by_pseudonym_(is_pseudonym(asked_)), out_(out) {}

  /// Reads the vaults; keeps those that may answer.
  std::string read(const std::filesystem::path& log) {
    std::error_code error;
    const std::vector<std::filesystem::path> files = list_vaults(log, error);
    if (error) {
      return "cannot read " + log.string() + ": " + error.message();
    }
    for (const auto& file : files) {
      read_one(file);
    }
    return files.empty() ? "there is no vault in " + log.string() + ": its log has no pseudonyms"
                         : std::string();
  }

  /// Leaves those that the two can open, and names them.
  void match(const KeeperSecret& first, const KeeperSecret& second) {
    std::set<std::string> theirs, others;
    std::erase_if(vaults_, [&](const ReadVault& vault) {
      const bool fits = pair_of(vault.head, first, second).has_value();
      for (const LogKeeper& each : vault.head.keepers) {
        if (!fits) {
          others.insert(each.name);
        } else if (each.key == first.shown() || each.key == second.shown()) {
          theirs.insert(each.name);
        }
      }
      out_.not_theirs += !fits;
      return !fits;
    });
    const std::set<std::string>& named = theirs.empty() ? others : theirs;
    out_.keepers.assign(named.begin(), named.end());
  }

  bool has_any() const { return !vaults_.empty(); }

  void open(const KeeperSecret& first, const KeeperSecret& second) {
    for (const ReadVault& vault : vaults_) {
      const std::optional<Pair> pair = pair_of(vault.head, first, second);
      SecretKey key;
      if (!pair || !unwrap(vault.head, *pair, key)) {
        out_.problems.push_back(vault.name + ": its key cannot be unwrapped: it was altered");
        continue;
      }
      decrypt(vault, key);
    }
  }

 private:
  void read_one(const std::filesystem::path& file) {
    ReadVault vault{file.filename().string(), {}, {}};
    const std::string why = read_vault_file(file, key_, vault.head, [&](const SealedIdentity& each) {
      if (!by_pseudonym_ || each.pseudonym == asked_) {
        vault.identities.push_back(each);
      }
    });
    ++out_.vaults;
    if (!why.empty()) {
      out_.problems.push_back(vault.name + ": " + why);
      return;
    }
    if (!vault.identities.empty()) {
      ++out_.matching;
      vaults_.push_back(std::move(vault));
    }
  }

  void decrypt(const ReadVault& vault, const SecretKey& key) {
    for (const SealedIdentity& each : vault.identities) {
      const auto text =
          unseal(key.bytes(), identity_nonce(each.number), identity_with(vault.head, each), each.sealed);
      if (!text) {
        out_.problems.push_back(vault.name + ": " + each.pseudonym + " cannot be decrypted: it was altered");
        continue;
      }
      Identity identity{each.of, each.pseudonym, unpadded_identity(*text)};
      const bool wanted = by_pseudonym_ || identity.text == asked_;
      if (wanted && shown_.insert(vault.head.period + identity.pseudonym + identity.text).second) {
        out_.found.push_back({std::move(identity), vault.head.period, vault.name});
      }
    }
  }

  const SigningKey& key_;
  const std::string asked_;
  const bool by_pseudonym_;
  RevealFindings& out_;
  std::vector<ReadVault> vaults_;
  std::set<std::string> shown_;
};

}  // namespace

std::string reveal(const std::filesystem::path& log, const SigningKey& key, const std::string& asked,
                   const KeeperSecret& first, const KeeperSecret& second, const PutOnRecord& record,
                   RevealFindings& out) {
  out = {};
  if (first.shown() == second.shown()) {
    return "both keys are the same one: it takes those of two keepers";
  }
  Revealer revealer(key, asked, out);
  if (std::string why = revealer.read(log); !why.empty()) {
    return why;
  }
  revealer.match(first, second);
  if (!revealer.has_any()) {
    return {};
  }
  if (std::string why = record(out.keepers); !why.empty()) {
    return "it is not on record, so nothing is revealed: " + why;
  }
  revealer.open(first, second);
  return {};
}

}  // namespace sluice::control
