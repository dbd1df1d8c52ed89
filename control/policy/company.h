// control/policy: who answers for the gateway.
#pragma once

#include <string>
#include <string_view>

namespace sluice::control {

/// The company whose lines these are. Each text may be empty.
struct Company {
  std::string name;
  std::string registration;  ///< its unified social credit code
  std::string responsible;   ///< the person who answers for the lines' use
  std::string contact;
  bool operator==(const Company&) const = default;
};

/// Whether text is a unified social credit code, its check character included. Source: GB 32100-2015.
[[nodiscard]] bool is_credit_code(std::string_view text);

}  // namespace sluice::control
