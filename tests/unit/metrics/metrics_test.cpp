// metrics tests: what a scrape shows.
#include "control/metrics/metrics.h"

#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "control/metrics/alarm_metrics.h"
#include "control/metrics/copy_metrics.h"
#include "control/metrics/identity_metrics.h"
#include "tests/unit/link/fake_shared.h"

namespace sluice::control {
namespace {

namespace fs = std::filesystem;

struct MetricsTest : testing::Test {
  fs::path directory = fs::temp_directory_path() / ("sluice-metrics-" + std::to_string(::getpid()));
  std::string error;
  AccessLog log{SegmentWriter::open(directory, directory / "state", {}, error),
                [](uint32_t) { return std::make_shared<const ImageNames>(ImageNames::only_site("")); }};
  Witness witness{directory, {}};
  Copies copies{{directory, directory / "state"}};
  HitsThread hits{directory, directory / "state"};
  AlarmThread alarms{directory, directory / "state"};
  Link::Counts link;
  DnstapServer::Counts dnstap;
  std::vector<FeedStatus> feeds;
  std::shared_ptr<Metrics> metrics =
      std::make_shared<Metrics>(log, witness, copies, hits, alarms, link, dnstap, [this] { return feeds; });
  FakeShared shared{2, 64};
  std::atomic<uint64_t> refused{0};

  ~MetricsTest() override { fs::remove_all(directory); }

