// month: people who come, move and go, and what the registry is told of them.
#pragma once

#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "control/policy/identity_policy.h"
#include "control/registry/registry.h"
#include "tests/model/chance.h"
#include "tests/month/mix.h"
#include "tests/unit/link/fake_shared.h"

namespace sluice::month {

using control::Mac;
using model::Chance;

struct Person {
  Kind kind;
  const char* network;
  std::string name, machine;
  Mac mac = 0;         ///< of their machine
  Mac frames = 0;      ///< what their frames bear
  Address v4{}, v6{};  ///< v6: none where they have none
  bool has_v6 = false, present = false;
  unsigned session = 0, client = 0;  ///< of RADIUS: number of the session, and who tells of it
  size_t stay = 0;  ///< how often they have come: what was planned for an earlier stay is off
};

/// Goes on in time, and tells the registry as DHCP, RADIUS, ARP and ND would.
class World {
 public:
  World(std::filesystem::path directory, int64_t begin_ns, uint64_t seed);

  /// All that happens until then.
  void advance(int64_t to_ns);
  /// Somebody who is there; nobody where there is none.
  const Person* somebody(Chance& chance) const;
  const std::vector<Person>& people() const { return people_; }
  size_t index_of(const Person& person) const { return static_cast<size_t>(&person - people_.data()); }
  control::Registry& registry() { return registry_; }
  /// The policy's `users`.
  std::string users_yaml() const;
  /// What was told, for the summary.
  struct Told {
    uint64_t leases = 0, packets = 0, sightings = 0, looks = 0;
  };
  const Told& told() const { return told_; }

 private:
  enum class What : uint8_t {
    Day,
    Arrive,
    Leave,
    Renew,
    Roam,
    Heard,
    Packet,
    Look
  };
  struct Event {
    int64_t at_ns;
    uint64_t order;
    What what;
    size_t person = 0;
    size_t stay = 0;
    std::vector<uint8_t> packet{};
    unsigned client = 0;
    bool operator>(const Event& other) const {
      return at_ns != other.at_ns ? at_ns > other.at_ns : order > other.order;
    }
  };
  struct Lease {
    Mac mac = 0;
    std::string machine;
    int64_t until_ns = 0;  ///< it rests for kRests then
  };

  void make_people();
  void plan(What what, int64_t at_ns, const Person* person = nullptr);
  void happen(const Event& event);
  void begin_day();
  void begin_stay(Person& person);
  void end_stay(Person& person);
  void let_address(Person& person);
  void renew(Person& person);
  void start_session(Person& person, uint32_t status);
  void stop_session(const Person& person, unsigned session, unsigned client, int64_t at_ns);
  void send(const Person& person, uint32_t status, unsigned session, unsigned client, int64_t at_ns);
  void hear(const Person& person);
  void look_soon();
  void look();
  void set_present(Person& person, bool present);

  const std::filesystem::path directory_;
  Chance chance_;
  int64_t now_ns_;
  control::FakeShared shared_{1, 64};
  control::Registry registry_{[this] { return now_ns_; }};
  std::vector<Person> people_;
  std::vector<size_t> present_;
  std::map<Address, Lease> leases_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  uint64_t order_ = 0;
  bool look_planned_ = false, leases_changed_ = true;
  int64_t leases_changed_ns_;
  unsigned last_session_ = 0;
  Told told_;
};

}  // namespace sluice::month
