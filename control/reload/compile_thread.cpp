// control/reload: the thread that compiles.
#include "control/reload/compile_thread.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <cstring>
#include <exception>
#include <utility>

#include "control/base/log_line.h"

namespace sluice::control {
namespace {

/// Gives an image that was compiled for another generation its own, and its checksum anew.
void stamp(std::span<std::byte> image, uint32_t generation) {
  std::memcpy(image.data() + offsetof(ImageHeader, generation), &generation, sizeof generation);
  uint8_t sum[32];
  image_sha256(image, sum);
  std::memcpy(image.data() + offsetof(ImageHeader, sha256), sum, sizeof sum);
}

}  // namespace

CompileThread::CompileThread(EventLoop& loop, StateStore& store, std::filesystem::path directory,
                             CompileFunction compile, std::function<void(CompileResult)> done)
    : loop_(loop),
      store_(store),
      directory_(std::move(directory)),
      compile_(std::move(compile)),
      done_(std::move(done)),
      event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!event_ || !loop_.watch(event_.get(), EPOLLIN, [this](uint32_t) { deliver(); })) {
    log_error("compile thread: no eventfd");
  }
  thread_ = std::thread([this] { run(); });
}

CompileThread::~CompileThread() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
  loop_.forget(event_.get());
}

CompileRequest merge_requests(CompileRequest older, CompileRequest newer) {
  newer.waiters.insert(newer.waiters.begin(), older.waiters.begin(), older.waiters.end());
  newer.checks.insert(newer.checks.begin(), older.checks.begin(), older.checks.end());
  if (older.enforce && newer.enforce && older.explicitly && newer.explicitly) {
    // Both changes had an author and a reason, and the one line of history names both.
    newer.origin.reason = older.origin.reason + "; " + newer.origin.reason;
    if (newer.origin.author != older.origin.author) {
      newer.origin.author = older.origin.author + ", " + newer.origin.author;
    }
  } else if (older.enforce && (!newer.enforce || older.explicitly)) {
    newer.origin = older.origin;
  }
  newer.enforce = newer.enforce || older.enforce;
  newer.explicitly = newer.explicitly || older.explicitly;
  return newer;
}

void CompileThread::submit(CompileRequest request) {
  {
    const std::lock_guard lock(mutex_);
    waiting_ = waiting_ ? merge_requests(std::move(*waiting_), std::move(request)) : std::move(request);
  }
  wake_.notify_one();
}

void CompileThread::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || waiting_.has_value(); });
    if (stopping_) {
      return;
    }
    CompileRequest request = std::move(*waiting_);
    waiting_.reset();
    lock.unlock();
    CompileResult result = serve(std::move(request));
    lock.lock();
    finished_.push_back(std::move(result));
    ::eventfd_write(event_.get(), 1);
  }
}

CompileResult CompileThread::serve(CompileRequest request) {
  CompileResult result;
  result.request = std::move(request);
  const int64_t begun = utc_now_ns();
  try {
    const uint32_t generation = result.request.current_generation;
    Compiled compiled = compile_(directory_, generation == 0 ? 1 : generation);
    result.diagnostics = std::move(compiled.diagnostics);
    if (compiled.policy) {
      prepare(*compiled.policy, result);
    }
  } catch (const std::exception& exception) {
    result.failure = exception.what();
  }
  result.took_ns = utc_now_ns() - begun;
  return result;
}

/// Makes of a valid policy what is to be handed over, where it is to be enforced.
void CompileThread::prepare(CompiledPolicy& policy, CompileResult& result) {
  const CompileRequest& request = result.request;
  result.facts =
      PolicyFacts{policy.site,  policy.reload_on_save, policy.networks, policy.rules,  policy.lists,
                  policy.names, policy.prefixes,       policy.patterns, policy.sources};
  const std::span<std::byte> image = policy.image.bytes();
  result.unchanged = request.current_generation != 0 && image_sha256_text(image) == request.current_sha256;
  if (!request.enforce || (result.unchanged && !request.explicitly)) {
    return;
  }
  const uint32_t generation = store_.next_generation();
  stamp(image, generation);
  result.failure = store_.save(image, request.origin, policy.sources);
  if (result.failure.empty()) {
    result.image = SealedImage::make(image, generation, result.failure);
    result.sha256 = image_sha256_text(image);
  }
}

void CompileThread::deliver() {
  eventfd_t ignored;
  ::eventfd_read(event_.get(), &ignored);
  std::vector<CompileResult> finished;
  {
    const std::lock_guard lock(mutex_);
    finished.swap(finished_);
  }
  for (CompileResult& result : finished) {
    done_(std::move(result));
  }
}

}  // namespace sluice::control
