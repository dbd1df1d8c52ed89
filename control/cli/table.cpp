// control/cli: texts that fit the terminal, or a pipe.
#include "control/cli/table.h"

#include <algorithm>
#include <numeric>

#include "control/base/utc.h"
#include "control/cli/terminal.h"

namespace sluice::control {
namespace {

constexpr size_t kLeastText = 16, kBetween = 2;
constexpr std::string_view kEllipsis = "…";

/// The bytes of the code point that text begins with.
size_t point_size(std::string_view text) {
  size_t out = 1;
  while (out < text.size() && (static_cast<uint8_t>(text[out]) & 0xc0) == 0x80) {
    ++out;
  }
  return out;
}

/// Chinese and the like take two columns.
size_t point_width(std::string_view text) {
  return static_cast<uint8_t>(text.front()) >= 0xe3 ? 2 : 1;
}

/// The bytes of as many code points as fit into width columns.
size_t prefix_of_width(std::string_view text, size_t width) {
  size_t at = 0;
  while (at < text.size() && point_width(text.substr(at)) <= width) {
    width -= point_width(text.substr(at));
    at += point_size(text.substr(at));
  }
  return at;
}

std::string filled(std::string_view text, size_t width, bool left) {
  const std::string blanks(width - std::min(width, width_of(text)), ' ');
  return left ? std::string(text) : blanks + std::string(text);
}

}  // namespace

size_t width_of(std::string_view text) {
  size_t out = 0;
  for (; !text.empty(); text.remove_prefix(point_size(text))) {
    out += point_width(text);
  }
  return out;
}

std::string shortened(std::string_view text, size_t width) {
  if (width == kNoWidth || width_of(text) <= width) {
    return std::string(text);
  }
  // The end of a name says more than its beginning.
  const size_t before = (width - 1) / 3;
  std::string out(text.substr(0, prefix_of_width(text, before)));
  size_t from = 0;
  while (width_of(text.substr(from)) > width - 1 - before) {
    from += point_size(text.substr(from));
  }
  return out.append(kEllipsis).append(text.substr(from));
}

std::string wrapped(std::string_view text, size_t width, size_t indent) {
  std::string out;
  for (size_t column = indent; !text.empty();) {
    const size_t blank = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, blank);
    text.remove_prefix(std::min(blank + 1, text.size()));
    const size_t wide = width_of(word);
    if (column != indent && width != kNoWidth && column + 1 + wide > width) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (column != indent) {
      out += ' ';
      ++column;
    }
    out += word;
    column += wide;
  }
  return out;
}

std::string accesses_text(uint64_t count) {
  return grouped(count) + (count == 1 ? " access" : " accesses");
}

std::string minute_text(int64_t time_ns) {
  if (time_ns <= 0) {
    return "never";
  }
  constexpr size_t kMinute = sizeof "2026-11-23T04:05" - 1, kDay = sizeof "2026-11-23" - 1;
  std::string out = utc_text(time_ns).substr(0, kMinute);
  out[kDay] = ' ';
  return out;
}

std::string table_text(const std::vector<TableColumn>& columns,
                       const std::vector<std::vector<std::string>>& rows, size_t width) {
  std::vector<size_t> widths;
  for (size_t i = 0; i < columns.size(); ++i) {
    widths.push_back(width_of(columns[i].head));
    for (const auto& row : rows) {
      widths[i] = std::max(widths[i], width_of(row[i]));
    }
  }
  const size_t last = columns.size() - 1;
  const auto before_last = [&] {
    return std::accumulate(widths.begin(), widths.end() - 1, size_t{0},
                           [](size_t sum, size_t each) { return sum + (each == 0 ? 0 : each + kBetween); });
  };
  while (width != kNoWidth && before_last() + std::min(widths[last], kLeastText) > width) {
    const auto spare =
        std::max_element(columns.begin(), columns.end() - 1, [&](const auto& a, const auto& b) {
          const auto of = [&](const TableColumn& each) {
            return widths[static_cast<size_t>(&each - columns.data())] == 0 ? 0 : each.spare;
          };
          return of(a) < of(b);
        });
    const auto index = static_cast<size_t>(spare - columns.begin());
    if (spare->spare == 0 || widths[index] == 0) {
      break;
    }
    widths[index] = 0;
  }
  const size_t used = before_last();
  const size_t room = width == kNoWidth ? kNoWidth : width > used + 1 ? width - used : 1;
  std::string out;
  const auto add = [&](const auto& text_at) {
    for (size_t i = 0; i < last; ++i) {
      out += widths[i] == 0 ? "" : filled(text_at(i), widths[i], false) + std::string(kBetween, ' ');
    }
    out += shortened(text_at(last), room) + "\n";
  };
  add([&](size_t i) -> const std::string& { return columns[i].head; });
  for (const auto& row : rows) {
    add([&](size_t i) -> const std::string& { return row[i]; });
  }
  return out;
}

}  // namespace sluice::control
