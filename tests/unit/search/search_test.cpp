// search tests: a search finds what a plain look at every line finds, with an index, without, and with a
// wrong one.
#include "control/search/search.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "control/base/utc.h"
#include "control/search/fields.h"
#include "control/search/filter.h"
#include "control/search/index.h"
#include "control/search/indexer.h"
#include "tests/unit/segment/segments.h"

namespace sluice::control {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kPseudonym = "p-0123456789abcdef0123456789abcdef";

std::string pick(std::mt19937& chance, std::initializer_list<const char*> from) {
  return from.begin()[chance() % from.size()];
}

struct SearchTest : Segments {
  std::mt19937 chance{7};
  std::atomic<bool> stop{false};

  /// An address, or a pseudonym that stands for one.
  json random_client() {
    const std::string text = pick(chance, {"10.20.1.7", "10.20.1.70", "10.20.8.1", "fd12::7", kPseudonym});
    return {{text == kPseudonym ? "address" : "ip", text}};
  }
  /// A random line. Its time is number seconds after kNow.
  json random_line(uint64_t number) {
    json out{{"@timestamp", utc_text(kNow + static_cast<int64_t>(number) * kSecond)},
             {"event",
              {{"id", "000000000000b007-0-" + std::to_string(number)},
               {"action", pick(chance, {"allowed", "blocked", "observed"})}}},
             {"source", random_client()},
             {"destination", {{"ip", pick(chance, {"198.51.100.9", "203.0.113.7", "2001:db8::1"})}}}};
    const std::string name = pick(chance, {"", "example.com", "www.example.com", "notexample.com",
                                           "a.b.example.com", "example.org", "xn--fiqs8s.example"});
    const std::string user = pick(chance, {"", "", "li.wei", "a\"b\\c"}),
                      rule = pick(chance, {"", "no-malware", "hq", "\xe7\xa6\x81"});
    if (!name.empty()) out["destination"]["domain"] = name;
    if (!user.empty()) out["user"] = {{"name", user}};
    if (!rule.empty()) out["rule"] = {{"name", rule}, {"ruleset", "x"}};
    return out;
  }
  /// Segments of frames of random lines; the last segment stays open. Returns all lines.
  std::vector<json> write_random(size_t segments, size_t frames, size_t lines) {
    std::vector<json> all;
    const auto writer = open();
    for (size_t segment = 0; segment < segments; ++segment) {
      for (size_t frame = 0; frame < frames; ++frame) {
        LogBatch out;
        for (size_t i = 0; i < lines; ++i) {
          all.push_back(random_line(all.size() + 1));
          out.lines += all.back().dump() + "\n";
          out.note(kNow + static_cast<int64_t>(all.size()) * kSecond, {kBoot, 0, all.size()});
        }
        EXPECT_EQ(writer->append(out, kNow), "");
      }
      if (segment + 1 < segments) {
        EXPECT_EQ(writer->close(kNow), "");
      }
    }
    return all;
  }
  void build_indexes() {
    for (const SegmentFile& file : list_segments(log, error)) {
      if (const std::string why = build_index(file.path, stop); !why.empty()) {
        EXPECT_NE(why.find("has no end yet"), std::string::npos) << why;
      }
    }
  }
  std::string search(const QueryOptions& options, SearchFindings* findings = nullptr) {
    SearchFindings found;
    LogPosition position;
    std::string out;
    const auto query = Query::parse(options, error);
    EXPECT_TRUE(query) << error;
    EXPECT_EQ(search_log(
                  log, *query, position, [&](std::string_view lines) { return out += lines, true; }, found),
              "");
    if (findings != nullptr) {
      *findings = found;
    }
    return out;
  }
};

bool is_below(const std::string& wanted, const std::string& name) {
  return name == wanted || name.ends_with("." + wanted);
}

/// What a person would say of a line, with none of the code that searches.
bool fits(const QueryOptions& options, const json& line) {
  const std::string ip = line["source"].value("ip", line["source"].value("address", "")),
                    to = line["destination"]["ip"], name = line["destination"].value("domain", "");
  const std::string user = line.value(json::json_pointer("/user/name"), ""),
                    rule = line.value(json::json_pointer("/rule/name"), "");
  const bool from_prefix = options.from == "10.20.0.0/16" && ip.starts_with("10.20.");
  const bool to_prefix = options.to == "2001:db8::/32" && to.starts_with("2001:db8:");
  return (options.from.empty() || from_prefix || options.from == ip || options.from == user) &&
         (options.to.empty() || to_prefix || options.to == to || is_below(options.to, name)) &&
         (options.action.empty() || options.action == line["event"]["action"]) &&
         (options.rule.empty() || options.rule == rule) &&
         (options.since.empty() || options.since <= line["@timestamp"].get<std::string>()) &&
         (options.until.empty() || options.until >= line["@timestamp"].get<std::string>());
}

TEST_F(SearchTest, EveryGroupOfAnIndexHasItsOwnKeys) {
  constexpr uint64_t kFrames = 6, kLines = 20;
  const auto writer = open();
  for (uint64_t frame = 0, number = 0; frame < kFrames; ++frame) {
    LogBatch out;
    for (uint64_t i = 0; i < kLines; ++i) {
      json line = random_line(++number);
      line["source"] = {{"ip", "10.20.9.9"}};
      line["destination"]["domain"] = "frame" + std::to_string(frame) + ".example";
      line["filler"] = std::string(kGroupText / kLines / 2, 'x');
      out.lines += line.dump() + "\n";
      out.note(kNow + static_cast<int64_t>(number) * kSecond, {kBoot, 0, number});
    }
    ASSERT_EQ(writer->append(out, kNow), "");
  }
  ASSERT_EQ(writer->close(kNow), "");
  build_indexes();
  uint64_t ignored = 0;
  const auto index = read_index(segment(), {}, ignored);
  ASSERT_TRUE(index);
  EXPECT_EQ(index->groups.size(), kFrames);
  SearchFindings found;
  search({.from = "10.20.9.9"}, &found);
  EXPECT_EQ(found.lines, kFrames * kLines);
  for (uint64_t frame = 0; frame < kFrames; ++frame) {
    search({.to = "frame" + std::to_string(frame) + ".example"}, &found);
    EXPECT_EQ(found.lines, kLines) << frame;
  }
}

TEST_F(SearchTest, FindsWhatAPlainLookFinds) {
  const std::vector<json> all = write_random(4, 3, 20);
  for (const bool indexed : {false, true}) {
    if (indexed) {
      build_indexes();
    }
    for (int round = 0; round < 400; ++round) {
      QueryOptions options;
      options.from =
          pick(chance, {"", "", "10.20.1.7", "10.20.0.0/16", "li.wei", "a\"b\\c", "10.9.9.9", kPseudonym});
      options.to = pick(chance, {"", "", "example.com", "b.example.com", "com", "198.51.100.9",
                                 "2001:db8::/32", "none.example"});
      options.action = pick(chance, {"", "", "blocked", "observed"});
      options.rule = pick(chance, {"", "", "no-malware", "\xe7\xa6\x81", "gone"});
      if (round % 3 == 0) {
        options.since = all[chance() % all.size()]["@timestamp"];
        options.until = all[chance() % all.size()]["@timestamp"];
      }
      std::string wanted;
      for (const json& line : all) {
        wanted += fits(options, line) ? line.dump() + "\n" : "";
      }
      ASSERT_EQ(search(options), wanted)
          << round << ' ' << options.from << ' ' << options.to << ' ' << options.rule;
    }
  }
}

TEST_F(SearchTest, IndexLetsItPassOverSegments) {
  write_random(4, 3, 20);
  SearchFindings without, with;
  search({.to = "none.example"}, &without);
  build_indexes();
  search({.to = "none.example"}, &with);
  EXPECT_EQ(without.unindexed, 3u);
  EXPECT_EQ(with.unindexed, 0u);
  EXPECT_EQ(without.segments, 4u);
  EXPECT_LT(with.bytes_read, without.bytes_read);
}

TEST_F(SearchTest, IndexThatIsWrongIsNotBelieved) {
  write_random(3, 2, 10);
  build_indexes();
  const std::string all = search({});
  const fs::path first = index_path(segment(0)), second = index_path(segment(1));
  const std::string good = read(first);
  uint64_t bytes = 0;
  for (size_t at = 0; at < good.size(); ++at) {
    std::string broken = good;
    broken[at] = static_cast<char>(broken[at] ^ 0x20);
    write(first, broken);
    ASSERT_FALSE(read_index(segment(0), {}, bytes)) << at;
    if (at % 50 == 0) {
      ASSERT_EQ(search({}), all);
    }
  }
  for (size_t size = 0; size < good.size(); ++size) {
    write(first, good.substr(0, size));
    ASSERT_FALSE(read_index(segment(0), {}, bytes)) << size;
  }
  write(first, good + "x");
  EXPECT_FALSE(read_index(segment(0), {}, bytes));
  write(first, read(second));  // whole, and of another segment
  SearchFindings found;
  EXPECT_EQ(search({}, &found), all);
  EXPECT_EQ(found.unindexed, 1u);
}

TEST_F(SearchTest, IndexIsWrittenAndReadAlike) {
  const std::vector<uint64_t> keys{1, 2, 3};
  SegmentIndex index{std::string(64, 'a'), 100, make_filter(keys), {}};
  index.groups.push_back({0, 100, 5, 9, make_filter(std::span(keys).first(1))});
  index.groups.push_back({100, 300, -7, 2, make_filter(std::span(keys).last(2))});
  fs::create_directories(log);
  const fs::path path = log / segment_name(1, kNow);
  write(index_path(path), index_bytes(index));
  uint64_t all = 0, head = 0;
  EXPECT_EQ(read_index(path, keys, all), index);
  const auto passed_over = read_index(path, std::vector<uint64_t>{0x123456789abcdef}, head);
  ASSERT_TRUE(passed_over);
  EXPECT_EQ(passed_over->filter, index.filter);
  EXPECT_TRUE(passed_over->groups.empty());  // the head was enough
  EXPECT_LT(head, all);
}

TEST_F(SearchTest, IndexerBuildsWhatIsMissing) {
  write_random(4, 2, 5);
  {
    const Indexer indexer(log, std::chrono::milliseconds(10));
    for (int i = 0; i < 500 && indexer.built() < 3; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    EXPECT_EQ(indexer.built(), 3u);
  }
  SearchFindings found;
  search({}, &found);
  EXPECT_EQ(found.unindexed, 0u);
  const Indexer again(log, std::chrono::milliseconds(1));
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(again.built(), 0u);
}

TEST_F(SearchTest, DamageIsSaidAndTheRestIsFound) {
  write_random(2, 3, 5);
  const std::string all = search({});
  std::string bytes = read(segment(0));
  const auto reader = SegmentReader::open(segment(0), error);
  ASSERT_EQ(reader->next(), SegmentReader::Step::Frame);
  const std::string lost = [&] {
    EXPECT_EQ(reader->next(), SegmentReader::Step::Frame);
    return std::string(reader->lines());
  }();
  bytes[reader->next_offset() - 3] ^= 1;
  write(segment(0), bytes);
  SearchFindings found;
  const std::string rest = search({}, &found);
  EXPECT_EQ(found.problem_count, 1u);
  std::string wanted = all;
  wanted.erase(wanted.find(lost), lost.size());
  EXPECT_EQ(rest, wanted);
}

TEST_F(SearchTest, GoesOnWhereItEnded) {
  const auto writer = open();
  const auto query = Query::parse({}, error);
  LogPosition position;
  SearchFindings found;
  std::string out;
  const TakeFound take = [&](std::string_view lines) { return out += lines, true; };
  for (uint64_t i = 1; i <= 12; ++i) {
    ASSERT_EQ(writer->append(batch(i, i), kNow), "");
    if (i % 4 == 0) {
      ASSERT_EQ(writer->close(kNow), "");
    }
    ASSERT_EQ(search_log(log, *query, position, take, found), "");
    ASSERT_EQ(out, lines_to(i));
  }
}

TEST_F(SearchTest, QueriesThatCannotBeAreRefused) {
  for (const QueryOptions& options :
       {QueryOptions{.to = "a..b"}, QueryOptions{.to = "exa mple"}, QueryOptions{.action = "denied"},
        QueryOptions{.since = "yesterday"}, QueryOptions{.until = "x"}}) {
    error.clear();
    EXPECT_FALSE(Query::parse(options, error));
    EXPECT_NE(error, "");
  }
}

TEST_F(SearchTest, LineOfRepeatsIsFoundByEveryTimeOfItsSpanAndCounts) {
  const auto writer = open();
  LogBatch batch;
  const auto add = [&](uint64_t number, const std::string& event, int64_t last_ns) {
    const int64_t time_ns = kNow + static_cast<int64_t>(number) * kSecond;
    batch.lines += R"({"@timestamp":")" + utc_text(time_ns) + R"(","event":{"action":"allowed","id":"i")" +
                   event + R"(,"end":")" + utc_text(last_ns) +
                   "\"},\"destination\":{\"domain\":\"a.example\"}}\n";
    batch.note(time_ns, {kBoot, 0, number});
    batch.note_repeat(last_ns, {kBoot, 0, number + 1});
  };
  add(10, R"(,"count":7)", kNow + 40 * kSecond);
  ASSERT_EQ(writer->append(batch, kNow), "");
  const std::string repeated = batch.lines;
  batch = {};
  add(50, "", kNow + 45 * kSecond);  // a flow's end: its last packet came before its time
  ASSERT_EQ(writer->append(batch, kNow), "");
  ASSERT_EQ(writer->close(kNow), "");
  for (const bool indexed : {false, true}) {
    if (indexed) {
      build_indexes();
    }
    const auto found = [&](int64_t since, int64_t until, uint64_t records) {
      SearchFindings findings;
      const std::string out = search({.to = "a.example",
                                      .since = utc_text(kNow + since * kSecond),
                                      .until = utc_text(kNow + until * kSecond)},
                                     &findings);
      EXPECT_EQ(findings.records, records) << since << ' ' << until << ' ' << indexed;
      return out;
    };
    EXPECT_EQ(found(0, 9, 0), "");
    EXPECT_EQ(found(0, 10, 7), repeated);
    EXPECT_EQ(found(20, 30, 7), repeated);
    EXPECT_EQ(found(40, 49, 7), repeated);
    EXPECT_EQ(found(41, 49, 0), "");
    EXPECT_EQ(found(41, 50, 1), batch.lines);
    EXPECT_EQ(found(0, 60, 8), repeated + batch.lines);
  }
}

TEST(Fields, CountIsANumberOfTheEventAlone) {
  const auto count = [](const std::string& line) {
    LineFields fields;
    return read_fields(line, fields) ? fields.count : 0;
  };
  EXPECT_EQ(count(R"({"event":{"count":12,"end":"e"}})"), 12u);
  EXPECT_EQ(count(R"({"source":{"count":12},"count":3,"event":{"a":{"count":4}}})"), 1u);
  for (const char* no_number : {"0", "-1", "1.5", "1e3", "\"2\"", "null", "[2]", "18446744073709551616"}) {
    EXPECT_EQ(count(std::string(R"({"event":{"count":)") + no_number + "}}"), 1u) << no_number;
  }
  EXPECT_EQ(count(R"({"event":{"count":}})"), 0u);
}

TEST(Filters, HaveEveryKeyAndFewOthers) {
  std::mt19937_64 chance(3);
  for (const size_t count : {size_t{0}, size_t{1}, size_t{100}, size_t{50'000}}) {
    std::vector<uint64_t> keys(count);
    for (uint64_t& key : keys) {
      key = chance();
    }
    const auto filter = make_filter(keys);
    EXPECT_TRUE(std::all_of(keys.begin(), keys.end(), [&](uint64_t key) { return filter_has(filter, key); }));
    int wrong = 0;
    for (int i = 0; i < 100'000; ++i) {
      wrong += filter_has(filter, chance());
    }
    EXPECT_LT(wrong, 1'500) << count;
  }
}

TEST(Fields, AreThoseOfTheirPlace) {
  LineFields fields;
  const std::string line =
      R"({"@timestamp":"t","a":[{"source":{"ip":"no"}},"}"],"source":{"x":{"ip":"no"},"ip":"1.2.3.4","ip":"5.6.7.8"},)"
      R"("destination":{"ip":"9.9.9.9","domain":"a.example","n":1.5e3},"rule":{"name":"q\"\\uté"},"user":{"name":"u"},)"
      R"("event":{"action":"allowed","k":null,"kind":"k"},"ip":"no","source":{"ip":"no"}})";
  ASSERT_TRUE(read_fields(line, fields));
  EXPECT_EQ(fields.time, "t");
  EXPECT_EQ(fields.source_ip, "1.2.3.4");
  EXPECT_EQ(fields.destination_ip, "9.9.9.9");
  EXPECT_EQ(fields.domain, "a.example");
  EXPECT_EQ(fields.user, "u");
  EXPECT_EQ(fields.action, "allowed");
  EXPECT_EQ(fields.kind, "k");
  EXPECT_EQ(field_text(R"(a\"b\\c\u00e9)"), "a\"b\\c\xc3\xa9");
  EXPECT_EQ(field_text(R"(\x)"), R"(\x)");
}

TEST(Fields, EndWhereTheirQuoteStandsHoweverFarItIs) {
  LineFields fields;
  for (size_t size = 0; size < 50; ++size) {
    for (const char* end : {"", "\\\"", "\\\\", "\\\\\\\""}) {
      const std::string name = std::string(size, 'n') + end;
      const std::string line = R"({"user":{"name":")" + name + R"("},"rule":{"name":"r"}})";
      ASSERT_TRUE(read_fields(line, fields)) << line;
      EXPECT_EQ(fields.user, name);
      EXPECT_EQ(fields.rule, "r") << line;
      EXPECT_FALSE(read_fields(line.substr(0, 17 + name.size()), fields));
    }
  }
}

TEST(Fields, WhatIsNoLineIsRefusedAndNothingIsReadBeyondIt) {
  const std::string line = R"({"a":"\"","source":{"ip":"1","b":[1,{"c":"}"}]},"d":-1})";
  LineFields fields;
  for (size_t size = 0; size < line.size(); ++size) {
    const std::string cut = line.substr(0, size);
    EXPECT_FALSE(read_fields(std::string_view(cut.data(), cut.size()), fields)) << cut;
  }
  EXPECT_TRUE(read_fields(line, fields));
  for (const char* text : {"", "{", "[]", "{]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "\"", "{\"a\":\"\\"}) {
    EXPECT_FALSE(read_fields(text, fields)) << text;
  }
}

}  // namespace
}  // namespace sluice::control
