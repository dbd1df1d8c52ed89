// accesslog: who stood behind an access, as far as anybody knows.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "dataplane/contract/record.h"

namespace sluice::control {

/// Why a record bears no user.
enum class NoUser : uint8_t {
  Known,      ///< it bears one
  None,       ///< nobody is known
  Ambiguous,  ///< several are, or what is known contradicts what was seen
  Shared,     ///< many people are behind the address
};
inline constexpr std::string_view kNoUserWords[] = {"known", "none", "ambiguous", "shared"};
inline constexpr size_t kNoUserCount = std::size(kNoUserWords);

/// At the moment of a record. Any bytes; each at most kMaxIdentityName.
struct Who {
  std::string user, machine;  ///< empty: not known
  NoUser why = NoUser::None;

  void clear() {
    user.clear();
    machine.clear();
    why = NoUser::None;
  }
};

/// Fills in who. shared: the record's network has many people behind each address. Called on the log's
/// thread.
using WhoOf = std::function<void(const Record& record, bool shared, Who& who)>;

}  // namespace sluice::control
