// control/cli: sluicectl hold, release and holds.
#include "control/cli/holds.h"

#include <iostream>

#include "control/base/json_fields.h"
#include "control/cli/client.h"
#include "control/cli/commands.h"
#include "control/cli/period.h"
#include "control/cli/terminal.h"

namespace sluice::control {
namespace {

using nlohmann::json;

std::string shown(const json& period) {
  const std::string since = text_at(period, "since"), until = text_at(period, "until");
  return since.empty() && until.empty() ? "all of the log"
                                        : (since.empty() ? "the beginning" : since) + " to " +
                                              (until.empty() ? "what is still to come" : until);
}

}  // namespace

int run_hold(const std::string& socket, const HoldOptions& options, bool json_output) {
  json request{{"command", "hold"}, {"case", options.name}, {"reason", options.reason}};
  std::string since, until;
  if (!read_bound(options.since, false, since) || !read_bound(options.until, true, until)) {
    return kCannot;
  }
  request["since"] = since;
  request["until"] = until;
  int status = kCannot;
  if (const auto answer = order(socket, request, json_output, status)) {
    std::cout << options.name << ": " << counted(number_at(*answer, "segments"), "closed segment")
              << " and what is still written in that time are kept until two persons release it\n";
    const std::string oldest = text_at(*answer, "oldest");
    if (!oldest.empty() && (since.empty() || since < oldest)) {
      std::cout << "the log begins at " << oldest << "\n";
    }
  }
  return status;
}

int run_release(const std::string& socket, const std::string& name, bool json_output) {
  int status = kCannot;
  if (const auto answer = order(socket, {{"command", "release"}, {"case", name}}, json_output, status)) {
    std::cout << (answer->value("released", false)
                      ? name + " is released: what is older than the policy's term will be deleted\n"
                      : name + " is released when a second person asks for it, too\n");
  }
  return status;
}

int run_holds(const std::string& socket, bool json_output) {
  int status = kCannot;
  const auto answer = order(socket, {{"command", "holds"}}, json_output, status);
  if (!answer) {
    return status;
  }
  const json holds = answer->value("holds", json::array());
  if (holds.empty()) {
    std::cout << "nothing is held\n";
  }
  for (const json& each : holds) {
    std::cout << coloured(Colour::Bold, text_at(each, "case")) << "\n";
    for (const json& period : each.value("periods", json::array())) {
      std::cout << "  " << shown(period) << ", since " << text_at(period, "time") << " by "
                << text_at(period, "user") << ": " << text_at(period, "reason") << "\n";
    }
    if (const json release = each.value("release", json::object()); !release.empty()) {
      std::cout << "  " << coloured(Colour::Yellow, text_at(release, "user") + " asks for its release")
                << ", since " << text_at(release, "time") << "; it needs a second person\n";
    }
  }
  return kDone;
}

}  // namespace sluice::control
