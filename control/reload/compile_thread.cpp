// control/reload: the thread that compiles.
#include "control/reload/compile_thread.h"

#include <openssl/evp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <memory>
#include <string_view>
#include <utility>

#include "control/base/files.h"
#include "control/base/log_line.h"

namespace sluice::control {
namespace {

/// What images are compiled for, before it is known whether they become a generation of their own.
constexpr uint32_t kAnyGeneration = 1;

/// Gives an image that was compiled for another generation its own, and its checksum anew.
void stamp(std::span<std::byte> image, uint32_t generation) {
  std::memcpy(image.data() + offsetof(ImageHeader, generation), &generation, sizeof generation);
  uint8_t sum[32];
  image_sha256(image, sum);
  std::memcpy(image.data() + offsetof(ImageHeader, sha256), sum, sizeof sum);
}

/// What a policy was compiled from: the same digest, the same policy. Images themselves differ each time, for
/// the hash of their name table is keyed at random. Empty where a file cannot be read any more.
std::string digest_of(std::vector<std::string> sources) {
  std::sort(sources.begin(), sources.end());
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  const auto add = [&](std::string_view text) {
    const uint64_t size = text.size();
    return EVP_DigestUpdate(context.get(), &size, sizeof size) == 1 &&
           EVP_DigestUpdate(context.get(), text.data(), text.size()) == 1;
  };
  bool good = context && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1 &&
              add(SLUICE_VERSION "/" + std::to_string(kImageVersion));
  for (const std::string& source : sources) {
    const std::optional<std::string> text = good ? read_tail(source, kImageMaxBytes) : std::nullopt;
    good = text && add(source) && add(*text);
  }
  uint8_t sum[32];
  unsigned size = sizeof sum;
  if (!good || EVP_DigestFinal_ex(context.get(), sum, &size) != 1) {
    return {};
  }
  std::string out;
  for (const uint8_t byte : sum) {
    static constexpr char kDigits[] = "0123456789abcdef";
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
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
    Compiled compiled = compile_(directory_, kAnyGeneration);
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
      PolicyFacts{policy.site,  policy.reload_on_save, policy.networks, policy.rules,   policy.lists,
                  policy.names, policy.prefixes,       policy.patterns, policy.sources, policy.feeds};
  result.digest = digest_of(policy.sources);
  // What this thread made last may not have been known yet when the request was made.
  const std::string& latest = last_digest_.empty() ? request.current_digest : last_digest_;
  result.unchanged = !result.digest.empty() && result.digest == latest;
  if (!request.enforce || (result.unchanged && !request.explicitly)) {
    return;
  }
  const uint32_t generation = store_.next_generation();
  const std::span<std::byte> image = policy.memory.bytes();
  stamp(image, generation);
  result.failure = store_.save(image, request.origin, policy.sources, result.digest);
  if (result.failure.empty()) {
    last_digest_ = result.digest;
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
