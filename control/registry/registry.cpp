// control/registry: joins what knows people, looks at it, keeps it.
#include "control/registry/registry.h"

#include <sys/random.h>

#include <algorithm>
#include <utility>

#include "control/base/clock.h"
#include "control/base/log_line.h"
#include "control/policy/prefix.h"
#include "control/registry/kept_json.h"
#include "control/registry/leases.h"
#include "control/registry/state.h"
#include "control/registry/table.h"

namespace sluice::control {
namespace {

using nlohmann::json;
constexpr std::chrono::seconds kLookEvery{1};
constexpr int64_t kRegistrySecondNs = 1'000'000'000, kMsInNs = 1'000'000;
/// What begins or goes on is kept so often; what ends at the next look, or a restart would bring it back.
constexpr int64_t kSaveEveryNs = 30 * kRegistrySecondNs, kPruneEveryNs = 600 * kRegistrySecondNs;
constexpr const char* kStateFile = "identity.json";

uint64_t hash_seed() {
  uint64_t out = 0;
  (void)::getrandom(&out, sizeof out, 0);
  return out;
}

std::vector<SaidHolding> said_of(const std::vector<IdentityUser>& users, int64_t from_ns) {
  std::vector<SaidHolding> out;
  for (const IdentityUser& user : users) {
    for (const Address& address : user.addresses) {
      SaidHolding each{{address, 0}, {}, false};
      each.holding.from_ns = from_ns;
      each.holding.user = user.name;
      each.holding.source = HoldingSource::Users;
      out.push_back(std::move(each));
    }
  }
  return out;
}

/// Times come from another process: they may be any.
int64_t began_ns(const Record& record) {
  if (record.ended == Ended::No) return record.time_ns;
  const int64_t before_ns = (int64_t{record.end.duration_ms} + record.end.idle_ms) * kMsInNs;
  int64_t out = 0;
  return __builtin_sub_overflow(record.time_ns, before_ns, &out) ? record.time_ns : out;
}

}  // namespace

Registry::Registry(const std::filesystem::path& state)
    : state_(state / kStateFile), clock_(utc_now_ns), store_(hash_seed()) {
  restore();
  look();
  thread_ = std::thread([this] { run(); });
}

Registry::Registry(ClockFunction clock) : clock_(std::move(clock)), store_(hash_seed()) {}

Registry::~Registry() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
  save(clock_(), true);
}

void Registry::set(const IdentityPolicy& identity) {
  {
    const std::lock_guard lock(mutex_);
    if ((pending_ ? *pending_ : policy_) == identity) return;
    pending_ = identity;
  }
  wake_.notify_one();
}

void Registry::set_region(std::shared_ptr<SharedRegion> region) {
  const std::lock_guard lock(mutex_);
  region_ = std::move(region);
}

void Registry::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    wake_.wait_for(lock, kLookEvery, [this] { return stopping_ || pending_; });
    lock.unlock();
    look();
    lock.lock();
  }
}

void Registry::look() {
  const int64_t now_ns = clock_();
  std::optional<IdentityPolicy> identity;
  {
    const std::lock_guard lock(mutex_);
    identity = std::exchange(pending_, std::nullopt);
  }
  if (identity) apply(*identity, now_ns);
  for (Source& each : sources_) read_source(each, now_ns);
  poll_neighbours(now_ns);
  if (now_ns - pruned_ns_ >= kPruneEveryNs || now_ns < pruned_ns_) {
    const std::lock_guard lock(mutex_);
    pruned_ns_ = now_ns;
    store_.prune(now_ns);
    sessions_.prune(now_ns);
  }
  save(now_ns, false);
}

/// A name keeps its number, so what a file said is still its own when others come or go.
uint8_t Registry::origin_of(const std::string& name) {
  const auto found = std::ranges::find(origins_, name);
  const size_t at = static_cast<size_t>(found - origins_.begin());
  if (found == origins_.end() && at <= UINT8_MAX) origins_.push_back(name);
  return static_cast<uint8_t>(std::min<size_t>(at, UINT8_MAX));
}

