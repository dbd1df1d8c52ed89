// control/report: what a month's lines of the access log add up to.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "control/policy/policy_source.h"
#include "control/report/incidents.h"
#include "control/review/month.h"
#include "control/usage/tally.h"

namespace sluice::control {

/// Whereto a flow's bytes went; the first that fits.
enum class ByteClass : uint8_t {
  Offices,     ///< the far end is an address of a registered office
  Essentials,  ///< a rule opened it by name
  Names,       ///< any other name
  Unnamed      ///< no name was seen
};
inline constexpr std::string_view kByteClassWords[] = {"offices", "essentials", "other_names", "unnamed"};
inline constexpr size_t kByteClassCount = std::size(kByteClassWords);

/// fields: of a flow's end. offices: their prefixes. essential: a rule opened it by name, as the line of its
/// access says.
[[nodiscard]] ByteClass byte_class_of(const AccessFields& fields, const std::vector<Prefix>& offices,
                                      bool essential);

/// What a policy says that figures are made with.
struct FigureTerms {
  std::vector<Prefix> offices;
  std::set<std::string, std::less<>> violation_rules;
  TimeZone zone;
};
[[nodiscard]] FigureTerms figure_terms_of(const PolicySource& source, const TimeZone& zone);

/// Rows of one kind, the greatest first, and how far they are right.
struct FigureRows {
  std::vector<UsageRow> rows;
  uint64_t keys = 0;    ///< how many there would be, as far as they are kept
  uint64_t low_by = 0;  ///< as Tally's
  bool others_low = false;
};

struct Figures {
  static constexpr size_t kMaxRows = 1000;      ///< of each kind that are handed out
  static constexpr size_t kSmallKeys = 65'536;  ///< that are counted of rules, networks, sources, tunnels
  static constexpr size_t kHours = 24, kMaxDays = 31;

  struct Bytes {
    uint64_t up = 0, down = 0;  ///< from the LAN to the line, and back
  };
  struct Count {
    uint64_t accesses = 0, blocked = 0;
  };

  Month month{};
  std::array<Bytes, kByteClassCount> bytes{};
  uint64_t essentials_forgotten = 0;  ///< as EssentialFlows'; the bytes of these count as other names
  UsageCount all;
  std::array<Count, kHours> hours{};
  std::vector<Count> days;     ///< of the month
  FigureRows networks, rules;  ///< what no rule decided stands among the rules by its reason in brackets
  FigureRows blocked_names;    ///< with clients
  FigureRows tunnels, unregistered;  ///< by what they speak; by their addresses
  UsageCount tunnel_attempts, unregistered_accesses;
  std::vector<Incident> incidents;
  uint64_t incidents_left_out = 0;  ///< accesses of those that were too many
  SearchFindings findings;
};

/// Reads a month of a log, once. progress: as UsageScope's. Returns an empty string, or why it cannot be.
[[nodiscard]] std::string find_figures(const std::filesystem::path& log, Month month,
                                       const FigureTerms& terms,
                                       std::function<void(uint64_t done, uint64_t all)> progress,
                                       Figures& out);

/// The incidents that begin in a period alone, from begin_ns until before end_ns; UTC since 1970.
[[nodiscard]] std::string find_incidents(const std::filesystem::path& log, int64_t begin_ns, int64_t end_ns,
                                         const FigureTerms& terms,
                                         std::function<void(uint64_t done, uint64_t all)> progress,
                                         Figures& out);

/// The same object whenever the same log is read with the same terms, so its SHA-256 stands for it.
[[nodiscard]] nlohmann::json figures_json(const Figures& figures);
[[nodiscard]] std::string figures_sha256(const Figures& figures);

}  // namespace sluice::control
