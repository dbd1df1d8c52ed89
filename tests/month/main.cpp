// month: makes a month's access log through the registry and the line format, and holds each line against the
// truth.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "control/accesslog/format.h"
#include "control/policy/policy_compiler.h"
#include "control/search/fields.h"
#include "control/segment/writer.h"
#include "tests/month/accesses.h"

namespace sluice::month {
namespace {

using namespace control;
constexpr uint64_t kBoot = 0x20261101;
constexpr size_t kRoomInFrame = size_t{64} << 10;

struct Options {
  uint64_t accesses = 20'000'000, seed = 1;
  std::string month = "2026-11", out, policy;
};

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// What the generator knows of a line.
struct Truth {
  uint16_t person;
  uint8_t why;  ///< NoUser
};

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "month: %s\n", why.c_str());
  std::exit(2);
}

/// A line a time, into frames, into segments.
class Log {
 public:
  Log(const std::filesystem::path& directory, const ImageNames& names, std::vector<std::string> lines)
      : names_(names), lines_(std::move(lines)) {
    std::string error;
    writer_ = SegmentWriter::open(directory / "log", directory / "state", {}, error);
    if (!writer_) give_up(error);
  }
  void add(const Made& made, const Who& who) {
    const Record& record = made.record;
    append_record(batch_.lines, record, made.name,
                  RecordContext{names_,
                                lines_[record.line],
                                event_id(kBoot, 0, record.number),
                                {},
                                nullptr,
                                who.user,
                                who.machine});
    batch_.note(record.time_ns, {kBoot, 0, record.number});
    if (batch_.lines.size() + kRoomInFrame >= kMaxFrameText) flush(record.time_ns);
  }
  void close(int64_t now_ns) {
    flush(now_ns);
    if (const std::string why = writer_->close(now_ns); !why.empty()) give_up(why);
  }

 private:
  void flush(int64_t now_ns) {
    if (batch_.empty()) return;
    if (const std::string why = writer_->append(batch_, now_ns); !why.empty()) give_up(why);
    batch_ = {};
    if (const std::string why = writer_->tick(now_ns); !why.empty()) give_up(why);
  }
  const ImageNames& names_;
  const std::vector<std::string> lines_;
  std::unique_ptr<SegmentWriter> writer_;
  LogBatch batch_;
};

std::string text_of_file(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream out;
  out << file.rdbuf();
  if (!file) give_up(path + " cannot be read");
  return out.str();
}

/// The site's midnight that a month begins with, and how many days it has.
void read_month(const std::string& text, int64_t& begin_ns, unsigned& days) {
  int year = 0;
  unsigned month = 0;
  if (std::sscanf(text.c_str(), "%d-%u", &year, &month) != 2 || month < 1 || month > 12)
    give_up("a month is written as 2026-11");
  const std::chrono::year_month which{std::chrono::year(year), std::chrono::month(month)};
  const auto first = std::chrono::sys_days(which / 1),
             next = std::chrono::sys_days((which + std::chrono::months(1)) / 1);
  begin_ns = std::chrono::seconds(first.time_since_epoch()).count() * kSecond - kClocks;
  days = static_cast<unsigned>((next - first).count());
}

/// How many accesses each minute of the month has, in all of them so many.
std::vector<uint64_t> plan_minutes(uint64_t accesses, int64_t begin_ns, unsigned days) {
  std::vector<double> weights;
  double sum = 0;
  for (unsigned minute = 0; minute < days * 1440; ++minute) {
    const int64_t day = (begin_ns + kClocks) / kDay + minute / 1440;
    const bool weekend = (day + 3) % 7 >= 5;
    weights.push_back(kHours[minute / 60 % 24] / (weekend ? static_cast<double>(kWeekendShare) : 1.0));
    sum += weights.back();
  }
  std::vector<uint64_t> out;
  double due = 0;
  uint64_t planned = 0;
  for (const double weight : weights) {
    due += weight / sum * static_cast<double>(accesses);
    out.push_back(static_cast<uint64_t>(due) - planned);
    planned = static_cast<uint64_t>(due);
  }
  out.back() += accesses - planned;
  return out;
}

