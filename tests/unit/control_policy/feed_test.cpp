// tests: what a policy says of fetched lists, and how their copies come into it.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "control/base/sha256.h"
#include "control/policy/feed_copy.h"
#include "control/policy/feed_url.h"
#include "control/policy/source_files.h"
#include "tests/unit/control_policy/compile_helper.h"

namespace sluice::control::test {
namespace {

namespace fs = std::filesystem;
using Problems = std::vector<std::string>;

const std::string kFeedUse = "\nrules: [{name: r, to: [a], action: block}]\n";
const std::string kNoCopy = "warning: the feed of the list 'a' is left out: no copies are at hand";

std::string list(const std::string& keys) {
  return "lists: {a: {" + keys + "}}" + kFeedUse;
}

struct FeedCase {
  const char* name;
  std::string keys;
  std::string expected;
};

std::string feed_case_name(const testing::TestParamInfo<FeedCase>& info) {
  return info.param.name;
}

class Feed : public testing::TestWithParam<FeedCase> {};

TEST_P(Feed, IsDiagnosedAtItsPlace) {
  const Problems found = problems(list(GetParam().keys));
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found.front(), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Keys, Feed,
    testing::Values(
        FeedCase{"Good", "url: \"https://feeds.example/a\"", "t:1:18: " + kNoCopy},
        FeedCase{"Ftp", "url: \"ftp://u:secret@feeds.example/a\"",
                 "t:1:18: the URL of `url` does not begin with http:// or https://; write "
                 "https://feeds.example/hosts"},
        FeedCase{"Empty", "url: \"\"",
                 "t:1:18: the URL of `url` is empty; write https://feeds.example/hosts"},
        FeedCase{"NoHost", "url: \"https:///a\"",
                 "t:1:18: the URL of `url` has no valid host; write https://feeds.example/hosts"},
        FeedCase{"NoPort", "url: \"https://a.example:70000/\"",
                 "t:1:18: the URL of `url` has no valid port; write https://feeds.example/hosts"},
        FeedCase{
            "Blank", "url: \"https://a.example/a b\"",
            "t:1:18: the URL of `url` has a character that no URL has; write https://feeds.example/hosts"},
        FeedCase{"Fragment", "url: \"https://a.example/#x\"",
                 "t:1:18: the URL of `url` has a fragment; write https://feeds.example/hosts"},
        FeedCase{"Long", "url: \"https://a.example/" + std::string(2000, 'a') + '"',
                 "t:1:18: the URL of `url` is longer than 2000 bytes; write https://feeds.example/hosts"},
        FeedCase{"List", "url: [a]", "t:1:18: `url` is no single value; write https://feeds.example/hosts"},
        FeedCase{"RefreshAlone", "names: [x.example], refresh: 1h",
                 "t:1:42: `refresh` without `url`; write url: https://..., or leave it out"},
        FeedCase{"ChecksumAlone", "names: [x.example], checksum: \"ab\"",
                 "t:1:43: `checksum` without `url`; write url: https://..., or leave it out"},
        FeedCase{"MaxChangeAlone", "names: [x.example], max-change: 5%",
                 "t:1:45: `max-change` without `url`; write url: https://..., or leave it out"},
        FeedCase{
            "RefreshTooShort", "refresh: 4m, url: \"https://a.example/\"",
            "t:1:22: `refresh` cannot be '4m'; write 90s, 10m, 2h or 7d, at least 300s and at most 2592000s"},
        FeedCase{"RefreshTooLong", "refresh: 31d, url: \"https://a.example/\"",
                 "t:1:22: `refresh` cannot be '31d'; write 90s, 10m, 2h or 7d, at least 300s and at most "
                 "2592000s"},
        FeedCase{"ChecksumShort", "checksum: abcd, url: \"https://a.example/\"",
                 "t:1:23: `checksum` has 4 digits; write the 64 of a SHA-256, or the URL of a file that "
                 "sha256sum made"},
        FeedCase{"ChecksumNeither", "checksum: sha256, url: \"https://a.example/\"",
                 "t:1:23: the URL of `checksum` does not begin with http:// or https://; write "
                 "https://feeds.example/hosts.sha256"},
        FeedCase{"MaxChangeNoShare", "max-change: 5, url: \"https://a.example/\"",
                 "t:1:25: `max-change` cannot be '5'; write 50%, at most 1000%"},
        FeedCase{"MaxChangeTooLarge", "max-change: 1001%, url: \"https://a.example/\"",
                 "t:1:25: `max-change` cannot be '1001%'; write 50%, at most 1000%"},
        FeedCase{"UnknownKey", "uri: x", "t:1:13: unknown key 'uri' in a list; did you mean `url`?"}),
    feed_case_name);

TEST(FeedUrl, IsShownWithoutWhatIsSecret) {
  EXPECT_EQ(shown_url("https://user:pass@feeds.example:8443/a/hosts?key=1234"),
            "https://feeds.example:8443/a/hosts?...");
  EXPECT_EQ(shown_url("https://user:p@ss@feeds.example/x@y"), "https://feeds.example/x@y");
  EXPECT_EQ(shown_url("http://[2001:db8::1]/"), "http://[2001:db8::1]/");
  EXPECT_EQ(shown_url("https://feeds.example?key=1234"), "https://feeds.example?...");
}

TEST(FeedUrl, TakesAddressesAndPorts) {
  for (const char* good :
       {"http://192.0.2.1/a", "http://[2001:db8::1]:81", "https://mirror/a?x=%20", "https://u:p@a.example"}) {
    EXPECT_EQ(url_problem(good), "") << good;
  }
  for (const char* bad : {"http://[2001:db8::1", "http://[x]/", "http://a:0/", "http://a:/", "http://-a/",
                          "http://a..example/", "http://u@/", "file:///etc/passwd", "HTTP//"}) {
    EXPECT_NE(url_problem(bad), "") << bad;
  }
}

TEST(FeedCopy, IsReadBackAsWritten) {
  FeedCopy copy{std::string(64, 'a'), 12, 3, "\"tag\"", "Mon, 23 Nov 2026 12:00:00 GMT", 5, 6};
  EXPECT_EQ(parse_feed_copy(feed_copy_text(copy)), copy);
  copy.sha256 = "../../etc/passwd";
  EXPECT_FALSE(parse_feed_copy(feed_copy_text(copy)));
  copy.sha256 = std::string(64, 'a');
  copy.etag = "a\r\nCookie: b";
  EXPECT_FALSE(parse_feed_copy(feed_copy_text(copy)));
}

TEST(FeedCopy, DamagedLinesAreNone) {
  const std::string whole = feed_copy_text({std::string(64, 'a'), 12, 3, "e", "l", 5, 6});
  for (size_t size = 0; size + 2 < whole.size(); ++size) {
    EXPECT_FALSE(parse_feed_copy(whole.substr(0, size))) << size;
  }
  for (const char* text : {"[]", "{}", "{\"sha256\":1}", "null"}) EXPECT_FALSE(parse_feed_copy(text));
}

TEST(FeedSpec, GoesToAnotherProcessAndBack) {
  const FeedSpec spec{"a", ListFormat::Hosts, {"https://u:p@a.example/", 3600, "https://a.example/s", 20}};
  EXPECT_EQ(feed_spec_from(feed_spec_json(spec)), spec);
  nlohmann::json wrong = feed_spec_json(spec);
  wrong["format"] = 99;
  EXPECT_FALSE(feed_spec_from(wrong));
}

struct CopiesTest : testing::Test {
  fs::path directory = fs::temp_directory_path() / ("sluice-copies-" + std::to_string(::getpid()));
  FeedSpec spec{"a", ListFormat::Hosts, {"https://feeds.example/a"}};
  std::string yaml = list("url: \"https://feeds.example/a\", format: hosts");

