// control/cli: the commands that change what is enforced, on the command line.
#include "control/cli/change.h"

#include "control/cli/commands.h"

namespace sluice::control {
namespace {

void add_apply(CLI::App& app, ChangeCommands& out) {
  CLI::App* apply = app.add_subcommand(
      "apply",
      "Enforce the policy as it is saved. First it is shown whom and what of the last day's accesses it "
      "would "
      "newly\n"
      "block; on a terminal it asks then, in a pipe it goes on.\n"
      "With --confirm it is a trial: what was in force before comes back by itself, also after a restart, "
      "unless\n"
      "`sluicectl confirm` is called in time. So a mistake that cuts you off mends itself.\n"
      "Example: sluicectl apply --reason 'essential sites only' --confirm 5m");
  apply->add_option("--reason", out.apply.reason, "Why it is changed; stands in the history with your name")
      ->required();
  apply->add_option("--confirm", out.apply.confirm,
                    "Go back after so long, as 90s, 5m or 1h, unless confirmed");
  apply->add_flag("--yes", out.apply.yes, "Do not ask");
  apply->add_flag("--no-preview", out.apply.no_preview, "Do not read the access log first");
  apply->add_flag("--wait", out.apply.wait, "Wait until the data plane enforces it");
  apply->add_flag("--json", out.apply.json, "Print JSON");
  CLI::App* confirm =
      app.add_subcommand("confirm", "What was applied with `apply --confirm` stays. The history says who.");
  confirm->add_flag("--json", out.confirm_json, "Print JSON");
  out.applies = apply;
  out.confirms = confirm;
}

void add_rollback(CLI::App& app, ChangeCommands& out) {
  CLI::App* rollback =
      app.add_subcommand("rollback",
                         "Go back to the policy that was applied N policies before, from its kept "
                         "sources. The directory stays as it is, and waits for apply.");
  rollback->add_option("N", out.rollback.steps, "How many policies back")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  rollback->add_option("--reason", out.rollback.reason, "Why; stands in the history with your name");
  rollback->add_flag("--wait", out.rollback.wait, "Wait until the data plane enforces it");
  rollback->add_flag("--json", out.rollback.json, "Print JSON");
  out.rolls_back = rollback;
}

void add_bypass(CLI::App& app, ChangeCommands& out) {
  BypassOptions& options = out.bypass;
  CLI::App* bypass = app.add_subcommand(
      "bypass",
      "Let everything pass for a time, guards and rules alike, to find out whether it is the gateway.\n"
      "What would have been blocked is logged as observed. It ends by itself, also where sluice-control is "
      "down;\n"
      "status shows it in red, and the metric sluice_bypass is 1. The history says who and why.\n"
      "Example: sluicectl bypass --for 30m --reason 'IT-4711: is it the gateway?'; then sluicectl bypass "
      "--end");
  CLI::Option* time = bypass->add_option("--for", options.time, "How long: 90s, 30m, 2h; at most 24h");
  bypass->add_option("--reason", options.reason, "Why; stands in the history with your name");
  bypass->add_flag("--end", options.end, "End it now")->excludes(time);
  bypass->add_flag("--json", options.json, "Print JSON");
  out.bypasses = bypass;
}

void add_except(CLI::App& app, ChangeCommands& out) {
  ExceptOptions& options = out.except;
  CLI::App* except = app.add_subcommand(
      "except",
      "Open something to somebody for a time: writes an exception into the policy's directory, and enforces "
      "it.\n"
      "Where that fails, the directory is left as it was. Other saved changes never go in force with it "
      "unasked.\n"
      "What has expired is cleared away at the next writing.\n"
      "Example: sluicectl except --from 10.20.9.7 --to vendor.example --for 4h --owner li.wei --ticket "
      "IT-4711");
  CLI::Option* from =
      except->add_option("--from", options.from, "Who: addresses, prefixes, networks")->delimiter(',');
  except->add_option("--to", options.to, "What: names, addresses, prefixes, lists, offices")->delimiter(',');
  except->add_option("--for", options.time, "How long: 30m, 4h, 7d; it ends with the minute");
  except->add_option("--owner", options.owner, "Who answers for it");
  except->add_option("--ticket", options.ticket, "Where it was agreed to");
  except->add_option("--reason", options.reason, "Why; stands in the file and in the history");
  except->add_option("--name", options.name, "Its name in the log; without it: made of the ticket");
  except->add_flag("--with-pending", options.with_pending, "Enforce what else is saved, too");
  CLI::Option* list =
      except->add_flag("--list", options.list, "List those that were written so")->excludes(from);
  except->add_option("--end", options.end, "Take this one out, and enforce that")
      ->excludes(from)
      ->excludes(list);
  except->add_flag("--json", options.json, "Print JSON");
  out.excepts = except;
}

}  // namespace

void add_changes(CLI::App& app, ChangeCommands& commands) {
  add_apply(app, commands);
  add_rollback(app, commands);
  add_except(app, commands);
  add_bypass(app, commands);
}

std::optional<int> run_changes(const std::string& socket, const ChangeCommands& commands) {
  if (*commands.applies) {
    return run_apply(socket, commands.apply);
  }
  if (*commands.confirms) {
    return run_confirm(socket, commands.confirm_json);
  }
  if (*commands.rolls_back) {
    return run_rollback(socket, commands.rollback);
  }
  if (*commands.bypasses) {
    return run_bypass(socket, commands.bypass);
  }
  if (*commands.excepts) {
    return run_except(socket, commands.except);
  }
  return std::nullopt;
}

}  // namespace sluice::control
