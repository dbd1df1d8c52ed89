// month: what happens.
#include "tests/month/world.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "control/policy/prefix.h"
#include "tests/unit/registry/radius_maker.h"

namespace sluice::month {
namespace {

using control::Prefix;
constexpr std::string_view kSecret = "month";
constexpr Mac kFirstMac = 0x02'00'00'01'00'00, kRouterMac = 0x02'00'00'ff'00'01,
              kTerminalMac = 0x02'00'00'fe'00'01;
constexpr size_t kPool = 254;

Address v4(uint32_t number) {
  const uint8_t bytes[] = {static_cast<uint8_t>(number >> 24), static_cast<uint8_t>(number >> 16),
                           static_cast<uint8_t>(number >> 8), static_cast<uint8_t>(number)};
  return Address::from_v4(bytes);
}
constexpr uint32_t dotted(uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
  return a << 24 | b << 16 | c << 8 | d;
}

/// Of the pool that a kind's addresses are let from.
uint32_t pool_of(Kind kind) {
  switch (kind) {
    case Kind::Wireless:
      return dotted(10, 20, 4, 0);
    case Kind::Branch:
      return dotted(10, 30, 0, 0);
    case Kind::Visitor:
      return dotted(10, 20, 12, 0);
    default:
      return dotted(10, 20, 0, 0);
  }
}

bool is_let(Kind kind) {
  return kind != Kind::Fixed && kind != Kind::Terminal;
}

std::string text_of(const Address& address) {
  return control::to_string(Prefix{address, 128});
}

std::array<uint8_t, 6> bytes_of(Mac mac) {
  std::array<uint8_t, 6> out{};
  for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<uint8_t>(mac >> (40 - 8 * i));
  return out;
}

Address client_address(unsigned client) {
  return v4(dotted(10, 20, 255, 1 + client));
}
constexpr unsigned kClients = 8;  ///< access points and switches

}  // namespace

World::World(std::filesystem::path directory, int64_t begin_ns, uint64_t seed)
    : directory_(std::move(directory)), chance_(seed), now_ns_(begin_ns), leases_changed_ns_(begin_ns) {
  make_people();
  control::IdentityPolicy identity;
  identity.table = directory_ / "people.csv";
  identity.leases = {{"lan", directory_ / "leases", control::LeaseFormat::Dnsmasq, ""}};
  std::ofstream table(identity.table);
  table << "address,user,machine\n";
  for (const Person& each : people_) {
    if (each.kind == Kind::Desk || each.kind == Kind::Branch)
      table << control::mac_text(each.mac) << ',' << each.name << ",\n";
    if (each.kind == Kind::Fixed) identity.users.push_back({each.name, {each.v4}});
  }
  table << text_of(v4(dotted(10, 20, 240, 5))) << ",,citrix-1\n";
  table.close();
  registry_.set(identity);
  std::string error;
  registry_.set_region(control::SharedRegion::map(shared_.fd.get(), error));
  look();
  plan(What::Day, begin_ns);
}

void World::make_people() {
  size_t number = 0;
  for (const Share& share : kPeople) {
    for (size_t i = 0; i < share.people; ++i, ++number) {
      Person person{share.kind, share.network, "p" + std::to_string(number), "pc-" + std::to_string(number)};
      person.mac = kFirstMac + number;
      if (share.kind == Kind::Shift) {
        person.mac = kFirstMac + number - i % 2;  // two at one machine
        person.machine = "shift-" + std::to_string(i / 2);
      }
      person.frames = share.kind == Kind::Branch ? kRouterMac : person.mac;
      if (share.kind == Kind::Fixed) person.v4 = v4(dotted(10, 20, 8, 10 + static_cast<uint32_t>(i)));
      if (share.kind == Kind::Terminal) {
        person.v4 = v4(dotted(10, 20, 240, 5));
        person.mac = person.frames = kTerminalMac;
      }
      people_.push_back(std::move(person));
    }
  }
}

std::string World::users_yaml() const {
  std::string out = "users:\n";
  for (const Person& each : people_)
    if (each.kind == Kind::Fixed) out += "  " + each.name + ": {addresses: [" + text_of(each.v4) + "]}\n";
  return out;
}

void World::plan(What what, int64_t at_ns, const Person* person) {
  Event event{std::max(at_ns, now_ns_), ++order_, what};
  if (person != nullptr) {
    event.person = index_of(*person);
    event.stay = person->stay;
  }
  events_.push(std::move(event));
}

void World::advance(int64_t to_ns) {
  while (!events_.empty() && events_.top().at_ns <= to_ns) {
    const Event event = events_.top();
    events_.pop();
    now_ns_ = event.at_ns;
    happen(event);
  }
  now_ns_ = to_ns;
}

void World::happen(const Event& event) {
  Person& person = people_[event.person];
  const bool still = person.present && person.stay == event.stay;
  switch (event.what) {
    case What::Day:
      return begin_day();
    case What::Arrive:
      return person.present ? void() : begin_stay(person);
    case What::Leave:
      return person.present ? end_stay(person) : void();
    case What::Renew:
      return still ? renew(person) : void();
    case What::Roam:
      if (still) {
        // The new access point tells first.
        const unsigned session = person.session, client = person.client;
        person.client = (client + 1 + static_cast<unsigned>(chance_.below(kClients - 1))) % kClients;
        start_session(person, 1);
        stop_session(person, session, client, now_ns_ + static_cast<int64_t>(chance_.below(kBothSessions)));
      }
      return;
    case What::Heard:
      return still ? hear(person) : void();
    case What::Packet: {
      control::RadiusRequest request;
      if (control::read_radius(event.packet, kSecret, request) != control::RadiusProblem::None)
        throw std::runtime_error("a packet of ours is not read");
      (void)registry_.take(client_address(event.client), request);
      ++told_.packets;
      return;
    }
    case What::Look:
      return look();
  }
}

/// By the site's clocks.
void World::begin_day() {
  const int64_t midnight = now_ns_;
  const int64_t day = (midnight + kClocks) / kDay;
  const bool weekend = (day + 3) % 7 >= 5;  // 1970-01-01 was a Thursday
  size_t shift = 0;
  for (const Person& each : people_) {
    const auto about = [&](int64_t time) {
      return midnight + time - kGiveOrTake + static_cast<int64_t>(chance_.below(2 * kGiveOrTake));
    };
    if (each.kind == Kind::Terminal) {
      plan(What::Arrive, midnight, &each);
    } else if (each.kind == Kind::Shift) {
      const bool second = shift++ % 2 == 1;
      const int64_t change = midnight + 15 * kHour;
      const auto overlap = static_cast<int64_t>(chance_.below(kShiftsOverlap));
      plan(What::Arrive, second ? change : midnight + 7 * kHour, &each);
      plan(What::Leave, second ? midnight + 23 * kHour : change + overlap, &each);
    } else if (chance_.below(100) < (weekend ? kWorksOnWeekend : kWorksOnWeekday)) {
      plan(What::Arrive, about(kArrives), &each);
      plan(What::Leave, about(kLeaves), &each);
    }
  }
  plan(What::Day, midnight + kDay);
}

void World::set_present(Person& person, bool present) {
  person.present = present;
  const size_t index = index_of(person);
  if (present) {
    present_.push_back(index);
  } else {
    present_.erase(std::find(present_.begin(), present_.end(), index));
  }
}

void World::begin_stay(Person& person) {
  ++person.stay;
  set_present(person, true);
  if (is_let(person.kind)) let_address(person);
  person.has_v6 = person.kind == Kind::Desk || person.kind == Kind::Wireless;
  if (person.has_v6) {
    const uint8_t net = person.kind == Kind::Desk ? 0x20 : 0x24;
    person.v6 = {};
    const uint8_t head[] = {0xfd, 0x12, 0x34, 0x56, 0x00, net};
    std::copy(std::begin(head), std::end(head), person.v6.bytes.begin());
    for (size_t i = 8; i < 16; ++i) person.v6.bytes[i] = static_cast<uint8_t>(chance_.next());
  }
  if (person.kind == Kind::Wireless || person.kind == Kind::Shift) {
    person.client = static_cast<unsigned>(chance_.below(kClients));
    start_session(person, 1);
  }
  if (person.kind == Kind::Wireless)
    for (size_t i = 0; i < kRoams; ++i)
      plan(What::Roam, now_ns_ + static_cast<int64_t>(chance_.below(9 * kHour)), &person);
  hear(person);
}

void World::end_stay(Person& person) {
  if (person.kind == Kind::Terminal) return;
  set_present(person, false);
  if (person.kind == Kind::Shift) {
    stop_session(person, person.session, person.client, now_ns_);
  } else if (person.kind == Kind::Wireless) {
    const size_t how = chance_.below(100);
    if (how >= kStopsNever) {
      const bool late = how < kStopsNever + kStopsLate;
      stop_session(person, person.session, person.client,
                   now_ns_ + (late ? static_cast<int64_t>(chance_.below(kLatest)) : 0));
    }
  }
  const auto lease = leases_.find(person.v4);
  if (person.kind != Kind::Shift && lease != leases_.end() && lease->second.mac == person.mac &&
      chance_.below(100) < kReleases) {
    lease->second.until_ns = now_ns_;
    leases_changed_ = true;
    leases_changed_ns_ = now_ns_;
    look_soon();
  }
}

/// The address that the machine has, or one that nobody has.
void World::let_address(Person& person) {
  const uint32_t pool = pool_of(person.kind);
  const auto is_free = [&](const Address& address) {
    const auto found = leases_.find(address);
    return found == leases_.end() || found->second.until_ns + kRests <= now_ns_;
  };
  const auto had = std::find_if(leases_.begin(), leases_.end(), [&](const auto& each) {
    return each.second.mac == person.mac && each.second.until_ns > now_ns_;
  });
  if (had != leases_.end()) {
    person.v4 = had->first;
  } else {
    do {
      person.v4 = v4(pool + 1 + static_cast<uint32_t>(chance_.below(kPool)));
    } while (!is_free(person.v4));
  }
  renew(person);
}

void World::renew(Person& person) {
  leases_[person.v4] = {person.mac, person.machine, now_ns_ + kLease};
  leases_changed_ = true;
  leases_changed_ns_ = now_ns_;
  ++told_.leases;
  look_soon();
  plan(What::Renew, now_ns_ + kLease / 2, &person);
  if (person.session != 0 && person.kind == Kind::Wireless) start_session(person, 3);
}

void World::send(const Person& person, uint32_t status, unsigned session, unsigned client, int64_t at_ns) {
  control::RadiusMaker packet;
  packet.number(40, status).add(1, person.name).add(44, "s" + std::to_string(session));
  packet.add(31, control::mac_text(person.mac));
  if (person.kind == Kind::Wireless)
    packet.add(8, {reinterpret_cast<const char*>(person.v4.bytes.data()) + 12, 4});
  Event event{std::max(at_ns, now_ns_), ++order_, What::Packet};
  event.packet = packet.build(kSecret);
  event.client = client;
  events_.push(std::move(event));
}

void World::start_session(Person& person, uint32_t status) {
  if (status == 1) person.session = ++last_session_;
  send(person, status, person.session, person.client, now_ns_);
}

void World::stop_session(const Person& person, unsigned session, unsigned client, int64_t at_ns) {
  send(person, 2, session, client, at_ns);
}

void World::hear(const Person& person) {
  Neighbour seen{person.v4, {}, kNoVlan, now_ns_};
  const auto mac = bytes_of(person.mac);
  std::copy(mac.begin(), mac.end(), seen.mac);
  if (person.kind != Kind::Branch && person.kind != Kind::Terminal) {
    shared_.stats().neighbours.note(seen);
    ++told_.sightings;
    // The same address is heard of in each stay, or in none.
    if (person.has_v6 && person.v6.bytes[15] % 100 < kNdHeard) {
      seen.address = person.v6;
      shared_.stats().neighbours.note(seen);
    }
    look_soon();
  }
  plan(What::Heard, now_ns_ + kHeardEvery, &person);
}

/// Once a second at most, on the second.
void World::look_soon() {
  if (look_planned_) return;
  look_planned_ = true;
  plan(What::Look, (now_ns_ / kSecond + 1) * kSecond);
}

void World::look() {
  look_planned_ = false;
  if (leases_changed_) {
    const std::filesystem::path path = directory_ / "leases", written = directory_ / "leases.new";
    std::ofstream file(written);
    for (const auto& [address, lease] : leases_)
      if (lease.until_ns > now_ns_) {
        std::string mac = control::mac_text(lease.mac);
        std::replace(mac.begin(), mac.end(), '-', ':');
        file << lease.until_ns / kSecond << ' ' << mac << ' ' << text_of(address) << ' ' << lease.machine
             << " *\n";
      }
    file.close();
    const timespec times[2] = {{0, UTIME_OMIT}, {leases_changed_ns_ / kSecond, leases_changed_ns_ % kSecond}};
    if (::utimensat(AT_FDCWD, written.c_str(), times, 0) != 0) throw std::runtime_error("utimensat");
    std::filesystem::rename(written, path);
    leases_changed_ = false;
  }
  registry_.look();
  ++told_.looks;
}

const Person* World::somebody(Chance& chance) const {
  return present_.empty() ? nullptr : &people_[present_[chance.below(present_.size())]];
}

}  // namespace sluice::month
