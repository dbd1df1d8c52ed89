// control/cli: what was found of a sealed file.
#include "control/cli/sealed_view.h"

#include <iostream>
#include <nlohmann/json.hpp>

#include "control/cli/terminal.h"

namespace sluice::control {

using nlohmann::json;

json sealed_json(const SealedFindings& found, const SigningKey& key) {
  return {{"lines", found.lines},
          {"signed", found.signed_lines},
          {"torn_bytes", found.torn_bytes},
          {"key", key.fingerprint()},
          {"altered", found.problem_count != 0},
          {"problem_count", found.problem_count},
          {"problems", found.problems}};
}

void show_sealed(const SealedFindings& found, const SigningKey& key) {
  for (const std::string& problem : found.problems) {
    std::cout << problem << "\n";
  }
  if (found.problem_count > found.problems.size()) {
    std::cout << "and " << found.problem_count - found.problems.size() << " more\n";
  }
  if (found.torn_bytes != 0) {
    std::cout << "the last line is unfinished, " << found.torn_bytes
              << " bytes of it: control was stopped while it wrote\n";
  }
  std::cout << (found.problem_count == 0 ? coloured(Colour::Green, "not altered")
                                         : coloured(Colour::Red, "ALTERED"))
            << ": " << counted(found.lines, "line") << ", " << grouped(found.signed_lines)
            << " of them signed by the key " << key.fingerprint() << "\n";
}

}  // namespace sluice::control