/// Makes the month; returns the truth of each line in turn.
std::vector<Truth> make_month(const Options& options, World& world, const ImageNames& names,
                              Accesses& accesses, Log& log, int64_t begin_ns, unsigned days) {
  std::vector<Truth> truth;
  truth.reserve(options.accesses + options.accesses / 2);
  Chance chance(options.seed + 7);
  Who who;
  const auto write = [&](const Made& made) {
    world.registry().attribute(made.record, names.is_shared(made.record.network), who);
    log.add(made, who);
    truth.push_back({static_cast<uint16_t>(made.person), static_cast<uint8_t>(who.why)});
  };
  Made end;
  const std::vector<uint64_t> minutes = plan_minutes(options.accesses, begin_ns, days);
  std::vector<int64_t> times;
  for (size_t minute = 0; minute < minutes.size(); ++minute) {
    const int64_t at_ns = begin_ns + static_cast<int64_t>(minute) * kMinute;
    times.clear();
    for (uint64_t i = 0; i < minutes[minute]; ++i)
      times.push_back(at_ns + static_cast<int64_t>(chance.below(kMinute / 1000)) * 1000);
    std::sort(times.begin(), times.end());
    for (const int64_t time_ns : times) {
      while (accesses.next_end(time_ns, end)) {
        world.advance(end.record.time_ns);
        write(end);
      }
      world.advance(time_ns);
      if (const Person* const person = world.somebody(chance)) write(accesses.make(world, *person, time_ns));
    }
    if (minute % 1440 == 1439)
      std::fprintf(stderr, "month: day %zu of %u, %zu lines\n", minute / 1440 + 1, days, truth.size());
  }
  while (accesses.next_end(INT64_MAX, end)) write(end);
  return truth;
}

/// Reads the log back. Returns whether no name is wrong.
bool hold_against(const std::filesystem::path& directory, const std::vector<Truth>& truth,
                  const std::vector<Person>& people) {
  std::string error;
  uint64_t line = 0, right = 0, wrong = 0, unread = 0;
  std::array<uint64_t, kNoUserCount> empty{};
  std::array<std::array<uint64_t, 2>, std::size(kPeople)> by_kind{};  // [kind][named]
  for (const SegmentFile& file : list_segments(directory / "log", error)) {
    const auto reader = SegmentReader::open(file.path, error);
    if (!reader) give_up(error);
    SegmentReader::Step step;
    while ((step = reader->next()) == SegmentReader::Step::Frame) {
      std::string_view rest = reader->lines();
      for (; !rest.empty(); ++line) {
        const size_t end = rest.find('\n');
        LineFields fields;
        if (line >= truth.size() || !read_fields(rest.substr(0, end), fields)) {
          ++unread;
        } else {
          const Person& person = people[truth[line].person];
          const std::string user = field_text(fields.user);
          by_kind[static_cast<size_t>(person.kind)][user.empty() ? 0 : 1] += 1;
          if (user.empty()) {
            ++empty[truth[line].why];
          } else {
            (user == person.name && person.kind != Kind::Terminal && person.kind != Kind::Visitor ? right
                                                                                                  : wrong) +=
                1;
          }
        }
        rest.remove_prefix(end + 1);
      }
    }
    if (step == SegmentReader::Step::Damaged) give_up(reader->why());
  }
  if (!error.empty()) give_up(error);
  static constexpr const char* kKinds[] = {"desk",     "wireless", "fixed",  "branch",
                                           "terminal", "shift",    "visitor"};
  std::printf("lines             %lu of %zu read, %lu not\n", line, truth.size(), unread);
  std::printf("right names       %lu, %.2f %%\n", right,
              100.0 * static_cast<double>(right) / static_cast<double>(line));
  std::printf("wrong names       %lu\n", wrong);
  for (size_t i = 1; i < kNoUserCount; ++i)
    std::printf("empty, %-10s %lu\n", std::string(kNoUserWords[i]).c_str(), empty[i]);
  for (size_t i = 0; i < std::size(kPeople); ++i)
    std::printf("  %-15s %lu named, %lu not\n", kKinds[i], by_kind[i][1], by_kind[i][0]);
  return wrong == 0 && unread == 0 && line == truth.size() && empty[0] == 0;
}