void Registry::apply(const IdentityPolicy& identity, int64_t now_ns) {
  const std::lock_guard lock(mutex_);
  std::vector<Source> sources;
  const bool always = !users_set_;
  if (!identity.table.empty()) {
    sources.push_back({{.name = "table", .pattern = identity.table, .problems = {}},
                       {},
                       true,
                       always,
                       0,
                       WatchedFiles(identity.table)});
  }
  for (const IdentityLeases& each : identity.leases) {
    sources.push_back({{.name = each.name, .pattern = each.file, .problems = {}},
                       each,
                       false,
                       always,
                       origin_of(each.name),
                       WatchedFiles(each.file)});
  }
  // What stays as it was is not read again; what a file said that the policy does not name any more ends.
  const bool same_reading =
      taken_.lease_max_age_s == identity.lease_max_age_s && taken_.timezone == identity.timezone;
  for (Source& before : sources_) {
    const auto after =
        std::ranges::find_if(sources, [&](const Source& each) { return each.reads_as(before); });
    if (after != sources.end() && same_reading) {
      *after = std::move(before);
    } else if (after == sources.end()) {
      store_.replace(before.is_table ? HoldingSource::Table : HoldingSource::Lease, before.origin, {}, true,
                     now_ns);
    }
  }
  sources_ = std::move(sources);
  store_.replace(HoldingSource::Users, 0,
                 said_of(identity.users, std::exchange(users_set_, true) ? now_ns : Holding::kAlways), true,
                 now_ns);
  if (!identity.neighbours)
    for (const HoldingStore::Found& each : store_.all_of(HoldingSource::Neighbour))
      store_.end(each.key, HoldingSource::Neighbour, 0, {}, now_ns);
  policy_ = taken_ = identity;
  changed_ = ended_ = true;
  statuses_.clear();
  for (const Source& each : sources_) statuses_.push_back(each.status);
}

