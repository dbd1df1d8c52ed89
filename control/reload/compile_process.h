// control/reload: compiles in a process of its own, within its time and memory.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>

#include "control/base/unique_fd.h"
#include "control/reload/compile_messages.h"
#include "control/reload/compiler.h"

namespace sluice::control {

struct CompilerOptions {
  static constexpr std::chrono::seconds kTime{60};
  static constexpr uint64_t kMemoryMiB = 4096;

  std::filesystem::path program;  ///< sluice-compile
  std::filesystem::path blobs;    ///< where it keeps the sources
  std::filesystem::path feeds;    ///< where the copies of fetched lists lie
  std::chrono::milliseconds time = kTime;
  uint64_t memory_mib = kMemoryMiB;  ///< of address space; 0: no limit
};

/// A sluice-compile that is started with the first job and serves one after the other, for it remembers what
/// did not change. One that dies, hangs, or says what cannot be is ended; the next job gets a new one.
class CompileProcess final : public Compiler {
 public:
  explicit CompileProcess(CompilerOptions options);
  ~CompileProcess() override;
  CompileProcess(const CompileProcess&) = delete;
  CompileProcess& operator=(const CompileProcess&) = delete;

  [[nodiscard]] CompileOutcome compile(const CompileJob& job) override;
  void stop() override;
  [[nodiscard]] int event_fd() const override { return socket_.get(); }
  void tidy() override;

  /// For tests and status; 0: none runs.
  pid_t pid() const { return pid_; }

 private:
  std::string start();
  std::string end();
  CompileOutcome answer_to(const CompileJob& job);
  std::string await();

  const CompilerOptions options_;
  UniqueFd stop_event_;
  UniqueFd socket_;
  pid_t pid_ = 0;
};

}  // namespace sluice::control
