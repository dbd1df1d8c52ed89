// control/policy: lays the tables of a policy out as one image.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "control/policy/address_table.h"
#include "control/policy/aligned_image.h"
#include "control/policy/name_layout.h"
#include "control/policy/pattern_table.h"
#include "control/policy/set_table.h"
#include "dataplane/contract/image.h"

namespace sluice::control {

/// The texts of an image, each kept once.
class StringTable {
 public:
  StringRef add(std::string_view text);
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
  std::unordered_map<std::string, StringRef> known_;
};

/// Everything that an image holds, section by section.
struct ImageTables {
  StringTable strings;
  SiteInfo site{};
  std::vector<LineInfo> lines;
  std::vector<NetworkInfo> networks;
  std::vector<uint16_t> vlans;
  std::vector<ListInfo> lists;
  std::vector<RuleInfo> rules;
  std::vector<PortRange> ports;
  std::vector<SetInfo> sets;
  std::vector<uint16_t> set_lists;
  std::vector<uint64_t> rule_bits;
  std::shared_ptr<const NameLayout> names;
  AddressTable::Layout addresses;
  CompiledPatterns patterns;
  std::vector<CalendarInfo> calendars;
  std::vector<int64_t> edges;
};

/// Returns nothing where the image would exceed kImageMaxBytes.
std::optional<AlignedImage> write_image(const ImageTables& tables, uint32_t generation);

}  // namespace sluice::control
