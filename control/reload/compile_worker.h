// control/reload: compiles; runs in sluice-compile.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "control/policy/compile_cache.h"
#include "control/policy/policy_compiler.h"
#include "control/reload/blob_store.h"
#include "control/reload/blob_writer.h"
#include "control/reload/compiler.h"

namespace sluice::control {

/// Compiles a directory as it is, or sources that were kept, and keeps what it read: the bytes that a policy
/// was made of, not those that stand in the file a moment later. For one thread.
class CompileWorker final : public Compiler {
 public:
  /// memory_mib: for the message when it is used up; 0: no limit.
  CompileWorker(std::filesystem::path blobs, std::filesystem::path feeds, uint64_t memory_mib);

  [[nodiscard]] CompileOutcome compile(const CompileJob& job) override;

  /// Answers jobs until the other end of the socket is closed.
  void serve(int socket);

  /// Waits until all sources are on the disk.
  void drain() { writer_.drain(); }

 private:
  CompileOutcome try_compile(const CompileJob& job);
  bool load_texts(const CompileJob& job, std::vector<SourceText>& texts, CompileOutcome& out);
  bool read_list(const CompileJob& job, const std::string& path, std::string& text, std::string& error);
  bool read_kept(const SourceList& kept, const std::string& path, std::string& text, std::string& error);
  bool is_feed(const std::string& path) const;
  void remember(SourceFile::Kind kind, const std::string& path, std::string_view text);
  SourceList sources_of(const CompiledPolicy& policy);

  const BlobStore blobs_;
  const std::filesystem::path feeds_;
  const uint64_t memory_mib_;
  BlobWriter writer_;
  CompileCache cache_;
  std::mutex mutex_;  ///< guards read_: lists are read by several threads
  /// What stood in each file when it was read last: what the compiler did not read again is unchanged.
  std::map<std::string, SourceFile> read_;
};

}  // namespace sluice::control
