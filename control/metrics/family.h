// control/metrics: builds one metric family.
#pragma once

#include <prometheus/metric_family.h>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::control {

/// Collects the series of one name.
class Family {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  Family(prometheus::MetricType type, std::string name, std::string help) {
    family_.type = type;
    family_.name = std::move(name);
    family_.help = std::move(help);
  }
  static Family counter(std::string name, std::string help) {
    return {prometheus::MetricType::Counter, std::move(name), std::move(help)};
  }
  static Family gauge(std::string name, std::string help) {
    return {prometheus::MetricType::Gauge, std::move(name), std::move(help)};
  }

  Family& add(double value, Labels labels = {}) {
    prometheus::ClientMetric metric;
    for (const auto& [name, text] : labels) {
      prometheus::ClientMetric::Label label;
      label.name = name;
      label.value = text;
      metric.label.push_back(std::move(label));
    }
    metric.counter.value = metric.gauge.value = value;
    family_.metric.push_back(std::move(metric));
    return *this;
  }
  Family& add(uint64_t value, Labels labels = {}) { return add(static_cast<double>(value), labels); }

  void move_to(std::vector<prometheus::MetricFamily>& out) { out.push_back(std::move(family_)); }

 private:
  prometheus::MetricFamily family_;
};

}  // namespace sluice::control
