// policy: judges a name, an address, a network by a policy image. Free of EAL and of state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "dataplane/contract/address.h"
#include "dataplane/contract/image.h"
#include "dataplane/contract/reasons.h"

struct hs_database;
struct hs_scratch;

namespace sluice {

/// Why an image is refused. Each has its sentence in text_of.
enum class ImageError : uint8_t {
  None,
  TooShort,
  TooLarge,
  BadMagic,
  OtherVersion,
  SizeDiffers,
  BadChecksum,
  SectionOutside,
  SectionMisaligned,
  SectionSize,
  StringOutside,
  IndexOutside,
  NotSorted,
  BadEnum,
  BadNameTable,
  BadPatterns,
  NoMemory,
};
[[nodiscard]] std::string_view text_of(ImageError error);

inline constexpr uint8_t kAnyLine = 0xff;  ///< replay: captures come from no line, so none can be wrong

/// One access, as the worker knows it. Nothing here outlives the burst.
struct Subject {
  Address local, remote;  ///< the LAN side's and the line side's
  Direction direction = Direction::Outbound;
  uint8_t line =
      kAnyLine;  ///< index into Section::Lines of the pair it came by; kUnknownLine: not in the policy
  uint16_t vlan = kNoVlan;
  uint8_t transport = 0;      ///< IP protocol number
  uint16_t service_port = 0;  ///< the port of the side that did not open the flow
  Protocol protocol = Protocol::Unknown;
  Seen seen = Seen::Nothing;
  std::string_view name;      ///< canonical; empty where none was seen
  bool unidentified = false;  ///< no name will come: `situation` says why, and its setting may decide
  Situation situation = Situation::NoName;
  bool resolver_question = false;  ///< asked by a registered resolver, on behalf of somebody on the LAN
  bool rdp = false;                ///< RDP's negotiation came before the name: rules for RDP hold too
  bool mismatch = false;           ///< DNS gave other addresses for the name
  bool in_grace = false;           ///< with Midstream: the gateway started less than midstream-grace ago
};
inline constexpr uint8_t kUnknownLine = 0xfe;

struct Verdict {
  Action action = Action::Blocked;
  Action would = Action::Blocked;  ///< with action Observed: what would have been
  Reason reason = Reason::NoPolicy;
  bool silent = false;
  bool opens = false;  ///< a tunnel whose inside is to be judged
  uint16_t rule = kNone16, list = kNone16, network = kNone16;
  bool passes() const { return action != Action::Blocked; }
};

/// Why a rule that stood before the deciding one did not match.
enum class PassedOver : uint8_t {
  Matched,
  From,
  To,
  Direction,
  Protocol,
  Port,
  Schedule,  ///< it does not hold at this time
  Expired
};
struct TraceStep {
  uint16_t rule;
  PassedOver why;
};
/// Filled by judge when asked: one step for each rule up to the one that ended the search. Memory is the
/// caller's.
struct Trace {
  std::span<TraceStep> steps;
  size_t count = 0;
};

class Policy;

/// What one thread needs to judge: Hyperscan's scratch, and what holds at the time. Made for one Policy, used
/// by one thread.
class Scratch {
 public:
  Scratch() = default;
  ~Scratch();
  Scratch(Scratch&& other) noexcept;
  Scratch& operator=(Scratch&&) = delete;

 private:
  friend class Policy;
  hs_scratch* hs_ = nullptr;
  std::unique_ptr<uint64_t[]> live_;   ///< a row of the rules that hold, then one of the lines that do
  int64_t since_s_ = 0, until_s_ = 0;  ///< when they do
};

/// A checked policy image, and the Hyperscan database that was in it. Immutable; any number of threads may
/// judge, each with a Scratch of its own.
class Policy {
 public:
  /// Copies nothing: image must outlive the Policy and be aligned to 64 bytes (a mapping, or AlignedImage).
  /// Checks every offset, index, order and enumerator once. error: why it was refused; returns nullptr then.
  [[nodiscard]] static std::unique_ptr<Policy> open(std::span<const std::byte> image, ImageError& error);
  ~Policy();
  Policy(const Policy&) = delete;
  Policy& operator=(const Policy&) = delete;

