// control/cli: whom and what of the last day a saved policy would newly block.
#include "control/cli/preview.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>

#include "control/base/clock.h"
#include "control/base/json_fields.h"
#include "control/base/utc.h"
#include "control/cli/client.h"
#include "control/cli/note_reading.h"
#include "control/cli/terminal.h"
#include "control/judge/opened.h"
#include "control/judge/replayed.h"
#include "control/judge/verdict_diff.h"
#include "control/policy/prefix.h"

namespace sluice::control {
namespace {

using nlohmann::json;
using std::chrono::steady_clock;

/// Both policies, and where the log is.
struct Compared {
  std::optional<OpenedPolicy> in_force;
  std::unique_ptr<Judge> saved;
  std::filesystem::path log;
};

std::string open_both(const std::string& socket, Compared& out, bool& reached) {
  const std::optional<json> status = ask(socket, {{"command", "status"}});
  reached = status.has_value();
  if (!reached) {
    return "the gateway cannot be asked";
  }
  if (object_at(*status, "policy").empty()) {
    return "no policy is in force";
  }
  out.log = text_at(object_at(*status, "log"), "directory");
  UniqueFd image;
  const std::optional<json> policy = ask(socket, {{"command", "policy"}}, &image);
  std::string error = policy ? text_at(*policy, "error") : "the gateway cannot be asked";
  if (!error.empty()) {
    return error;
  }
  out.in_force = open_in_force(*policy, std::move(image), error);
  if (out.in_force) {
    Diagnostics problems;  // apply tells of them
    out.saved = Judge::of_directory(text_at(*status, "directory"), text_at(*status, "feeds_directory"),
                                    problems, error);
  }
  return error;
}

/// Asks both policies about the last day. Returns why the log cannot be read.
std::string replay_last_day(const Compared& policies, VerdictDiff& verdicts, bool& cut) {
  constexpr uint64_t kLookEvery = 0xfff;
  const auto until = steady_clock::now() + kPreviewTime;
  QueryOptions query;
  query.since = utc_text(utc_now_ns() - std::chrono::nanoseconds(kPreviewPeriod).count());
  ProgressLine progress;
  uint64_t lines = 0;
  ReplayFindings findings;
  return replay_log(
      policies.log, query,
      [&](const RecordedLine& line) {
        verdicts.take(line);
        if ((++lines & kLookEvery) != 0) {
          return true;
        }
        if (progress.is_due()) {
          progress.show("the last day: " + grouped(verdicts.accesses()) + " accesses");
        }
        cut = steady_clock::now() >= until;
        return !cut;
      },
      findings);
}

/// What passes now and would be blocked; whatever lets it pass now.
void take_newly_blocked(const VerdictDiff& verdicts, Preview& out) {
  std::map<std::tuple<std::string, std::string, std::string>, PreviewRow> rows;
  const std::string_view blocked = word_of(Action::Blocked);
  for (const VerdictGroup* group : verdicts.groups()) {
    if (group->before.action == blocked || group->after.action != blocked) {
      continue;
    }
    out.blocked += group->accesses;
    PreviewRow& row = rows[{group->network, group->name, group->after.rule}];
    row.network = group->network;
    row.what = group->name;
    row.by = group->after.rule;
    row.accesses += group->accesses;
    for (const Address& client : group->clients) {
      if (row.clients.size() < kMaxPreviewClients) {
        row.clients.insert(to_string(Prefix{client, 128}));
      }
    }
  }
  for (auto& [key, row] : rows) {
    out.rows.push_back(std::move(row));
  }
  std::ranges::stable_sort(out.rows, std::greater(), &PreviewRow::accesses);
}

/// As many as fit a narrow terminal: the first of them, and how many more.
std::string shown_clients(const PreviewRow& row) {
  std::string out = row.clients.empty() ? std::string() : *row.clients.begin();
  if (row.clients.size() > 1) {
    out += " and " + grouped(row.clients.size() - 1) + " more";
  }
  return out;
}

}  // namespace

Preview make_preview(const std::string& socket) {
  Preview out;
  Compared policies;
  out.why_none = open_both(socket, policies, out.reached);
  if (!out.why_none.empty()) {
    return out;
  }
  if (::access(policies.log.c_str(), R_OK | X_OK) != 0 && errno == EACCES) {
    out.why_none = "the log is for members of sluice-audit";  // a policy is applied without reading it
    return out;
  }
  note_reading(socket, "preview", {{"hours", kPreviewPeriod.count()}});
  VerdictDiff verdicts(*policies.in_force->judge, *policies.saved);
  out.why_none = replay_last_day(policies, verdicts, out.cut);
  out.accesses = verdicts.accesses();
  out.cut = out.cut || verdicts.ungrouped() != 0;
  take_newly_blocked(verdicts, out);
  return out;
}

void show_preview(const Preview& preview) {
  if (!preview.why_none.empty()) {
    std::cout << coloured(Colour::Yellow, "no preview") << ": " << preview.why_none << "\n";
    return;
  }
  if (preview.rows.empty()) {
    std::cout << "of the last day's accesses, " << grouped(preview.accesses) << ",\nnone is newly blocked"
              << (preview.cut ? ", as far as was read" : "") << "\n";
    return;
  }
  std::cout << coloured(Colour::Yellow, "newly blocked, of the last day:\n" + grouped(preview.blocked) +
                                            " of " + grouped(preview.accesses) + " accesses")
            << (preview.cut ? ", as far as was read" : "") << "\n";
  for (size_t i = 0; i < std::min(preview.rows.size(), kPreviewRowsShown); ++i) {
    const PreviewRow& row = preview.rows[i];
    std::cout << "  " << row.what << "\n    " << grouped(row.accesses) << " by " << row.by << "\n    "
              << (row.network.empty() ? "" : row.network + ": ") << shown_clients(row) << "\n";
  }
  if (preview.rows.size() > kPreviewRowsShown) {
    std::cout << "  and " << grouped(preview.rows.size() - kPreviewRowsShown) << " more; --json lists them\n";
  }
}

json to_json(const Preview& preview) {
  json out{{"accesses", preview.accesses},
           {"blocked", preview.blocked},
           {"cut", preview.cut},
           {"newly_blocked", json::array()}};
  if (!preview.why_none.empty()) {
    out["error"] = preview.why_none;
  }
  for (const PreviewRow& row : preview.rows) {
    out["newly_blocked"].push_back({{"network", row.network},
                                    {"what", row.what},
                                    {"by", row.by},
                                    {"accesses", row.accesses},
                                    {"clients", row.clients}});
  }
  return out;
}

}  // namespace sluice::control
