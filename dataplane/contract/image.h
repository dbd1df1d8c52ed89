// contract: the layout of a policy image. Control writes it, the data plane checks and reads it.
//
// An image is one position-independent block: a header, then sections that hold arrays of the structs below,
// each at an offset that is a multiple of 64. All integers are little-endian (both processes run on one
// x86-64 host). Nothing in it is trusted: dataplane/policy/policy.h checks every offset and index once, when
// it opens it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "dataplane/contract/address.h"
#include "dataplane/contract/reasons.h"

namespace sluice {

inline constexpr uint64_t kImageMagic = 0x3145474d49554c53;  // "SLUIMGE1" as bytes
inline constexpr uint32_t kImageVersion = 4;
inline constexpr size_t kImageMaxBytes = size_t{4} << 30;  ///< a larger image is refused
inline constexpr size_t kSectionAlign = 64;
inline constexpr uint16_t kNone16 = 0xffff;  ///< "no rule", "no list", "no network"
inline constexpr uint16_t kNoVlan = 0xffff;  ///< of a packet: untagged, or tagged for its priority only
inline constexpr size_t kMaxRules = 65534, kMaxLists = 65534, kMaxNetworks = 65534, kMaxLines = 254;
inline constexpr int64_t kNever = INT64_MAX;    ///< of a time in seconds
inline constexpr int64_t kMaxBypassS = 86'400;  ///< seconds; a longer bypass is refused
inline constexpr size_t kMaxMessage = 160;      ///< bytes of a rule's message, once it is escaped for HTML
inline constexpr size_t kMaxName = 253;  ///< bytes of a host name without its final dot (RFC 1035 2.3.4)

enum class Section : uint32_t {
  Strings,          ///< char[]: what StringRef points into
  Site,             ///< SiteInfo[1]
  Lines,            ///< LineInfo[]
  Networks,         ///< NetworkInfo[]
  Vlans,            ///< uint16_t[]: VLAN ids, 0 for untagged
  Lists,            ///< ListInfo[]; anonymous ones (literals of a rule, an office) too
  Rules,            ///< RuleInfo[]: the registered tunnels, the exceptions, the rules in the policy's order
  Ports,            ///< PortRange[]
  Sets,             ///< SetInfo[]: interned sets of lists; set 0 is empty
  SetLists,         ///< uint16_t[]: the members of the sets, ascending within a set
  RuleBits,         ///< uint64_t[]: rows of SiteInfo::rule_words words, see RuleRow
  NameSetPairs,     ///< NameSets[]: what NameEntry points into
  NameBuckets,      ///< NameBucket[]: at most UINT32_MAX of them, or none
  NameBytes,        ///< NameEntry records, back to back
  AddressStarts,    ///< Address[]: ascending; the first is all zeros; range i reaches to before start i + 1
  AddressClassOf,   ///< uint32_t[]: for each range the index of its AddressClass
  AddressClasses,   ///< AddressClass[]
  Candidates,       ///< uint16_t[]: networks, longest prefix first
  PatternLists,     ///< uint16_t[]: for each Hyperscan expression id its list
  PatternDatabase,  ///< a serialised Hyperscan database (block mode), or nothing
  Calendars,        ///< CalendarInfo[]
  Edges,            ///< int64_t[]: UTC seconds, ascending within a calendar
};
inline constexpr size_t kSectionCount = 22;

struct SectionSpan {
  uint64_t offset;  ///< from the start of the image
  uint64_t size;    ///< bytes
};

struct ImageHeader {
  uint64_t magic;       ///< kImageMagic
  uint32_t version;     ///< kImageVersion
  uint32_t generation;  ///< counts up with every image that control compiles to be applied; 0 never
  uint64_t size;        ///< bytes of the whole image
  uint8_t sha256[32];   ///< of the whole image with this field zeroed
  SectionSpan sections[kSectionCount];
};

struct StringRef {
  uint32_t offset;  ///< into Section::Strings
  uint32_t size;    ///< bytes; not terminated
};

struct SiteInfo {
  StringRef site;
  StringRef contact;  ///< whom a blocked person may ask; may be empty
  StringRef dnstap;   ///< for control: the socket on which resolvers tell what they answered; may be empty
  uint8_t observe;    ///< 1: judge and log, block nothing
  uint8_t reserved[3];
  uint32_t midstream_grace_s;  ///< seconds after a start in which `midstream` is as set; then by-address
  uint32_t rule_words;         ///< 64-bit words in a row of RuleBits: ceil(rules / 64)
  uint16_t doh_list;           ///< index into Lists of the known DoH resolvers; kNone16: none
  uint16_t reserved2;
  uint64_t name_seed;               ///< seed of the name table's XXH3
  int64_t times_from, times_until;  ///< UTC seconds: what the calendars cover
  /// UTC seconds of a bypass: from the first until before the second it is as with `observe`. Equal: none.
  int64_t bypass_from, bypass_until;
};

struct LineInfo {
  StringRef name;
  int64_t expires;  ///< UTC second from which its networks are refused; kNever
};

struct NetworkInfo {
  StringRef name;
  uint16_t line;                          ///< index into Lines; kNone16: known here, never on a line
  uint8_t fallback;                       ///< Setting: Allow, Block or Observe, when no rule matches
  uint8_t unidentified[kSituationCount];  ///< Setting for each Situation
  uint8_t canaries;                       ///< 1: canary names get NXDOMAIN
  uint8_t strip_ech;                      ///< 1: `ech` is taken out of DNS answers
  uint8_t shared;                         ///< 1: many people behind one address
  uint8_t reserved[3];
  uint32_t first_vlan;  ///< into Vlans
  uint32_t vlan_count;  ///< 0: any VLAN
};

struct ListInfo {
  StringRef name;  ///< for an anonymous list the text as the rule has it
};

struct RuleInfo {
  StringRef name;
  uint64_t protocols;   ///< bit 1 << Protocol; 0: any
  uint32_t first_port;  ///< into Ports
  uint32_t port_count;  ///< 0: any
  uint8_t action;       ///< RuleAction
  uint8_t silent;       ///< 1: no answer to what is blocked
  uint8_t violation;    ///< 1: a block by this rule is a violation of the access rules
  uint8_t tunnel;       ///< TunnelRule
  uint16_t calendar;    ///< index into Calendars of when it holds; kNone16: always
  uint8_t reserved[2];
  StringRef message;        ///< for whoever it blocks; may be empty
  StringRef owner, ticket;  ///< of an exception: who answers for it, and where it was agreed to; else empty
  int64_t expires;          ///< UTC second from which it is off; kNever
};
enum class RuleAction : uint8_t {
  Allow,
  Block,
  Observe
};
/// A registered tunnel is two rules, one for each direction, that only a tunnel's protocol is judged by.
enum class TunnelRule : uint8_t {
  No,
  Registered,
  Opened  ///< and what is inside is judged
};

/// When rules hold: off before the first edge; each edge turns it over. Outside of times_from to times_until
/// nothing is known: rules that block hold then, others do not.
struct CalendarInfo {
  uint32_t first_edge;  ///< into Edges
  uint32_t edge_count;
};

struct PortRange {
  uint8_t transport;  ///< IPPROTO_TCP or IPPROTO_UDP
  uint8_t reserved;
  uint16_t first, last;  ///< the port of the side that did not open the flow, both included
};

struct SetInfo {
  uint32_t first_list;  ///< into SetLists
  uint32_t list_count;
};

/// The rows of Section::RuleBits: bit r of a row says something of rule r.
/// Rows 0 to 3 are these; then for each set s a row "from takes a list of s" and a row "to takes a list of
/// s"; then for each network n a row "from takes n" and a row "to takes n"; then one row for each list l: "to
/// takes l" (for patterns). See row_* below.
enum class RuleRow : uint32_t {
  AnyFrom,
  AnyTo,
  Outbound,
  Inbound
};
inline constexpr uint32_t kFixedRows = 4;
constexpr uint32_t row_from_set(uint32_t set) {
  return kFixedRows + 2 * set;
}
constexpr uint32_t row_to_set(uint32_t set) {
  return kFixedRows + 2 * set + 1;
}
constexpr uint32_t row_from_network(uint32_t sets, uint32_t network) {
  return kFixedRows + 2 * sets + 2 * network;
}
constexpr uint32_t row_to_network(uint32_t sets, uint32_t network) {
  return row_from_network(sets, network) + 1;
}
constexpr uint32_t row_to_list(uint32_t sets, uint32_t networks, uint32_t list) {
  return kFixedRows + 2 * sets + 2 * networks + list;
}

/// What holds of a name. Both sets are closed: they hold what the names above it say as well.
struct NameSets {
  uint32_t self_set;   ///< the lists that cover this very name
  uint32_t below_set;  ///< the lists that cover every name below it
};

/// The suffix table: a name's hash is XXH3_64bits_withSeed(name, name_seed); home_bucket and tag_of say what
/// becomes of it. A full bucket overflows into the next one (cyclic). A look-up ends at a bucket with an
/// empty slot, so a table has at least one. Slots fill from the first.
inline constexpr size_t kSlotsPerBucket = 8;
struct NameBucket {
  uint32_t tags[kSlotsPerBucket];
  uint32_t offsets_plus_one[kSlotsPerBucket];  ///< into NameBytes, plus one; 0: an empty slot
};
static_assert(sizeof(NameBucket) == 64);

/// Takes the hash's upper half: buckets need not be a power of two, and a table in the order of its hashes is
/// one in the order of its buckets.
constexpr uint32_t home_bucket(uint64_t hash, size_t buckets) {
  return static_cast<uint32_t>((hash >> 32) * buckets >> 32);
}
constexpr uint32_t tag_of(uint64_t hash) {
  return static_cast<uint32_t>(hash);
}

/// What stands at an offset of NameBytes, unaligned, followed by `size` bytes of name (canonical: lower case,
/// A-labels, no final dot).
struct __attribute__((packed)) NameEntry {
  uint32_t sets;  ///< index into NameSetPairs
  uint8_t size;   ///< 1..253
};
static_assert(sizeof(NameEntry) == 5);

/// What holds for a range of addresses.
struct AddressClass {
  uint32_t set;              ///< the lists (and offices, and literals of rules) that cover it
  uint32_t first_candidate;  ///< into Candidates: networks that cover it, longest prefix first
  uint16_t candidate_count;
  uint8_t resolver;  ///< 1: a registered resolver
  uint8_t link;      ///< 1: a router at the end of a line (its `link`)
  uint8_t office;    ///< 1: a registered office's
  uint8_t internal;  ///< 1: not routed on the Internet (RFC 1918, 4193, 6598, link-local)
  uint8_t group;     ///< 1: of no one machine: a multicast group's, broadcast
  uint8_t reserved;
};

}  // namespace sluice
