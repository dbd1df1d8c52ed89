// control/cli: what to do where somebody is looked for by name in a log that has pseudonyms.
#include "control/cli/pseudonym_hint.h"

#include <iostream>

#include "control/policy/utf8.h"
#include "control/pseudonyms/vault.h"

namespace sluice::control {

void hint_at_pseudonyms(const std::string& log, const std::string& who) {
  std::error_code ignored;
  if (who.empty() || is_pseudonym(who) || list_vaults(log, ignored).empty()) {
    return;
  }
  const std::string shown = printable(who);
  std::cerr << "sluicectl: the log has pseudonyms in place of clients: " << shown
            << " finds only what was written without them.\n"
               "sluicectl: Ask for a pseudonym (`sluicectl top clients` lists them), or have two keepers say "
               "which ones are those of "
            << shown << ": `sluicectl reveal " << shown << " --key … --key … --case … --reason …`\n";
}

}  // namespace sluice::control
