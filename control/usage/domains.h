// control/usage: under which name somebody registered a host.
#pragma once

#include <memory>
#include <string>
#include <string_view>

struct psl_ctx_st;

namespace sluice::control {

/// Registrable domains, by the Public Suffix List: the installed one where it is newer than the library's.
/// Immutable, any thread.
class Domains {
 public:
  /// What a host is filed under.
  struct Domain {
    std::string name;  ///< the registrable domain, or the host itself where why is not empty
    std::string why;   ///< why the registrable domain says too little: for people
  };

  Domains();
  ~Domains();
  Domains(const Domains&) = delete;
  Domains& operator=(const Domains&) = delete;

  /// host: as the log has it, in lower case, as A-labels. What has no registrable domain, as a public suffix,
  /// one label or an address, stays as it is.
  [[nodiscard]] std::string registrable(std::string_view host) const;
  /// The same; the host itself where everybody's hosts lie below its domain, as a CDN's: whoever allows
  /// such a domain allows the customers' too.
  [[nodiscard]] Domain to_allow(std::string_view host) const;

 private:
  struct Free {
    void operator()(psl_ctx_st* list) const;
  };
  std::unique_ptr<psl_ctx_st, Free> list_;
};

}  // namespace sluice::control
