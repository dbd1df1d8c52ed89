// control/cli: whom and what of the last day a saved policy would newly block.
#include "control/cli/preview.h"

#include <unistd.h>

#include <algorithm>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <tuple>

#include "control/base/clock.h"
#include "control/base/json_fields.h"
#include "control/base/utc.h"
#include "control/cli/client.h"
#include "control/cli/terminal.h"
#include "control/judge/judge.h"
#include "control/judge/replayed.h"
#include "control/link/sealed_image.h"

namespace sluice::control {
namespace {

using nlohmann::json;
using std::chrono::steady_clock;

/// Where the daemon has what a preview needs.
struct PreviewPlaces {
  std::filesystem::path directory, feeds, log, image;
};

std::string find_places(const std::string& socket, PreviewPlaces& out, bool& reached) {
  const std::optional<json> status = ask(socket, {{"command", "status"}});
  reached = status.has_value();
  if (!reached) {
    return "the gateway cannot be asked";
  }
  out.directory = text_at(*status, "directory");
  out.feeds = text_at(*status, "feeds_directory");
  out.log = text_at(object_at(*status, "log"), "directory");
  out.image = text_at(object_at(*status, "policy"), "image");
  return out.image.empty() ? "no policy is in force" : "";
}

/// Walks the log; the two policies are opened at the first access that can be judged.
class Previewer {
 public:
  Previewer(const PreviewPlaces& places, Preview& out) : places_(places), out_(out) {}

  void run() {
    QueryOptions query;
    query.since = utc_text(utc_now_ns() - std::chrono::nanoseconds(kPreviewPeriod).count());
    ReplayFindings findings;
    const std::string why = replay_log(
        places_.log, query, [this](const RecordedLine& line) { return take(line); }, findings);
    if (shown_) {
      std::cerr << "\r\x1b[K" << std::flush;
    }
    if (out_.why_none.empty() && !why.empty()) {
      out_.why_none = why;
    }
    for (auto& [key, row] : rows_) {
      out_.rows.push_back(std::move(row));
    }
    std::ranges::stable_sort(out_.rows, std::greater(), &PreviewRow::accesses);
  }

 private:
  bool open() {
    auto image = std::make_shared<const MappedImage>(places_.image.string());
    if (image->bytes().empty()) {
      out_.why_none = "cannot read " + places_.image.string();
      return false;
    }
    const std::span<const std::byte> bytes = image->bytes();
    in_force_ = Judge::of_image(bytes, std::move(image), out_.why_none);
    if (in_force_ == nullptr) {
      return false;
    }
    Diagnostics problems;
    saved_ = Judge::of_directory(places_.directory, places_.feeds, problems, out_.why_none);
    return saved_ != nullptr;
  }

  bool take(const RecordedLine& line) {
    if (line.question == nullptr) {
      return true;
    }
    if (saved_ == nullptr && !open()) {
      return false;
    }
    out_.accesses += line.count;
    if ((++lines_ & kLookEvery) == 0 && !look_at_clock()) {
      out_.cut = true;
      return false;
    }
    const Question& question = *line.question;
    if (!in_force_->ask(question).verdict.passes()) {
      return true;
    }
    const Answer answer = saved_->ask(question);
    if (!answer.verdict.passes()) {
      add(line, answer);
    }
    return true;
  }

  void add(const RecordedLine& line, const Answer& answer) {
    out_.blocked += line.count;
    const std::string client(line.fields.source_ip);
    const std::string_view what =
        line.fields.domain.empty() ? line.fields.destination_ip : line.fields.domain;
    const std::string_view by = answer.rule.empty() ? word_of(answer.reason()) : answer.rule;
    std::tuple key(std::string(answer.network), std::string(what), std::string(by));
    auto found = rows_.find(key);
    if (found == rows_.end() && rows_.size() >= kMaxPreviewRows) {
      out_.cut = true;
      return;
    }
    PreviewRow& row = found != rows_.end() ? found->second : rows_[key];
    std::tie(row.network, row.what, row.by) = std::move(key);
    row.accesses += line.count;
    if (row.clients.size() < kMaxPreviewClients) {
      row.clients.insert(client);
    }
  }

  /// False where the time is over.
  bool look_at_clock() {
    const auto now = steady_clock::now();
    if (now >= until_) {
      return false;
    }
    if (terminal_ && now >= next_show_) {
      std::cerr << "\rthe last day: " << grouped(out_.accesses) << " accesses\x1b[K" << std::flush;
      shown_ = true;
      next_show_ = now + std::chrono::milliseconds(500);
    }
    return true;
  }

  static constexpr uint64_t kLookEvery = 0xfff;
  const PreviewPlaces& places_;
  Preview& out_;
  std::unique_ptr<Judge> in_force_, saved_;
  std::map<std::tuple<std::string, std::string, std::string>, PreviewRow> rows_;
  uint64_t lines_ = 0;
  const bool terminal_ = ::isatty(STDERR_FILENO) == 1;
  bool shown_ = false;
  const steady_clock::time_point until_ = steady_clock::now() + kPreviewTime;
  steady_clock::time_point next_show_ = steady_clock::now() + std::chrono::milliseconds(500);
};

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
  PreviewPlaces places;
  out.why_none = find_places(socket, places, out.reached);
  if (out.why_none.empty()) {
    Previewer(places, out).run();
  }
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
