// control/metrics: builds one metric family.
#pragma once

#include <prometheus/metric_family.h>

#include <bit>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/contract/histogram.h"

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

  static Family histogram(std::string name, std::string help) {
    return {prometheus::MetricType::Histogram, std::move(name), std::move(help)};
  }

  Family& add(double value, Labels labels = {}) {
    prometheus::ClientMetric& metric = series(labels);
    metric.counter.value = metric.gauge.value = value;
    return *this;
  }
  Family& add(uint64_t value, Labels labels = {}) { return add(static_cast<double>(value), labels); }

  /// In seconds, by whole octaves: a scrape needs no more, and each bound is a series.
  Family& add(const Histogram& times, Labels labels) { return add_times(times, labels); }
  /// The same of anything with Histogram's buckets.
  template <class Times>
  Family& add_times(const Times& times, Labels labels) {
    constexpr double kNs = 1e-9;
    prometheus::ClientMetric::Histogram& out = series(labels).histogram;
    for (size_t bucket = 0; bucket < Histogram::kBuckets; ++bucket) {
      out.sample_count += times.in_bucket(bucket);
      const uint64_t bound_ns = Histogram::bound_of(bucket);
      if (std::has_single_bit(bound_ns)) {
        out.bucket.push_back({out.sample_count, static_cast<double>(bound_ns) * kNs});
      }
    }
    out.sample_sum = static_cast<double>(times.sum_ns()) * kNs;
    return *this;
  }

  void move_to(std::vector<prometheus::MetricFamily>& out) { out.push_back(std::move(family_)); }

 private:
  prometheus::ClientMetric& series(Labels labels) {
    prometheus::ClientMetric& metric = family_.metric.emplace_back();
    for (const auto& [name, text] : labels) {
      prometheus::ClientMetric::Label& label = metric.label.emplace_back();
      label.name = name;
      label.value = text;
    }
    return metric;
  }

  prometheus::MetricFamily family_;
};

}  // namespace sluice::control
