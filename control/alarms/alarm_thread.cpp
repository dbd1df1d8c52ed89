// control/alarms: reads, counts, writes down, tells.
#include "control/alarms/alarm_thread.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "control/base/clock.h"
#include "control/base/files.h"
#include "control/base/json_fields.h"
#include "control/base/log_line.h"
#include "control/base/utc.h"

namespace sluice::control {
namespace {

using nlohmann::json;
constexpr int kLeastPriority = 19;
constexpr size_t kMaxStateFile = size_t{64} << 20;

}  // namespace

AlarmThread::AlarmThread(std::filesystem::path log, const std::filesystem::path& state, AlarmLimits limits)
    : log_(std::move(log)),
      file_(state / "alarms.json"),
      limits_(std::move(limits)),
      segments_(log_),
      cursor_(segments_, [](const CursorNews&) {}),  // whoever reads the log tells of its faults
      delivery_(limits_.delivery) {
  thread_ = std::thread([this] { run(); });
}

AlarmThread::~AlarmThread() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void AlarmThread::set(const AlarmPolicy& policy, const std::string& site) {
  const std::lock_guard lock(mutex_);
  policy_ = policy;
  site_ = site;
  policy_known_ = true;
}

void AlarmThread::set_gateway(const GatewayState& gateway) {
  const std::lock_guard lock(mutex_);
  gateway_ = gateway;
}

AlarmStatus AlarmThread::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

void AlarmThread::run() {
  // Linux gives each thread a priority of its own.
  [[maybe_unused]] const int unchanged =
      ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kLeastPriority);
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (policy_known_) {
      lock.unlock();
      turn();
      lock.lock();
    }
    wake_.wait_for(lock, limits_.every, [this] { return stopping_.load(); });
  }
  lock.unlock();
  if (unsaved_) save();
}

void AlarmThread::turn() {
  std::unique_lock lock(mutex_);
  const AlarmPolicy policy = policy_;
  const std::string site = site_;
  const GatewayState gateway = gateway_;
  lock.unlock();
  error_.clear();
  if (!begun_ && !policy.rules.empty()) begin();
  book_.set(policy, utc_now_ns());
  if (policy.rules.empty()) {
    // Whoever sets alarms anew wants none of what was meanwhile.
    if (std::exchange(begun_, false) || !std::exchange(file_there_, true)) {
      std::error_code ignored;
      std::filesystem::remove(file_, ignored);
      book_ = AlarmBook();
    }
  } else if (begun_) {
    read_log();
    const auto notices = book_.notices().size();
    const uint64_t last = notices == 0 ? 0 : book_.notices().back().number;
    book_.tick(utc_now_ns(), gateway);
    const bool news =
        book_.notices().size() != notices || (notices != 0 && book_.notices().back().number != last);
    unsaved_ = unsaved_ || news;
    if (unsaved_ && (news || Steady::now() - saved_ >= limits_.save_every)) save();
    const auto to = [this](AlarmSink sink, const AlarmPolicy& said, const NoticeBatch& batch) {
      if (unsaved_) save();
      return send(sink, said, batch);
    };
    if (delivery_.turn(book_, site, utc_now_ns(), to)) save();
  }
  lock.lock();
  status_.policy = policy;
  status_.open.clear();
  for (const auto& [key, alarm] : book_.open()) status_.open.push_back(alarm);
  status_.raised = book_.raised();
  status_.dropped = book_.dropped();
  status_.unnamed = book_.unnamed();
  for (size_t i = 0; i < kSinkCount; ++i)
    status_.sinks[i] = delivery_.status(static_cast<AlarmSink>(i), book_);
  status_.error = error_;
}