  CopiesTest() { fs::create_directories(directory); }
  ~CopiesTest() override { fs::remove_all(directory); }

  FeedCopy save(const std::string& text) const {
    const FeedCopy copy{sha256_hex(text), text.size(), 1, {}, {}, 1, 1};
    std::ofstream(feed_text_path(directory, spec, copy)) << text;
    std::ofstream(feed_meta_path(directory, spec, CopyKind::InForce)) << feed_copy_text(copy);
    return copy;
  }
  Compiled compile_it() const {
    const std::vector<SourceText> texts{{"base", std::string(kBase)}, {"t", yaml}};
    const ReadListFile read = [](const std::string& path, std::string& text, std::string& error) {
      return read_file(path, 1'000'000, text, error);
    };
    return compile_texts(texts, "dir", read, 1, {.feeds = directory});
  }
  Problems found() const {
    Problems out;
    for (const Diagnostic& each : compile_it().diagnostics) out.push_back(to_string(each));
    return out;
  }
};

TEST_F(CopiesTest, IsPartOfThePolicy) {
  const FeedCopy copy = save("0.0.0.0 bad.example\n");
  const Compiled compiled = compile_it();
  ASSERT_TRUE(compiled.policy);
  EXPECT_TRUE(compiled.diagnostics.empty());
  EXPECT_EQ(compiled.policy->names, 1u);
  EXPECT_EQ(compiled.policy->sources.back(), feed_text_path(directory, spec, copy).string());
  EXPECT_EQ(compiled.policy->feeds, std::vector<FeedSpec>{spec});
}

TEST_F(CopiesTest, AFeedNeverFetchedIsAWarning) {
  EXPECT_EQ(
      found(),
      Problems{"t:1:18: warning: the feed of the list 'a' has not been fetched yet; it is fetched once the "
               "policy is applied; until then the list is without it"});
}

TEST_F(CopiesTest, AnotherUrlOrFormatIsAnotherFeed) {
  save("0.0.0.0 bad.example\n");
  yaml = list("url: \"https://feeds.example/b\", format: hosts");
  EXPECT_EQ(compile_it().policy->names, 0u);
  yaml = list("url: \"https://feeds.example/a\", format: names");
  EXPECT_EQ(compile_it().policy->names, 0u);
}

TEST_F(CopiesTest, ALostTextIsAnErrorNotAnEmptyList) {
  fs::remove(feed_text_path(directory, spec, save("0.0.0.0 bad.example\n")));
  EXPECT_FALSE(compile_it().policy);
  EXPECT_EQ(found(),
            Problems{"t:1:18: cannot read the copy of the feed of the list 'a': No such file or directory"});
}

TEST_F(CopiesTest, DamagedLinesAboutItAreAnErrorToo) {
  save("0.0.0.0 bad.example\n");
  std::ofstream(feed_meta_path(directory, spec, CopyKind::InForce), std::ios::trunc) << "{";
  EXPECT_EQ(
      found(),
      Problems{
          "t:1:18: the copy of the feed of the list 'a' is damaged; sluicectl feeds refresh replaces it"});
}

TEST_F(CopiesTest, StandsBesideNamesAndFiles) {
  save("0.0.0.0 bad.example\n");
  yaml = list("names: [worse.example], url: \"https://feeds.example/a\", format: hosts");
  EXPECT_EQ(compile_it().policy->names, 2u);
}

}  // namespace
}  // namespace sluice::control::test
