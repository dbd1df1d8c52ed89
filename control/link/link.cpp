// control/link: speaks the SOCK_SEQPACKET protocol of contract/messages.h.
#include "control/link/link.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "control/base/files.h"
#include "control/base/log_line.h"
#include "control/base/unix_socket.h"

namespace sluice::control {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kFirstRetry{50}, kLastRetry{1000};
constexpr milliseconds kWelcomeWithin{5000};
constexpr milliseconds kLoadedWithin{120'000};  ///< a large image is checked and built before the answer
constexpr int kPacketsPerTurn = 16;             ///< a talkative peer must not starve the loop

std::string text_of(const Message& message) {
  std::string out(message.text, ::strnlen(message.text, kMessageText));
  std::replace_if(
      out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  return out;
}

}  // namespace

Link::Link(EventLoop& loop, std::string path, Callbacks callbacks)
    : loop_(loop), path_(std::move(path)), callbacks_(std::move(callbacks)), backoff_(kFirstRetry) {}

Link::~Link() {
  loop_.cancel(retry_);
  loop_.cancel(deadline_);
  if (socket_) {
    loop_.forget(socket_.get());
  }
}

void Link::connect() {
  retry_ = 0;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path_.size() >= sizeof address.sun_path) {
    return disconnect("the path " + path_ + " is too long for a socket");
  }
  std::memcpy(address.sun_path, path_.data(), path_.size());
  socket_.reset(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket_ || ::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    return disconnect(errno_text("cannot connect to " + path_));
  }
  if (!loop_.watch(socket_.get(), EPOLLIN, [this](uint32_t) { receive(); })) {
    return disconnect(errno_text("epoll"));
  }
  if (transmit(make_message(MessageType::Hello, 0), -1)) {
    expect_reply(kWelcomeWithin, "Welcome");
  }
}

void Link::disconnect(const std::string& why) {
  if (why != last_failure_) {
    log_warning("data plane: " + why);
    last_failure_ = why;
  }
  loop_.cancel(deadline_);
  deadline_ = 0;
  if (socket_) {
    loop_.forget(socket_.get());
    socket_.reset();
  }
  in_flight_ = 0;
  waiting_.reset();
  counts_.bind_lost.fetch_add(bindings_.size(), std::memory_order_relaxed);
  bindings_.clear();
  bindings_in_flight_ = 0;
  const bool was_up = std::exchange(welcomed_, false);
  if (retry_ == 0) {
    retry_ = loop_.after(backoff_, [this] { connect(); });
    backoff_ = std::min(backoff_ * 2, kLastRetry);
  }
  if (was_up) {
    callbacks_.lost();
  }
}

void Link::receive() {
  for (int i = 0; i < kPacketsPerTurn && socket_ && receive_one(); ++i) {
  }
}

/// Takes one packet. Returns false where none is there now or the connection has ended.
bool Link::receive_one() {
  char bytes[sizeof(Message) + 1];  // so that a longer packet shows
  ReceivedPacket packet = receive_packet(socket_.get(), bytes);
  if (packet.size < 0 && errno == EAGAIN) {
    return false;
  }
  if (packet.size <= 0) {
    disconnect(packet.size == 0 ? "it hung up" : errno_text("connection"));
    return false;
  }
  Message message{};
  if (static_cast<size_t>(packet.size) != sizeof message || packet.cut || packet.fd_count > 1) {
    disconnect("a packet of " + std::to_string(packet.size) + " bytes with " +
               std::to_string(packet.fd_count) + " descriptors");
    return false;
  }
  std::memcpy(&message, bytes, sizeof message);
  take(message, std::move(packet.fds[0]));
  return static_cast<bool>(socket_);
}

void Link::take(const Message& message, UniqueFd fd) {
  if (message.magic != kMessageMagic) {
    return disconnect("a message with another magic number");
  }
  if (message.version != kMessageVersion) {
    return disconnect("a message of version " + std::to_string(message.version) + ", not " +
                      std::to_string(kMessageVersion));
  }
  const auto type = static_cast<MessageType>(message.type);
  if (type == MessageType::Welcome && !welcomed_ && fd) {
    return take_welcome(message, std::move(fd));
  }
  if (type == MessageType::Loaded && welcomed_ && !fd) {
    return take_loaded(message);
  }
  if (type == MessageType::NotKept && welcomed_ && !fd) {
    return log_warning("data plane: policy generation " + std::to_string(message.generation) +
                       " is in force, but " + text_of(message));
  }
  if (type == MessageType::Bound && welcomed_ && !fd) {
    return take_bound(message);
  }
  disconnect("a message of type " + std::to_string(message.type) + (fd ? " with" : " without") +
             " a descriptor, out of turn");
}

void Link::take_welcome(const Message& message, UniqueFd fd) {
  std::string error;
  std::shared_ptr<SharedRegion> region = SharedRegion::map(fd.get(), error);
  if (!region) {
    return disconnect(error);
  }
  if (!region_ || region_->boot() != region->boot()) {
    region_ = std::move(region);
  }
  loop_.cancel(deadline_);
  deadline_ = 0;
  welcomed_ = true;
  backoff_ = kFirstRetry;
  last_failure_.clear();
  log_info("data plane: connected, " + std::to_string(region_->worker_count()) +
           " workers, policy generation " + std::to_string(message.generation));
  callbacks_.welcome(region_, message.generation);
}

void Link::take_loaded(const Message& message) {
  if (message.generation != in_flight_ || message.accepted > 1) {
    return disconnect("an answer to generation " + std::to_string(message.generation) + " while " +
                      std::to_string(in_flight_) + " is awaited");
  }
  in_flight_ = 0;
  loop_.cancel(deadline_);
  deadline_ = 0;
  callbacks_.loaded(message.generation, message.accepted == 1, text_of(message));
  if (welcomed_ && in_flight_ == 0 && waiting_) {
    send(std::exchange(waiting_, nullptr));
  }
}

void Link::send(std::shared_ptr<const SealedImage> image) {
  if (!welcomed_) {
    return;
  }
  if (in_flight_ != 0) {
    waiting_ = std::move(image);
    return;
  }
  if (transmit(make_message(MessageType::Load, image->generation()), image->fd())) {
    in_flight_ = image->generation();
    expect_reply(kLoadedWithin, "Loaded");
  }
}

void Link::bind(std::span<const Binding> bindings) {
  const size_t room = welcomed_ ? kMaxBindingsWaiting - bindings_.size() : 0;
  const size_t taken = std::min(bindings.size(), room);
  counts_.bind_lost.fetch_add(bindings.size() - taken, std::memory_order_relaxed);
  bindings_.insert(bindings_.end(), bindings.begin(), bindings.begin() + static_cast<ptrdiff_t>(taken));
  send_bindings();
}

void Link::send_bindings() {
  if (bindings_in_flight_ != 0 || bindings_.empty()) {
    return;
  }
  Binding some[kMaxBindings];
  const size_t count = std::min(bindings_.size(), kMaxBindings);
  std::copy_n(bindings_.begin(), count, some);
  if (transmit(make_message(MessageType::Bind, 0), -1, std::span(some).first(count))) {
    bindings_in_flight_ = count;
  }
}

void Link::take_bound(const Message& message) {
  if (bindings_in_flight_ == 0 || message.accepted > bindings_in_flight_) {
    return disconnect("an answer to bindings that were not sent");
  }
  counts_.bound.fetch_add(message.accepted, std::memory_order_relaxed);
  counts_.bind_lost.fetch_add(bindings_in_flight_ - message.accepted, std::memory_order_relaxed);
  bindings_.erase(bindings_.begin(), bindings_.begin() + static_cast<ptrdiff_t>(bindings_in_flight_));
  bindings_in_flight_ = 0;
  send_bindings();
}

/// Sends one message, with a descriptor where fd is not -1, and with bindings. At most one of a kind is under
/// way, so the socket always has room.
bool Link::transmit(const Message& message, int fd, std::span<const Binding> bindings) {
  if (!send_message(socket_.get(), message, fd, bindings)) {
    disconnect(errno_text("cannot send"));
    return false;
  }
  return true;
}

void Link::expect_reply(milliseconds within, const char* what) {
  loop_.cancel(deadline_);
  deadline_ = loop_.after(within, [this, what, within] {
    deadline_ = 0;
    disconnect(std::string("no ") + what + " within " + std::to_string(within.count()) + " ms");
  });
}

}  // namespace sluice::control