void Registry::read_source(Source& source, int64_t now_ns) {
  std::vector<FileText> texts;
  std::string error;
  if (!source.files.look(texts, error)) return;
  const bool always = std::exchange(source.always, false);
  ReadProblems problems;
  bool whole = error.empty();
  std::vector<SaidHolding> said;
  if (!whole) problems.said.push_back(error), ++problems.count;
  if (source.is_table) {
    for (const FileText& each : texts) {
      const auto zone = TimeZone::find(taken_.timezone);
      TableFile table = read_table(each.text, zone ? *zone : TimeZone(), always ? Holding::kAlways : now_ns);
      said = std::move(table.said);
      problems = std::move(table.problems);
    }
  } else {
    std::vector<LeaseEvent> events;
    for (const FileText& each : texts) {
      LeaseReading reading{each.written_ns, int64_t{taken_.lease_max_age_s} * kRegistrySecondNs,
                           TimeZone::find(source.leases.timezone).value_or(TimeZone())};
      LeaseFile file = read_leases(source.leases.format, each.text, reading);
      if (file.cut) file.problems.add(0, "its end is missing: it is being written, or was cut off");
      whole = whole && !file.cut;
      for (const std::string& one : file.problems.said)
        problems.said.push_back(texts.size() == 1 ? one : each.path + ": " + one);
      problems.count += file.problems.count;
      std::ranges::move(file.events, std::back_inserter(events));
    }
    if (problems.said.size() > kMaxReadProblems) problems.said.resize(kMaxReadProblems);
    said = lease_periods(std::move(events), source.origin);
  }
  for (const std::string& each : problems.said)
    log_warning("identity: " + source.status.name + ", " + source.files.pattern() + ": " + each);
  counts_.read_problems.fetch_add(problems.count, std::memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  store_.replace(source.is_table ? HoldingSource::Table : HoldingSource::Lease, source.origin, said, whole,
                 now_ns);
  source.status.held = said.size();
  source.status.problems = std::move(problems.said);
  source.status.problem_count = problems.count;
  for (IdentityFileStatus& each : statuses_)
    if (each.name == source.status.name && each.pattern == source.status.pattern) each = source.status;
}

void Registry::poll_neighbours(int64_t now_ns) {
  std::shared_ptr<SharedRegion> region;
  {
    const std::lock_guard lock(mutex_);
    region = region_;
  }
  if (!region || !taken_.neighbours) return;
  if (neighbour_boot_ != region->boot()) neighbour_writes_.clear();
  neighbour_boot_ = region->boot();
  uint64_t overwritten = 0;
  for (size_t worker = 0; worker < region->worker_count(); ++worker) {
    const NeighbourTable& table = region->stats(worker).neighbours;
    overwritten += table.overwritten.get();
    const uint64_t written = table.written.get();
    if (std::exchange(neighbour_writes_[worker], written) == written) continue;
    for (const NeighbourSlot& slot : table.slots) {
      Neighbour seen;
      // Its clock is this machine's: what is older is known, or is a data plane's of yesterday.
      if (!slot.read(seen) || seen.seen_ns < now_ns - kNeighbourHoldsNs ||
          seen.seen_ns > now_ns + kClockSlackNs)
        continue;
      const std::lock_guard lock(mutex_);
      Holding holding{.from_ns = seen.seen_ns, .until_ns = seen.seen_ns + kNeighbourHoldsNs};
      holding.mac = mac_of(seen.mac);
      holding.source = HoldingSource::Neighbour;
      if (store_.note_sighting(holding.mac, seen.address, seen.seen_ns)) continue;
      (void)store_.add({seen.address, 0}, holding, now_ns);
      changed_ = true;
    }
  }
  counts_.overwritten.store(overwritten, std::memory_order_relaxed);
}

void Registry::attribute(const Record& record, bool shared, Who& who) {
  const bool inbound = record.direction == Direction::Inbound;
  HoldingStore::Asked asked{inbound ? record.destination : record.source, inbound ? 0 : mac_of(record.mac),
                            began_ns(record), shared};
  {
    const std::lock_guard lock(mutex_);
    store_.who(asked, who);
  }
  counts_.records[static_cast<size_t>(who.why)].fetch_add(1, std::memory_order_relaxed);
  if (!who.machine.empty()) counts_.machines.fetch_add(1, std::memory_order_relaxed);
}

uint64_t Registry::take(const Address& client, const RadiusRequest& request) {
  const std::lock_guard lock(mutex_);
  const uint32_t max_age_s = policy_.radius ? policy_.radius->max_age_s : IdentityRadius::kDefaultMaxAgeS;
  const bool ended = sessions_.take(client, request, int64_t{max_age_s} * kRegistrySecondNs, clock_());
  ends_ += ended;
  ended_ = ended_ || ended;
  changed_ = true;
  const bool goes_on = request.status == RadiusStatus::Start || request.status == RadiusStatus::Interim;
  return goes_on && !ended ? 0 : ends_;
}

Registry::Figures Registry::figures() const {
  const std::lock_guard lock(mutex_);
  Figures out;
  for (size_t i = 0; i < kHoldingSourceCount; ++i) out.held[i] = store_.held(static_cast<HoldingSource>(i));
  for (size_t i = 0; i < kRefusedCount; ++i) out.refused[i] = store_.refused(static_cast<Refused>(i));
  out.sessions = sessions_.size();
  return out;
}

std::vector<IdentityFileStatus> Registry::files() const {
  const std::lock_guard lock(mutex_);
  return statuses_;
}

/// stopping: there is no other thread any more.
void Registry::save(int64_t now_ns, bool stopping) {
  if (state_.empty()) return;
  json value;
  uint64_t ends = 0;
  {
    const std::lock_guard lock(mutex_);
    const bool due = ended_ || now_ns - saved_ns_ >= kSaveEveryNs || now_ns < saved_ns_ || stopping;
    if (!changed_ || !due) return;
    value = {{"version", 1}, {"policy", identity_policy_json(policy_)}, {"sessions", sessions_.to_json()}};
    json& holdings = value["holdings"] = json::array();
    for (const HoldingSource source : {HoldingSource::Api, HoldingSource::Radius, HoldingSource::Neighbour})
      for (const HoldingStore::Found& each : store_.all_of(source)) holdings.push_back(kept_holding(each));
    changed_ = ended_ = false;
    ends = ends_;
  }
  saved_ns_ = now_ns;
  const std::string error = keep_state(state_, value);
  if (error.empty()) {
    kept_.store(ends, std::memory_order_release);
  } else {
    const std::lock_guard lock(mutex_);
    changed_ = ended_ = true;
    counts_.save_errors.fetch_add(1, std::memory_order_relaxed);
  }
  if (!error.empty() && !std::exchange(complained_, true))
    log_error("identity: what is known of people is not kept: " + error);
  complained_ = complained_ && !error.empty();
}

void Registry::restore() {
  std::string problem;
  const auto value = read_state(state_, problem);
  if (value) {
    try {
      std::optional<IdentityPolicy> policy = identity_policy_from(value->at("policy"));
      std::vector<HoldingStore::Found> found;
      for (const json& each : value->at("holdings")) found.push_back(holding_from_kept(each));
      if (value->at("version") != 1 || !policy || !sessions_.restore(value->at("sessions"))) {
        throw json::other_error::create(501, "none of ours", nullptr);
      }
      const int64_t now_ns = clock_();
      for (const HoldingStore::Found& each : found) (void)store_.add(each.key, each.holding, now_ns);
      pending_ = std::move(policy);
    } catch (const json::exception&) {
      problem = set_state_aside(state_, "is none of ours");
    }
  }
  if (problem.empty()) return;
  counts_.state_set_aside.fetch_add(1, std::memory_order_relaxed);
  log_error("identity: sessions and bindings of before are lost: " + problem);
}

}  // namespace sluice::control