  std::string text() const { return prometheus::TextSerializer().Serialize(metrics->Collect()); }
  /// So that every family has a series.
  void know_everything() {
    feeds.emplace_back().spec.list = "malware";
    set_link(shared.header(), 0, 0, LinkState::Up);
    metrics->set_data_plane(SharedRegion::map(shared.fd.get(), error), true);
    metrics->set_names({"no-malware"}, {{{"iplc-sg", 200'000'000, 1'900'000'000, false}},
                                        {{"audit", "li.wei", "IT-1", 1'500'000'000}}});
    metrics->set_verdicts({{"iplc-sg", Blame::Line}});
    metrics->set_keep({.keep_s = 15'984'000});
    metrics->set_overdue_reviews(1);
    metrics->set_api_refused(&refused);
    hits.know({"no-malware"}, {"staff"});
    for (int i = 0; i < 2000 && hits.counts().rules.names().empty(); ++i) {
      ::usleep(5000);
    }
  }
  std::vector<prometheus::MetricFamily> families() const {
    auto out = metrics->Collect();
    std::erase_if(out, [](const auto& family) {
      return family.name.starts_with("sluice_copy_") || family.name.starts_with("sluice_alarm");
    });
    CopyStatus copy;
    copy.plan.copy.name = "siem";
    add_copies({copy}, out);
    AlarmStatus watched;
    watched.policy.rules.push_back({.name = "many-blocks"});
    add_alarms(watched, out);
    const Registry nobody([] { return int64_t{0}; });
    add_identity(nobody, RadiusServer::Counts{}, out);
    return out;
  }
  bool shows(const std::string& line) const {
    return ("\n" + text()).find("\n" + line + "\n") != std::string::npos;
  }
};

TEST_F(MetricsTest, WitnessThatHasAllSaysSo) {
  EXPECT_TRUE(shows("sluice_log_unwitnessed_since_timestamp_seconds 0"));
  EXPECT_TRUE(shows("sluice_log_witness_deliveries_total{result=\"taken\"} 0"));
}

TEST_F(MetricsTest, LogWithoutAWitnessSaysSo) {
  EXPECT_TRUE(shows("sluice_log_has_witness 0"));
  LogWitness named;
  named.kind = LogWitness::Kind::Folder;
  named.where = "/nonexistent";
  witness.set(named, "office");
  EXPECT_TRUE(shows("sluice_log_has_witness 1"));
}

TEST_F(MetricsTest, LinesTermsAreShown) {
  const int64_t now_s = std::chrono::system_clock::now().time_since_epoch() / std::chrono::seconds(1);
  metrics->set_names({}, {{{"iplc-sg", 0, now_s - 10 * 86'400, true}, {"iplc-hk", 0, 0, false}}, {}});
  EXPECT_NE(text().find("sluice_line_term_days_left{line=\"iplc-sg\"} -10"), std::string::npos);
  EXPECT_EQ(text().find("sluice_line_term_days_left{line=\"iplc-hk\"}"), std::string::npos);
  EXPECT_TRUE(shows("sluice_line_refused_after_term{line=\"iplc-sg\"} 1"));
  EXPECT_TRUE(shows("sluice_line_refused_after_term{line=\"iplc-hk\"} 0"));
}

TEST_F(MetricsTest, WithoutADataPlaneControlIsUp) {
  EXPECT_TRUE(shows("sluice_up{process=\"control\"} 1"));
  EXPECT_TRUE(shows("sluice_up{process=\"dataplane\"} 0"));
  EXPECT_TRUE(shows("sluice_policy_generation 0"));
}

TEST_F(MetricsTest, LinesAreSummedOverTheWorkers) {
  for (uint32_t worker = 0; worker < 2; ++worker) {
    LineStats& line = shared.stats(worker).lines[0];
    line.syns.asked.add(3);
    line.syn_acks.unanswered.add(2);
    line.questions.times.add(1'000'000);
    line.one_way.add(1);
  }
  set_link(shared.header(), 0, 0, LinkState::Up);
  set_link(shared.header(), 0, 1, LinkState::Down);
  metrics->set_data_plane(SharedRegion::map(shared.fd.get(), error), true);
  EXPECT_TRUE(shows("sluice_line_asked_total{line=\"iplc-sg\",kind=\"syn\"} 6"));
  EXPECT_TRUE(shows("sluice_line_unanswered_total{line=\"iplc-sg\",kind=\"syn-ack\"} 4"));
  EXPECT_TRUE(shows("sluice_line_answer_seconds_count{line=\"iplc-sg\",kind=\"dns\"} 2"));
  EXPECT_TRUE(shows("sluice_line_answer_seconds_sum{line=\"iplc-sg\",kind=\"dns\"} 0.002"));
  EXPECT_TRUE(shows("sluice_line_one_way_flows_total{line=\"iplc-sg\"} 2"));
  EXPECT_TRUE(shows("sluice_port_link_up{line=\"iplc-sg\",side=\"lan\"} 1"));
  EXPECT_TRUE(shows("sluice_port_link_up{line=\"iplc-sg\",side=\"line\"} 0"));
}

TEST_F(MetricsTest, CountsOfDnstapAreShown) {
  dnstap.connected = 2;
  dnstap.answers = 7;
  dnstap.refused = 3;
  link.bound = 5;
  link.bind_lost = 1;
  EXPECT_TRUE(shows("sluice_dnstap_connections 2"));
  EXPECT_TRUE(shows("sluice_dnstap_frames_total{kind=\"answer\"} 7"));
  EXPECT_TRUE(shows("sluice_dnstap_refused_total 3"));
  EXPECT_TRUE(shows("sluice_dnstap_bindings_total{action=\"bound\"} 5"));
  EXPECT_TRUE(shows("sluice_dnstap_bindings_total{action=\"lost\"} 1"));
}

TEST_F(MetricsTest, KeepingOfTheLogIsShownOnceItIsKnown) {
  EXPECT_EQ(text().find("sluice_log_holds"), std::string::npos);
  KeepFigures figures{.oldest_ns = 1'500'000'000'000'000'000,
                      .free_bytes = 12'345,
                      .holds = 2,
                      .deleted = 3,
                      .errors = 4,
                      .disk = {86'400, true}};
  metrics->set_keep(figures);
  EXPECT_TRUE(shows("sluice_log_oldest_timestamp_seconds 1500000000"));
  EXPECT_TRUE(shows("sluice_log_disk_free_bytes 12345"));
  EXPECT_TRUE(shows("sluice_log_disk_full_seconds 86400"));
  EXPECT_TRUE(shows("sluice_log_disk_full_before_term 1"));
  EXPECT_TRUE(shows("sluice_log_holds 2"));
  EXPECT_TRUE(shows("sluice_log_deleted_segments_total 3"));
  EXPECT_TRUE(shows("sluice_log_keep_errors_total 4"));
  figures.disk = {};
  metrics->set_keep(figures);
  EXPECT_TRUE(shows("sluice_log_disk_full_seconds +Inf"));
}

TEST_F(MetricsTest, CopiesAreShownByTheirNames) {
  EXPECT_EQ(text().find("sluice_copy_behind_records{"), std::string::npos);
  CopyStatus copy;
  copy.plan.copy.name = "siem";
  copy.plan.pseudonyms = true;
  copy.records = 7;
  copy.missed_segments = 2;
  copy.behind_records = 5;
  copy.behind_since_ns = 1;
  copy.taken_ns = 1'500'000'000'500'000'000;
  copy.failures[static_cast<size_t>(CopyFailure::Tls)] = 3;
  std::vector<prometheus::MetricFamily> families;
  add_copies({copy}, families);
  const std::string shown = prometheus::TextSerializer().Serialize(families);
  for (const char* line :
       {"sluice_copy_records_total{copy=\"siem\"} 7\n",
        "sluice_copy_missed_segments_total{copy=\"siem\"} 2\n",
        "sluice_copy_behind_records{copy=\"siem\"} 5\n", "sluice_copy_pseudonyms{copy=\"siem\"} 1\n",
        "sluice_copy_last_success_timestamp_seconds{copy=\"siem\"} 1500000000.5\n",
        "sluice_copy_failures_total{copy=\"siem\",reason=\"tls\"} 3\n",
        "sluice_copy_failures_total{copy=\"siem\",reason=\"local\"} 0\n"}) {
    EXPECT_NE(shown.find(line), std::string::npos) << line;
  }
  EXPECT_EQ(shown.find("sluice_copy_behind_seconds{copy=\"siem\"} 0\n"), std::string::npos);
}

TEST_F(MetricsTest, AlarmsAreShownByTheirNamesAndByNobodyElses) {
  AlarmStatus status;
  status.policy.rules = {{.name = "many"}, {.name = "quiet"}};
  status.open = {{.alarm = "many", .subject = "li.wei"}, {.alarm = "many", .subject = "10.20.1.7"}};
  status.raised = {{"many", 5}};
  status.unnamed = 1;
  status.sinks[static_cast<size_t>(AlarmSink::Mail)] = {.sent = 4, .failed = 3, .waiting = 2};
  std::vector<prometheus::MetricFamily> families;
  add_alarms(status, families);
  const std::string shown = prometheus::TextSerializer().Serialize(families);
  for (const char* line :
       {"sluice_alarm_active{alarm=\"many\"} 2\n", "sluice_alarm_active{alarm=\"quiet\"} 0\n",
        "sluice_alarms_total{alarm=\"many\"} 5\n", "sluice_alarm_notices_sent_total{by=\"mail\"} 4\n",
        "sluice_alarm_notice_failures_total{by=\"mail\"} 3\n",
        "sluice_alarm_notices_waiting{by=\"mail\"} 2\n", "sluice_alarms_unnamed_total 1\n"}) {
    EXPECT_NE(shown.find(line), std::string::npos) << line;
  }
  EXPECT_EQ(shown.find("li.wei"), std::string::npos);
  EXPECT_EQ(shown.find("10.20"), std::string::npos);
}

TEST_F(MetricsTest, FeedsAreShown) {
  FeedStatus feed;
  feed.spec.list = "malware";
  feed.entries = 12;
  feed.checked_ns = 1'500'000'000'500'000'000;
  feed.has_held = true;
  feed.fetches[static_cast<size_t>(FetchResult::Refused)] = 3;
  feeds.push_back(feed);
  EXPECT_TRUE(shows("sluice_feed_entries{list=\"malware\"} 12"));
  EXPECT_TRUE(shows("sluice_feed_last_success_timestamp_seconds{list=\"malware\"} 1500000000.5"));
  EXPECT_TRUE(shows("sluice_feed_held{list=\"malware\"} 1"));
  EXPECT_TRUE(shows("sluice_feed_fetches_total{list=\"malware\",result=\"refused\"} 3"));
  EXPECT_TRUE(shows("sluice_feed_fetches_total{list=\"malware\",result=\"new\"} 0"));
}

TEST_F(MetricsTest, CountersOfWorkersAreShown) {
  shared.stats(1).dropped[static_cast<size_t>(Reason::TcpGap)].add(3);
  shared.stats(0).accesses[1][0].add(2);
  shared.stats(1).accesses[1][0].add(5);
  shared.stats(0).ports[0][1].tx_bytes.add(1500);
  shared.push("a.example");
  metrics->set_data_plane(SharedRegion::map(shared.fd.get(), error), true);
  EXPECT_TRUE(shows("sluice_up{process=\"dataplane\"} 1"));
  EXPECT_TRUE(shows("sluice_packets_dropped_total{worker=\"1\",reason=\"tcp-gap\"} 3"));
  EXPECT_TRUE(shows("sluice_accesses_total{action=\"blocked\",reason=\"rule\"} 7"));
  EXPECT_TRUE(shows("sluice_port_transmit_bytes_total{worker=\"0\",line=\"iplc-sg\",side=\"line\"} 1500"));
  EXPECT_TRUE(shows("sluice_ring_used_slots{worker=\"0\"} 1"));
  EXPECT_TRUE(shows("sluice_packets_passed_total{worker=\"0\",reason=\"decided\"} 0"));
}

TEST_F(MetricsTest, TimesAreShownAsHistograms) {
  Histogram& forwarding = shared.stats(1).forwarding;
  forwarding.add(64, 3);
  forwarding.add(65, 32);
  forwarding.add(2'000'000'000, 1);
  shared.stats(0).turns.add(1'000'000);
  metrics->set_data_plane(SharedRegion::map(shared.fd.get(), error), true);
  EXPECT_TRUE(shows("sluice_forwarding_seconds_bucket{worker=\"1\",le=\"6.4e-08\"} 3")) << text();
  EXPECT_TRUE(shows("sluice_forwarding_seconds_bucket{worker=\"1\",le=\"1.28e-07\"} 35"));
  EXPECT_TRUE(shows("sluice_forwarding_seconds_bucket{worker=\"1\",le=\"1.073741824\"} 35"));
  EXPECT_TRUE(shows("sluice_forwarding_seconds_bucket{worker=\"1\",le=\"+Inf\"} 36"));
  EXPECT_TRUE(shows("sluice_forwarding_seconds_count{worker=\"1\"} 36"));
  EXPECT_TRUE(shows("sluice_forwarding_seconds_sum{worker=\"1\"} 2.000002272"));
  EXPECT_TRUE(shows("sluice_forwarding_seconds_count{worker=\"0\"} 0"));
  EXPECT_TRUE(shows("sluice_worker_turn_seconds_count{worker=\"0\"} 1"));
  EXPECT_TRUE(shows("sluice_worker_turn_seconds_sum{worker=\"0\"} 0.001"));
}

/// What the last words of a name say.
std::string unit_of(const std::string& name) {
  constexpr std::pair<std::string_view, std::string_view> kUnits[] = {{"_timestamp_seconds", "s since 1970"},
                                                                      {"_bits_per_second", "bit/s"},
                                                                      {"_seconds", "s"},
                                                                      {"_bytes", "B"},
                                                                      {"_bytes_total", "B"}};
  for (const auto& [end, unit] : kUnits) {
    if (name.ends_with(end)) {
      return std::string(unit);
    }
  }
  return "";
}

std::string row_of(const prometheus::MetricFamily& family) {
  const char* const type = family.type == prometheus::MetricType::Counter ? "counter"
                           : family.type == prometheus::MetricType::Gauge ? "gauge"
                                                                          : "histogram";
  std::string labels;
  for (const auto& label : family.metric.at(0).label) {
    labels += (labels.empty() ? "" : ", ") + label.name;
  }
  return "| `" + family.name + "` | " + type + " | " + labels + " | " + unit_of(family.name) + " | " +
         family.help + " |\n";
}

TEST_F(MetricsTest, TableOfTheReadmeIsWhatIsExposed) {
  know_everything();
  std::set<std::string> exposed;
  for (const prometheus::MetricFamily& family : families()) {
    ASSERT_FALSE(family.metric.empty()) << family.name << " has no series: let know_everything make one";
    exposed.insert(row_of(family));
  }
  std::ifstream readme(SLUICE_METRICS_README);
  std::string said, table;
  for (std::string line; std::getline(readme, line);) {
    if (line.starts_with("| `sluice_")) {
      said += line + "\n";
    }
  }
  for (const std::string& row : exposed) {
    table += row;
  }
  EXPECT_EQ(said, table) << "the table in control/metrics/README.md must be:\n" << table;
}

TEST_F(MetricsTest, VerdictsBandwidthsAndTermsAreShown) {
  know_everything();
  EXPECT_TRUE(shows("sluice_line_verdict{line=\"iplc-sg\",verdict=\"line\"} 1"));
  EXPECT_TRUE(shows("sluice_line_verdict{line=\"iplc-sg\",verdict=\"no traffic\"} 0"));
  EXPECT_TRUE(shows("sluice_line_bandwidth_bits_per_second{line=\"iplc-sg\"} 200000000")) << text();
  EXPECT_TRUE(shows("sluice_log_term_seconds 15984000"));
  EXPECT_TRUE(shows("sluice_exception_ends_timestamp_seconds{exception=\"audit\"} 1500000000"));
  EXPECT_TRUE(shows("sluice_rule_accesses_total{rule=\"no-malware\",action=\"blocked\"} 0"));
  metrics->set_names({}, {{{"iplc-hk", 1, 0, false}}, {}});
  EXPECT_EQ(text().find("sluice_line_bandwidth_bits_per_second{"), std::string::npos);
}

TEST_F(MetricsTest, NamesFollowPrometheusConventions) {
  know_everything();
  const std::set<std::string> known = {"worker",   "line",    "side",    "reason",  "action",    "answer",
                                       "protocol", "process", "version", "kind",    "list",      "result",
                                       "ended",    "copy",    "rule",    "network", "exception", "verdict",
                                       "used",     "by",      "alarm",   "source"};
  std::set<std::string> seen;
  for (const prometheus::MetricFamily& family : families()) {
    EXPECT_TRUE(family.name.starts_with("sluice_")) << family.name;
    EXPECT_TRUE(seen.insert(family.name).second) << family.name;
    EXPECT_EQ(family.type == prometheus::MetricType::Counter, family.name.ends_with("_total")) << family.name;
    EXPECT_FALSE(family.help.empty());
    for (const prometheus::ClientMetric& metric : family.metric) {
      for (const auto& label : metric.label) {
        EXPECT_TRUE(known.contains(label.name)) << label.name;
      }
    }
  }
}

TEST_F(MetricsTest, AddressThatCannotBeServedIsRefused) {
  const auto first = MetricsServer::start("127.0.0.1:29477", metrics, error);
  ASSERT_NE(first, nullptr) << error;
  EXPECT_EQ(MetricsServer::start("127.0.0.1:29477", metrics, error), nullptr);
  EXPECT_NE(error.find("127.0.0.1:29477"), std::string::npos);
  EXPECT_EQ(MetricsServer::start("nonsense", metrics, error), nullptr);
}

}  // namespace
}  // namespace sluice::control
