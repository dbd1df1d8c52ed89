// control/policy: builds the table of address ranges.
#include "control/policy/address_table.h"

#include <algorithm>
#include <optional>
#include <span>
#include <string_view>
#include <tuple>

namespace sluice::control {
namespace {

/// Of no one machine: groups, what is reserved, broadcast (RFC 1112 4, RFC 4291 2.7).
constexpr std::string_view kGroupBlocks[] = {"224.0.0.0/3", "ff00::/8"};

/// The block that holds IPv4. What is said of IPv6 around it does not hold in it.
Prefix mapped_block() {
  static constexpr uint8_t kZero[4] = {};
  return {Address::from_v4(kZero), 96};
}

std::optional<Address> next_after(Address address) {
  for (size_t i = address.bytes.size(); i-- > 0;) {
    if (++address.bytes[i] != 0) return address;
  }
  return std::nullopt;
}

/// What holds in a prefix, with all that contain it.
struct Frame {
  Address last;
  uint32_t set = 0;
  std::vector<uint16_t> networks;  ///< longest prefix first
  uint8_t marks = 0;
};

/// Writes the ranges down in ascending order, and interns what holds in them.
class RangeWriter {
 public:
  explicit RangeWriter(AddressTable::Layout& out) : out_(out) {}

  /// From start on, frame holds.
  void begin(const Address& start, const Frame& frame) {
    const uint32_t index = intern(frame);
    if (!out_.starts.empty() && out_.starts.back() == start) {
      out_.starts.pop_back();
      out_.class_of.pop_back();
    }
    if (!out_.class_of.empty() && out_.class_of.back() == index) return;
    out_.starts.push_back(start);
    out_.class_of.push_back(index);
  }

 private:
  uint32_t intern(const Frame& frame) {
    const auto [first, fresh] = candidates_.try_emplace(frame.networks, out_.candidates.size());
    if (fresh) out_.candidates.insert(out_.candidates.end(), frame.networks.begin(), frame.networks.end());
    const auto key = std::tuple(frame.set, first->second, frame.networks.size(), frame.marks);
    const auto [known, fresh_class] = classes_.try_emplace(key, static_cast<uint32_t>(out_.classes.size()));
    if (fresh_class) {
      out_.classes.push_back({frame.set,
                              static_cast<uint32_t>(first->second),
                              static_cast<uint16_t>(frame.networks.size()),
                              bit(frame, AddressMark::Resolver),
                              bit(frame, AddressMark::Link),
                              bit(frame, AddressMark::Office),
                              bit(frame, AddressMark::Internal),
                              bit(frame, AddressMark::Group),
                              {}});
    }
    return known->second;
  }

  static uint8_t bit(const Frame& frame, AddressMark mark) {
    return (frame.marks & static_cast<uint8_t>(mark)) != 0 ? 1 : 0;
  }

  AddressTable::Layout& out_;
  std::map<std::vector<uint16_t>, size_t> candidates_;
  std::map<std::tuple<uint32_t, size_t, size_t, uint8_t>, uint32_t> classes_;
};

}  // namespace

void AddressTable::add_list(const Prefix& prefix, uint16_t list) {
  Meaning& meaning = prefixes_[prefix];
  meaning.set = sets_.add(meaning.set, list);
}

void AddressTable::add_network(const Prefix& prefix, uint16_t network) {
  std::vector<uint16_t>& networks = prefixes_[prefix].networks;
  if (std::ranges::find(networks, network) == networks.end()) networks.push_back(network);
}

void AddressTable::mark(const Prefix& prefix, AddressMark as) {
  prefixes_[prefix].marks |= static_cast<uint8_t>(as);
}

AddressTable::Layout AddressTable::finish() {
  Layout out;
  RangeWriter writer(out);
  const Prefix mapped = mapped_block();
  std::map<Prefix, Meaning> all = prefixes_;
  all.try_emplace(mapped);
  const auto mark_all = [&](std::span<const std::string_view> blocks, AddressMark as) {
    for (const std::string_view text : blocks) {
      Prefix block;
      parse_prefix(text, block);
      all[block].marks |= static_cast<uint8_t>(as);
    }
  };
  mark_all(private_blocks(), AddressMark::Internal);
  mark_all(kGroupBlocks, AddressMark::Group);
  std::vector<Frame> open{Frame{.last = last_of({{}, 0})}};
  writer.begin({}, open.front());
  const auto close_before = [&](const Address& start) {
    while (open.back().last < start) {
      const auto next = next_after(open.back().last);
      open.pop_back();
      writer.begin(*next, open.back());
    }
  };
  for (const auto& [prefix, meaning] : all) {
    close_before(prefix.address);
    Frame frame = prefix == mapped ? Frame{} : open.back();
    frame.last = last_of(prefix);
    frame.set = sets_.unite(frame.set, meaning.set);
    frame.networks.insert(frame.networks.begin(), meaning.networks.begin(), meaning.networks.end());
    frame.marks |= meaning.marks;
    writer.begin(prefix.address, frame);
    open.push_back(std::move(frame));
  }
  while (open.size() > 1) {
    const auto next = next_after(open.back().last);
    open.pop_back();
    if (next) writer.begin(*next, open.back());
  }
  return out;
}

}  // namespace sluice::control
