// control/pseudonyms: two keepers together say whom a pseudonym stands for.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "control/pseudonyms/keeper.h"
#include "control/pseudonyms/vault_form.h"
#include "control/sealed/signing_key.h"

namespace sluice::control {

/// One answer.
struct Revealed {
  Identity identity;
  std::string period, vault;  ///< the month, and the file's name
};

struct RevealFindings {
  std::vector<Revealed> found;        ///< each pseudonym with its text once a period
  size_t vaults = 0;                  ///< that were read
  size_t matching = 0;                ///< of them, those that know what is asked for, or may
  size_t not_theirs = 0;              ///< of those, whose keepers these two are not
  std::vector<std::string> keepers;   ///< names of the two, as the vaults call them; and of who could, else
  std::vector<std::string> problems;  ///< vaults that were altered or cannot be read, with the place
};

/// Puts what is asked for on record. Returns an empty string, or why it is not: then nothing is decrypted.
using PutOnRecord = std::function<std::string(const std::vector<std::string>& keepers)>;

/// Looks through the vaults of a log's directory. asked: a pseudonym; or a text that stands behind one, an
/// address or a name: then its pseudonyms are found. first, second: keys of two keepers. key: the log's
/// public one. record: is called once, before anything is decrypted, where there is anything. Returns an
/// empty string, or why nothing can be said.
[[nodiscard]] std::string reveal(const std::filesystem::path& log, const SigningKey& key,
                                 const std::string& asked, const KeeperSecret& first,
                                 const KeeperSecret& second, const PutOnRecord& record, RevealFindings& out);

}  // namespace sluice::control
