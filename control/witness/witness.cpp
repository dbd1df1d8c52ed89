// control/witness: what is new, when to send it, and what was acknowledged.
#include "control/witness/witness.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "control/base/clock.h"
#include "control/base/files.h"
#include "control/base/json_fields.h"
#include "control/base/log_line.h"
#include "control/base/sha256.h"
#include "control/base/utc.h"
#include "control/policy/time_text.h"

namespace sluice::control {

using nlohmann::json;

namespace {

/// Whole seconds of a time as `@timestamp` has it; 0 where it is none.
int64_t seconds_of(const std::string& time) {
  constexpr size_t kWhole = sizeof "2026-11-23T04:05:06" - 1;
  const auto moment = parse_moment(time.substr(0, kWhole) + "Z", TimeZone());
  return moment ? moment->time_since_epoch().count() : 0;
}

}  // namespace

Witness::Witness(std::filesystem::path log, WitnessLimits limits)
    : log_(std::move(log)),
      limits_(std::move(limits)),
      retry_(limits_.first_retry),
      thread_([this] { run(); }) {}

void Witness::set(const LogWitness& witness, const std::string& site) {
  {
    const std::lock_guard lock(mutex_);
    if (witness == witness_ && site == site_) {
      return;
    }
    witness_ = witness;
    site_ = site;
    status_.kind = witness.kind;
    changed_ = true;
  }
  wake_.notify_one();
}

WitnessStatus Witness::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

void Witness::stop() {
  stopping_ = true;
  wake_.notify_one();
  if (thread_.joinable()) {
    thread_.join();
  }
}

void Witness::run() {
  std::unique_lock lock(mutex_);
  std::chrono::milliseconds wait = limits_.first;
  while (!stopping_) {
    // A stop may be said between the look at stopping_ and the wait, which would miss it: so it is a short
    // one.
    constexpr std::chrono::milliseconds kLongestWait{500};
    const auto due = std::chrono::steady_clock::now() + wait;
    while (!stopping_ && !changed_ && std::chrono::steady_clock::now() < due) {
      wake_.wait_for(
          lock, std::min<std::chrono::nanoseconds>(kLongestWait, due - std::chrono::steady_clock::now()));
    }
    if (std::exchange(changed_, false)) {
      retry_ = limits_.first_retry;
      wait = limits_.first;
      continue;
    }
    if (!stopping_) {
      const LogWitness witness = witness_;
      const std::string site = site_;
      lock.unlock();
      wait = turn(witness, site);
      lock.lock();
    }
  }
}

/// Sends what is new. Returns how long to wait before the next time.
std::chrono::milliseconds Witness::turn(const LogWitness& witness, const std::string& site) {
  const Acknowledged before = read_acknowledged(log_);
  Unwitnessed lines;
  std::string why = read_lines(before.line, lines);
  const bool asked = why.empty() && lines.lines.first != 0 && witness.kind != LogWitness::Kind::None;
  if (asked) {
    why = deliver(witness, lines.lines, site, limits_.deliver, stopping_);
    why = why.empty()
              ? write_acknowledged(log_, {lines.lines.last, lines.last_sha256, utc_text(utc_now_ns())})
              : why;
  }
  const bool done = why.empty() && (asked || lines.lines.first == 0);
  std::chrono::milliseconds wait = limits_.every;
  if (!why.empty()) {
    wait = std::min(limits_.every, retry_);
    retry_ *= retry_ < limits_.every ? 2 : 1;
  } else {
    retry_ = limits_.first_retry;
    wait = lines.more && asked ? std::chrono::milliseconds(0) : limits_.every;
  }
  const std::lock_guard lock(mutex_);
  if (!why.empty() && status_.error != why && !stopping_) {
    log_warning("witness: " + why + "; unwitnessed since " + lines.since + ", it is tried again");
  } else if (why.empty() && !status_.error.empty()) {
    log_info("witness: has all lines again");
  }
  status_.delivered += asked && why.empty();
  status_.failed += !why.empty();
  status_.error = why;
  status_.last_line = asked && why.empty() ? lines.lines.last : before.line;
  status_.since = done && !lines.more ? std::string() : lines.since;
  status_.since_s = seconds_of(status_.since);
  return wait;
}

/// The lines behind the acknowledged one, as many as go at once.
std::string Witness::read_lines(uint64_t after, Unwitnessed& out) const {
  std::ifstream in(log_ / "heads.jsonl", std::ios::binary);
  if (!in) {
    return errno_text("cannot read heads.jsonl");
  }
  // A last line without its end is being written.
  for (std::string line; std::getline(in, line) && !in.eof();) {
    const json said = json::parse(line, nullptr, false);
    const uint64_t number = said.is_object() ? number_at(said, "line") : 0;
    if (number <= after) {
      continue;
    }
    if (out.lines.first != 0 && out.lines.text.size() + line.size() >= limits_.most_bytes) {
      out.more = true;
      break;
    }
    if (out.lines.first == 0) {
      out.lines.first = number;
      out.since = text_at(said, "time");
    }
    out.lines.last = number;
    out.lines.text += line + "\n";
    out.last_sha256 = sha256_hex(line);
  }
  return {};
}

}  // namespace sluice::control