int run(const Options& options) {
  const std::filesystem::path out = options.out;
  std::filesystem::create_directories(out / "policies");
  if (std::filesystem::exists(out / "log")) give_up((out / "log").string() + " is there already");
  int64_t begin_ns = 0;
  unsigned days = 0;
  read_month(options.month, begin_ns, days);
  World world(out, begin_ns, options.seed);
  std::ofstream(out / "policies/month.yaml") << text_of_file(options.policy);
  std::ofstream(out / "policies/users.yaml") << world.users_yaml();
  Compiled compiled = compile_policy(out / "policies", 1);
  for (const Diagnostic& each : compiled.diagnostics)
    if (each.severity == Severity::Error) std::fprintf(stderr, "%s\n", to_string(each).c_str());
  const auto names = compiled.policy ? ImageNames::read(compiled.policy->image()) : std::nullopt;
  if (!names) give_up("the policy is not valid");
  const std::vector<std::string> lines = {"iplc-sg", "iplc-de"};
  Accesses accesses(*names, lines, options.seed + 3);
  std::vector<Truth> truth;
  double began = seconds_now();
  {
    Log log(out, *names, lines);
    truth = make_month(options, world, *names, accesses, log, begin_ns, days);
    log.close(begin_ns + days * kDay + kHour);
  }
  const double made = seconds_now() - began;
  std::ofstream kept(out / "truth.bin", std::ios::binary);
  for (const Truth& each : truth) kept.write(reinterpret_cast<const char*>(&each.person), sizeof each.person);
  kept.close();
  std::ofstream persons(out / "truth.names");
  for (const Person& each : world.people()) persons << each.name << '\n';
  const World::Told& told = world.told();
  std::printf("month             %s, %lu accesses of %zu people, %zu lines\n", options.month.c_str(),
              options.accesses, world.people().size(), truth.size());
  std::printf("told              %lu leases, %lu RADIUS packets, %lu sightings, in %lu looks\n", told.leases,
              told.packets, told.sightings, told.looks);
  const Registry::Figures figures = world.registry().figures();
  for (size_t i = 1; i < kRefusedCount; ++i)
    if (figures.refused[i] != 0)
      std::printf("refused, %-8s %lu\n", std::string(kRefusedWords[i]).c_str(), figures.refused[i]);
  std::printf("made in           %.1f s, %.0f lines a second\n", made,
              static_cast<double>(truth.size()) / made);
  began = seconds_now();
  const bool good = hold_against(out, truth, world.people());
  std::printf("read back in      %.1f s\n", seconds_now() - began);
  std::printf("%s - no wrong name in a month\n", good ? "ok" : "not ok");
  return good ? 0 : 1;
}

}  // namespace
}  // namespace sluice::month

int main(int argc, char** argv) {
  sluice::month::Options options;
  CLI::App app("Makes a month of accesses of 300 people and says whether any bears a wrong name.", "month");
  app.add_option("--accesses", options.accesses, "How many")->capture_default_str();
  app.add_option("--month", options.month, "Which")->capture_default_str();
  app.add_option("--out", options.out, "Directory; log/ and policies/ in it stay")->required();
  app.add_option("--policy", options.policy, "tests/month/policy.yaml")->required();
  app.add_option("--seed", options.seed)->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  return sluice::month::run(options);
}
