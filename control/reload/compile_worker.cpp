// control/reload: from a job to a sealed image.
#include "control/reload/compile_worker.h"

#include <algorithm>
#include <exception>
#include <new>
#include <set>
#include <utility>

#include "control/base/log_line.h"
#include "control/policy/lists/list_reader.h"
#include "control/policy/source_files.h"
#include "control/reload/compile_messages.h"

namespace sluice::control {

CompileWorker::CompileWorker(std::filesystem::path blobs, std::filesystem::path feeds, uint64_t memory_mib)
    : blobs_(std::move(blobs)), feeds_(std::move(feeds)), memory_mib_(memory_mib), writer_(blobs_) {}

void CompileWorker::serve(int socket) {
  for (Parcel parcel; receive_parcel(socket, parcel) == ReceiveResult::Got;) {
    CompileJob job;
    if (!read_job(parcel.text, job)) {
      return log_error("compiler: a job that cannot be read");
    }
    const CompileOutcome outcome = compile(job);
    const std::string why = send_parcel(socket, text_of(outcome), outcome.image ? outcome.image->fd() : -1);
    if (!why.empty()) {
      return log_error("compiler: " + why);
    }
  }
}

CompileOutcome CompileWorker::compile(const CompileJob& job) {
  CompileOutcome out;
  try {
    return try_compile(job);
  } catch (const std::bad_alloc&) {
    out.failure = "compiling needed more than " + std::to_string(memory_mib_) + " MiB of memory";
  } catch (const std::exception& exception) {
    out.failure = std::string("the compiler failed: ") + exception.what();
  }
  return out;
}

CompileOutcome CompileWorker::try_compile(const CompileJob& job) {
  CompileOutcome out;
  std::vector<SourceText> texts;
  if (!load_texts(job, texts, out)) {
    return out;
  }
  const ReadListFile read = [&](const std::string& path, std::string& text, std::string& error) {
    return read_list(job, path, text, error);
  };
  // The cache knows files by their stamps on the disk: it is of no use for what stands there no longer.
  Compiled compiled = compile_texts(texts, job.directory, read, job.generation,
                                    CompileOptions{feeds_, job.kept ? nullptr : &cache_, job.bypass});
  out.diagnostics.insert(out.diagnostics.end(), compiled.diagnostics.begin(), compiled.diagnostics.end());
  if (!compiled.policy) {
    return out;
  }
  CompiledPolicy& policy = *compiled.policy;
  out.facts = PolicyFacts{policy.site,  policy.reload_on_save, policy.networks, policy.rules, policy.lists,
                          policy.names, policy.prefixes,       policy.patterns, policy.feeds, policy.log,
                          policy.terms, policy.registers,      policy.identity, policy.alarms};
  out.sources = sources_of(policy);
  out.digest = digest_of(out.sources);
  if (wants_image(job, out.sources)) {
    out.image = SealedImage::seal(policy.memory.release(), job.generation, out.failure);
  }
  return out;
}

/// Returns false where there is nothing to compile; why is in out.
bool CompileWorker::load_texts(const CompileJob& job, std::vector<SourceText>& texts, CompileOutcome& out) {
  if (!job.kept) {
    Report report;
    report.add_file(job.directory.string());
    const bool there = read_directory(job.directory, texts, report) && !report.failed();
    out.diagnostics = report.finish();
    for (const SourceText& text : texts) {
      remember(SourceFile::Kind::Policy, text.name, text.text);
    }
    return there;
  }
  writer_.drain();  // what was read a moment ago may be what is wanted
  for (const SourceFile& source : *job.kept) {
    if (source.kind == SourceFile::Kind::Policy) {
      SourceText& text = texts.emplace_back();
      text.name = source.path;
      if (!read_kept(*job.kept, source.path, text.text, out.failure)) {
        return false;
      }
      remember(source.kind, source.path, text.text);
    }
  }
  return true;
}

bool CompileWorker::read_list(const CompileJob& job, const std::string& path, std::string& text,
                              std::string& error) {
  const bool feed = is_feed(path);
  if (!(job.kept && !feed ? read_kept(*job.kept, path, text, error)
                          : read_file(path, kMaxListBytes, text, error))) {
    return false;
  }
  remember(feed ? SourceFile::Kind::Feed : SourceFile::Kind::List, path, text);
  return true;
}

bool CompileWorker::read_kept(const SourceList& kept, const std::string& path, std::string& text,
                              std::string& error) {
  const auto found = std::ranges::find(kept, path, &SourceFile::path);
  if (found == kept.end() || found->size > kMaxListBytes) {
    error = "it was not kept";
    return false;
  }
  error = blobs_.get(found->sha256, found->size, text);
  if (!error.empty()) {
    error = "what was kept of " + path + " is not to be had: " + error;
  }
  return error.empty();
}

bool CompileWorker::is_feed(const std::string& path) const {
  return !feeds_.empty() && path.starts_with((feeds_ / "").string());
}

void CompileWorker::remember(SourceFile::Kind kind, const std::string& path, std::string_view text) {
  SourceFile source = describe(kind, path, text);
  if (kind != SourceFile::Kind::Feed && !blobs_.touch(source.sha256)) {
    writer_.add(source.sha256, std::string(text));
  }
  const std::lock_guard lock(mutex_);
  read_[path] = std::move(source);
}

SourceList CompileWorker::sources_of(const CompiledPolicy& policy) {
  SourceList out;
  std::map<std::string, SourceFile> still;
  for (const std::string& path : policy.sources) {
    const auto found = read_.find(path);
    if (found != read_.end() && still.emplace(path, found->second).second) {
      out.push_back(found->second);
    }
  }
  read_ = std::move(still);  // what no policy names any more is forgotten
  return out;
}

}  // namespace sluice::control