  /// Returns false where memory is short. Until it is told the time nothing has expired, and of the rules
  /// with a schedule those hold that block.
  [[nodiscard]] bool make_scratch(Scratch& out) const;
  /// It is now utc_s, in seconds since 1970. Costs two comparisons while nothing begins or ends. Returns
  /// whether something did, so that what was judged before may be judged otherwise now.
  bool advance(Scratch& scratch, int64_t utc_s) const;
  /// A digest of what holds at the scratch's time: two times with the same one are judged alike.
  [[nodiscard]] uint64_t holding(const Scratch& scratch) const;

  [[nodiscard]] Verdict judge(const Subject& subject, Scratch& scratch, Trace* trace = nullptr) const;

  /// The guards alone: is the local side registered, and on this line? Returns true, or false with the
  /// refusal (which still passes where the site only observes).
  [[nodiscard]] bool admits(const Subject& subject, const Scratch& scratch, Verdict& refusal) const;

  /// The set of lists that cover a canonical name, as judge looks it up; 0 where none does.
  [[nodiscard]] uint32_t set_of(std::string_view name) const;
  /// The same for many names at once, which wait for memory together. found: a set for each name.
  void sets_of(std::span<const std::string_view> names, std::span<uint32_t> found) const;

  /// The network of a LAN-side address; kNone16 where it is not registered.
  [[nodiscard]] uint16_t network_of(const Address& local, uint16_t vlan) const;
  [[nodiscard]] bool is_resolver(const Address& address) const;
  /// A LAN-side address behind which are many people, in whatever VLAN.
  [[nodiscard]] bool is_shared(const Address& address) const;
  /// Addresses of the same class are judged alike, in one VLAN.
  [[nodiscard]] uint32_t address_class(const Address& address) const;
  [[nodiscard]] bool is_link(const Address& address) const;  ///< a router at the end of a line
  [[nodiscard]] uint8_t line_of(
      std::string_view name) const;  ///< kUnknownLine where the policy has none so named
  [[nodiscard]] Setting setting_of(uint16_t network,
                                   Situation situation) const;  ///< Block for kNone16

  [[nodiscard]] bool answers_canaries(
      uint16_t network) const;  ///< `dns: {canaries: nxdomain}`; false for kNone16
  [[nodiscard]] bool strips_ech(
      uint16_t network) const;  ///< `dns: {strip-ech: true}`, and not only observing
  /// The verdict on a canary name in a network that answers them.
  void refuse_canary(Verdict& verdict) const;
  /// The verdict on an access that cannot be written down: where log-full blocks, nothing opens it.
  void refuse_unlogged(Verdict& verdict) const;

  uint32_t generation() const;
  const SiteInfo& site() const;
  std::string_view string(StringRef ref) const;
  /// One of a rule's texts: empty for kNone16 or an index outside.
  std::string_view rule_text(uint16_t rule, StringRef RuleInfo::*text) const;
  std::string_view rule_name(uint16_t rule) const { return rule_text(rule, &RuleInfo::name); }
  int64_t rule_expires(uint16_t rule) const;  ///< UTC second from which it is off; kNever, also for kNone16
  std::string_view list_name(uint16_t list) const;
  std::string_view network_name(uint16_t network) const;
  std::string_view line_name(uint16_t line) const;
  size_t rule_count() const;
  size_t list_count() const;
  size_t network_count() const;
  size_t line_count() const;
  uint16_t network_line(uint16_t network) const;  ///< index into lines, or kNone16

  struct Tables;

 private:
  Policy() = default;
  std::unique_ptr<Tables> tables_;
};

}  // namespace sluice
