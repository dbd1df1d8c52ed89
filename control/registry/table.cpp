// control/registry: reads the table.
#include "control/registry/table.h"

#include <array>

#include "control/policy/prefix.h"
#include "control/policy/time_text.h"

namespace sluice::control {
namespace {

enum TableColumn : size_t {
  kWhose,
  kTableUser,
  kTableMachine,
  kTableFrom,
  kTableUntil,
  kTableColumns
};

struct TableRow {
  std::array<std::string, kTableColumns> fields;
  size_t count = 0;  ///< of fields, those that there is no column for included
  bool whole = true;
};

/// Takes one row off text. line: is moved on to the next one's.
TableRow take_row(std::string_view& text, uint64_t& line) {
  TableRow out;
  std::string field;
  bool quoted = false;
  const auto end_field = [&] {
    if (out.count < kTableColumns) out.fields[out.count] = std::move(field);
    field.clear();
    ++out.count;
  };
  size_t at = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    line += c == '\n';
    if (quoted) {
      if (c != '"') {
        field += c;
      } else if (at + 1 < text.size() && text[at + 1] == '"') {
        field += text[++at];
      } else {
        quoted = false;
      }
    } else if (c == '"' && field.empty()) {
      quoted = true;
    } else if (c == ',') {
      end_field();
    } else if (c == '\n') {
      break;
    } else {
      field += c;
    }
  }
  if (!quoted && field.ends_with('\r')) field.pop_back();
  end_field();
  out.whole = !quoted;
  text.remove_prefix(std::min(at + 1, text.size()));
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool read_table_time(std::string_view text, const TimeZone& zone, bool until, int64_t& out_ns) {
  constexpr size_t kDayBytes = 10;
  const auto moment = parse_moment(text, zone);
  if (!moment) return false;
  std::chrono::sys_seconds end = *moment;
  if (until && text.size() == kDayBytes) end = zone.to_utc(zone.to_local(end) + std::chrono::days(1));
  const int64_t seconds = end.time_since_epoch().count();
  return seconds >= 0 && !__builtin_mul_overflow(seconds, kLeaseSecondNs, &out_ns);
}

/// What is wrong with the row; empty: nothing.
std::string_view read_row(const TableRow& row, const TimeZone& zone, int64_t unsaid_ns, SaidHolding& out) {
  const auto field = [&](TableColumn column) { return trimmed(row.fields[column]); };
  if (!row.whole) return "has a quote that does not end";
  if (row.count > kTableColumns) return "has more than five fields";
  if (const auto mac = parse_mac(field(kWhose))) {
    out.key.mac = *mac;
  } else if (!parse_address(field(kWhose), out.key.address)) {
    return "begins with neither an address nor a hardware address";
  }
  Holding& holding = out.holding;
  holding.source = HoldingSource::Table;
  holding.user = field(kTableUser);
  holding.machine = field(kTableMachine);
  if (holding.user.empty() && holding.machine.empty()) return "names neither a user nor a machine";
  out.from_said = !field(kTableFrom).empty();
  holding.from_ns = unsaid_ns;
  if (out.from_said && !read_table_time(field(kTableFrom), zone, false, holding.from_ns))
    return "has a `from` that is no time";
  if (!field(kTableUntil).empty() && !read_table_time(field(kTableUntil), zone, true, holding.until_ns))
    return "has an `until` that is no time";
  return {};
}

}  // namespace

TableFile read_table(std::string_view text, const TimeZone& zone, int64_t unsaid_ns) {
  TableFile out;
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  bool first = true;
  for (uint64_t line = 1; !text.empty();) {
    const uint64_t at = line;
    const TableRow row = take_row(text, line);
    const bool head = first && trimmed(row.fields[kWhose]) == "address";
    first = false;
    if (head || row.fields[kWhose].starts_with('#') ||
        (row.count == 1 && trimmed(row.fields[kWhose]).empty()))
      continue;
    SaidHolding said;
    if (const std::string_view wrong = read_row(row, zone, unsaid_ns, said); !wrong.empty()) {
      out.problems.add(at, wrong);
    } else {
      out.said.push_back(std::move(said));
    }
  }
  return out;
}

}  // namespace sluice::control