/// Finds where it goes on: what was counted, or the log's end.
void AlarmThread::begin() {
  std::error_code failure;
  if (std::filesystem::symlink_status(file_, failure).type() != std::filesystem::file_type::not_found) {
    const auto text = read_tail(file_, kMaxStateFile);
    const json said = text ? json::parse(*text, nullptr, false) : json();
    const auto place = place_of(object_at(said, "place"));
    if (place && book_.read(object_at(said, "book"))) {
      cursor_.seek(*place);
      begun_ = file_there_ = true;
      return;
    }
    log_warning("alarms: " + file_.string() + " holds none; what is counted is counted anew, from now on");
  }
  cursor_.seek({});
  auto step = Cursor::Step::Frame;
  while (step == Cursor::Step::Frame && !stopping_) step = cursor_.next(false);
  if (step == Cursor::Step::Failed) return complain(cursor_.error());
  begun_ = file_there_ = unsaved_ = true;
}

void AlarmThread::read_log() {
  AccessFields fields;
  auto step = Cursor::Step::Frame;
  for (size_t frames = 0; frames < limits_.frames_at_once && !stopping_; ++frames) {
    step = cursor_.next(true);
    if (step != Cursor::Step::Frame) break;
    unsaved_ = true;
    const int64_t now_ns = utc_now_ns();
    for (std::string_view lines = cursor_.lines(); !lines.empty();) {
      const size_t end = lines.find('\n');
      const std::string_view line = lines.substr(0, end);
      lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
      const auto time = read_access(line, fields) ? parse_utc(fields.time) : std::nullopt;
      if (time) book_.take(fields, *time, now_ns);
    }
  }
  if (step == Cursor::Step::Failed) complain(cursor_.error());
}

void AlarmThread::save() {
  const json said{{"place", place_json(cursor_.place())}, {"book", book_.json()}};
  const std::string text = said.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  saved_ = Steady::now();
  if (const std::string why = make_private_file(file_, text); !why.empty()) {
    return complain(why);
  }
  unsaved_ = false;
}

void AlarmThread::complain(const std::string& why) {
  error_ = why;
  const std::lock_guard lock(mutex_);
  if (status_.error != why) log_warning("alarms: " + why + "; it is tried again");
}

std::string AlarmThread::send(AlarmSink sink, const AlarmPolicy& policy, const NoticeBatch& batch) {
  SendBounds bounds = limits_.send;
  bounds.authorities = policy.ca;
  if (sink == AlarmSink::Webhook) {
    return post(policy.webhook, "application/json", webhook_text(batch), bounds, stopping_);
  }
  return send_mail({.server = policy.mail.smtp,
                    .from = policy.mail.from,
                    .to = policy.mail.to,
                    .subject = mail_subject(batch),
                    .name = "alarms-" + std::to_string(batch.notices.front().number) + "-" +
                            std::to_string(batch.notices.back().number),
                    .type = "text/plain; charset=utf-8",
                    .text = mail_text(batch)},
                   bounds, stopping_);
}

json to_json(const AlarmStatus& status) {
  json open = json::array(), rules = json::array(), sinks = json::array();
  for (const OpenAlarm& each : status.open) {
    open.push_back({{"alarm", each.alarm},
                    {"subject", each.subject},
                    {"network", each.network},
                    {"count", each.count},
                    {"since", utc_text(each.since_ns)},
                    {"last", utc_text(each.last_ns)}});
  }
  for (const AlarmRule& each : status.policy.rules) {
    const auto raised = status.raised.find(each.name);
    rules.push_back({{"name", each.name},
                     {"kind", kAlarmKindWords[static_cast<size_t>(each.kind)]},
                     {"raised", raised == status.raised.end() ? 0 : raised->second}});
  }
  const bool told[] = {!status.policy.webhook.empty(), !status.policy.mail.smtp.empty()};
  for (size_t i = 0; i < kSinkCount; ++i) {
    if (!told[i]) continue;
    const SinkStatus& sink = status.sinks[i];
    sinks.push_back(
        {{"by", kSinkWords[i]},
         {"sent", sink.sent},
         {"failed", sink.failed},
         {"waiting", sink.waiting},
         {"waiting_since", sink.waiting_since_ns == 0 ? std::string() : utc_text(sink.waiting_since_ns)},
         {"error", sink.error}});
  }
  return {{"rules", std::move(rules)},   {"open", std::move(open)},    {"sinks", std::move(sinks)},
          {"not_named", status.unnamed}, {"not_sent", status.dropped}, {"error", status.error}};
}

}  // namespace sluice::control
