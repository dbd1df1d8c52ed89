// control: sluice-control's command line.
#include <pthread.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>

#include "control/base/log_line.h"
#include "control/daemon.h"

namespace {

/// Before any thread is made, so that all of them inherit it: signals come through the loop, never in
/// between.
void block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int each : {SIGHUP, SIGTERM, SIGINT}) {
    sigaddset(&signals, each);
  }
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a file size limit is a full disk, not an end
}

}  // namespace

int main(int argc, char** argv) {
  sluice::control::DaemonOptions options;
  CLI::App app(
      "Compiles the policy, hands it to the data plane, writes the access log, and serves metrics and "
      "sluicectl.\n"
      "SIGHUP enforces the policy as it is saved; SIGTERM ends the daemon, and the gateway goes on without "
      "it.",
      "sluice-control");
  app.add_option("--policies", options.policies, "Directory of the policy's YAML files")
      ->capture_default_str();
  app.add_option("--dataplane", options.dataplane, "Socket of sluice-dataplane")->capture_default_str();
  app.add_option("--api", options.api, "Socket for sluicectl; made here")->capture_default_str();
  app.add_option("--api-tls", options.api_tls.address,
                 "ADDR:PORT on which the API is served by TLS 1.3 to users of this machine whom their "
                 "certificates name; "
                 "without it: nowhere")
      ->needs(app.add_option("--api-ca", options.api_tls.authority, "Who signs their certificates, PEM"),
              app.add_option("--api-cert", options.api_tls.certificate, "Our own certificate, PEM"),
              app.add_option("--api-key", options.api_tls.key, "Its key, PEM"));
  app.add_option("--state", options.state, "Directory for enforced policies and their history")
      ->capture_default_str();
  app.add_option("--log", options.log, "Directory for the access log")->capture_default_str();
  app.add_option("--metrics", options.metrics, "ADDR:PORT on which /metrics is served")
      ->capture_default_str();
  app.add_option("--compiler", options.compiler,
                 "Program that compiles; without it: sluice-compile beside this one");
  app.add_option("--compile-seconds", options.compile_seconds,
                 "A policy that takes longer to compile is refused")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
  app.add_option("--compile-mib", options.compile_mib,
                 "A policy that takes more memory to compile is refused; 0: no limit")
      ->capture_default_str();
  app.add_option(
         "--status-seconds", options.status_seconds,
         "What sluicectl status looks back on to say whether a line, the LAN or the gateway is at fault; "
         "and five times that")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
  app.add_option("--lines-log", options.lines_log,
                 "Where sluice-setup notes when a line was without the gateway")
      ->capture_default_str();
  app.set_version_flag("--version", SLUICE_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }

  block_signals();
  ::umask(027);
  sluice::control::Daemon daemon(std::move(options));
  if (const std::string error = daemon.start(); !error.empty()) {
    sluice::control::log_error(error);
    return 1;
  }
  daemon.run();
  return 0;
}
