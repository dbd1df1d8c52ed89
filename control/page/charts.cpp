// control/page: plots as inline SVG.
#include "control/page/charts.h"

#include <algorithm>
#include <cstdio>

#include "control/base/number_text.h"

namespace sluice::control {
namespace {

// Of the SVG's own units; the style makes it as wide as the page.
constexpr double kWide = 720, kBarHigh = 26;
constexpr double kPlotLeft = 56, kPlotTop = 12, kPlotHigh = 150, kPlotBottom = 20;

std::string unit_text(double value) {
  char out[32];
  std::snprintf(out, sizeof out, "%.1f", value);
  return out;
}

std::string rect(double x, double y, double width, double height, int shade) {
  return "<rect class=\"s" + std::to_string(shade) + "\" x=\"" + unit_text(x) + "\" y=\"" + unit_text(y) +
         "\" width=\"" + unit_text(width) + "\" height=\"" + unit_text(height) + "\"/>";
}

std::string svg_begin(const Html& title, double height) {
  return "<svg viewBox=\"0 0 " + unit_text(kWide) + " " + unit_text(height) + "\" role=\"img\"><title>" +
         title.markup() + "</title>";
}

/// A round number that is not below value, of whose quarters each is one too where it can be.
uint64_t scale_of(uint64_t value) {
  constexpr uint64_t kMost = uint64_t{1} << 62;
  for (uint64_t ten = 1; ten < kMost / 10; ten *= 10) {
    for (const uint64_t times : {1, 2, 4, 8}) {
      if (ten * times >= value && ten * times >= 4) {
        return ten * times;
      }
    }
  }
  return std::max(value, kMost);
}

/// 1200000 as `1.2M`: an axis has little room.
std::string axis_number(uint64_t value) {
  constexpr const char* kEndings[] = {"", "k", "M", "G", "T"};
  auto shown = static_cast<double>(value);
  size_t ending = 0;
  while (shown >= 1000 && ending + 1 < std::size(kEndings)) {
    shown /= 1000;
    ++ending;
  }
  char out[32];
  std::snprintf(out, sizeof out, "%g%s", shown, kEndings[ending]);
  return out;
}

}  // namespace

Html share_chart(const Html& title, const std::vector<ChartShare>& shares) {
  uint64_t sum = 0;
  for (const ChartShare& each : shares) {
    sum += each.value;
  }
  if (sum == 0) {
    return {};
  }
  std::string bar = svg_begin(title, kBarHigh);
  Html legend;
  double at = 0;
  for (const ChartShare& each : shares) {
    const double wide = kWide * (static_cast<double>(each.value) / static_cast<double>(sum));
    bar += each.value == 0 ? "" : rect(at, 0, std::max(wide - 1, 0.5), kBarHigh, each.shade);
    at += wide;
    Html text = Html::trusted("<i class=\"s" + std::to_string(each.shade) + "\"></i>");
    text += each.label;
    text += Html::of(" ");
    text += each.shown;
    text += Html::of(" · " + unit_text(100.0 * static_cast<double>(each.value) / static_cast<double>(sum)) +
                     " %");
    legend += element("span", text);
  }
  return element("figure", Html::trusted(bar + "</svg>") + element("div class=\"legend\"", legend)) +
         Html::trusted("\n");
}

Html column_chart(const Html& title, const std::vector<ChartColumn>& columns) {
  uint64_t most = 0;
  for (const ChartColumn& each : columns) {
    most = std::max(most, each.value);
  }
  const uint64_t scale = scale_of(most);
  const auto high = [&](uint64_t value) {
    return kPlotHigh * (static_cast<double>(value) / static_cast<double>(scale));
  };
  const double floor = kPlotTop + kPlotHigh;
  std::string out = svg_begin(title, floor + kPlotBottom);
  const auto add = [&out](std::initializer_list<std::string_view> parts) {
    for (const std::string_view part : parts) {
      out += part;
    }
  };
  for (uint64_t quarter = 0; quarter <= 4; ++quarter) {
    const std::string y = unit_text(floor - kPlotHigh * static_cast<double>(quarter) / 4);
    add({"<line class=\"axis\" x1=\"", unit_text(kPlotLeft), "\" x2=\"", unit_text(kWide), "\" y1=\"", y,
         "\" y2=\"", y, "\"/><text class=\"tick\" text-anchor=\"end\" x=\"", unit_text(kPlotLeft - 7),
         "\" y=\"", y, "\" dy=\"4\">", axis_number(scale / 4 * quarter), "</text>"});
  }
  const double step = (kWide - kPlotLeft) / static_cast<double>(std::max<size_t>(columns.size(), 1));
  for (size_t i = 0; i < columns.size(); ++i) {
    const ChartColumn& each = columns[i];
    const uint64_t marked = std::min(each.marked, each.value);
    const double x = kPlotLeft + step * static_cast<double>(i);
    out += rect(x + step * 0.14, floor - high(each.value), step * 0.72, high(each.value - marked), 2);
    out += rect(x + step * 0.14, floor - high(marked), step * 0.72, high(marked), 5);
    out += each.label.empty()
               ? ""
               : "<text class=\"tick\" text-anchor=\"middle\" x=\"" + unit_text(x + step / 2) + "\" y=\"" +
                     unit_text(floor + 15) + "\">" + Html::of(each.label).markup() + "</text>";
  }
  return element("figure", element("figcaption", title) + Html::trusted(out + "</svg>")) +
         Html::trusted("\n");
}

}  // namespace sluice::control
