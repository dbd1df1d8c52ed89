// agent: the socket and its messages.
#include "dataplane/agent/agent.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <utility>

#include "dataplane/agent/last_good.h"

namespace sluice {
namespace {

constexpr int kLookMs = 1000;  ///< between two calls of each_second, about
constexpr int kAllSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

void set_text(Message& message, std::string_view text) {
  std::memcpy(message.text, text.data(), std::min(text.size(), kMessageText - 1));
}

bool fill_address(const std::string& path, sockaddr_un& address) {
  address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return true;
}

/// The first descriptor of the message's control part, or -1; any further ones are closed.
int take_fd(msghdr& header) {
  int taken = -1;
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
      if (taken < 0) {
        taken = fd;
      } else {
        close(fd);
      }
    }
  }
  return taken;
}

/// What is sealed nobody can change or shorten: it is read where it lies.
ImageMemory map_sealed(int fd, size_t size) {
  void* memory = mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) return nullptr;
  (void)madvise(memory, size, MADV_POPULATE_READ);  // a fault for each page would come later else
  return ImageMemory(static_cast<std::byte*>(memory), FreeImage{size});
}

bool can_be(const Binding& binding) {
  return binding.kind <= Binding::Kind::EchName && binding.name_size > 0 && binding.name_size <= kMaxName;
}

}  // namespace

bool Agent::listen(std::string& why) {
  sockaddr_un address;
  why = config_.socket_path + ": ";
  if (!fill_address(config_.socket_path, address)) return why += "too long for a socket's name", false;
  const auto* name = reinterpret_cast<const sockaddr*>(&address);
  const int probe = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const bool alive = probe >= 0 && connect(probe, name, sizeof address) == 0;
  const bool stale = !alive && errno == ECONNREFUSED;
  if (probe >= 0) close(probe);
  if (alive) return why += "another data plane listens on it", false;
  struct stat info {};
  if (stale && lstat(config_.socket_path.c_str(), &info) == 0 && S_ISSOCK(info.st_mode))
    unlink(config_.socket_path.c_str());
  listen_fd_ = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const mode_t mask = umask(0177);
  bound_ = listen_fd_ >= 0 && bind(listen_fd_, name, sizeof address) == 0;
  umask(mask);
  if (!bound_ || ::listen(listen_fd_, 4) != 0) return why += std::strerror(errno), false;
  if (!let_peer_in()) return why += std::strerror(errno), false;
  return true;
}

/// Control may run as another user. Root gives it the socket; who is not root cannot, and opens it to the
/// socket's group, which a setgid directory gives it. Who connects is asked of the kernel either way.
bool Agent::let_peer_in() const {
  if (config_.peer == geteuid()) return true;
  const char* path = config_.socket_path.c_str();
  return geteuid() == 0 ? chown(path, config_.peer, static_cast<gid_t>(-1)) == 0 : chmod(path, 0660) == 0;
}

Agent::~Agent() {
  for (const int fd : {peer_fd_, newcomer_fd_, listen_fd_})
    if (fd >= 0) close(fd);
  if (bound_) unlink(config_.socket_path.c_str());
}

void Agent::serve(int stop_fd) {
  for (;;) {
    look();
    // A descriptor of -1 is passed over.
    pollfd waits[] = {
        {stop_fd, POLLIN, 0}, {listen_fd_, POLLIN, 0}, {peer_fd_, POLLIN, 0}, {newcomer_fd_, POLLIN, 0}};
    const int happened = poll(waits, std::size(waits), to_keep_ ? 0 : config_.each_second ? kLookMs : -1);
    if (happened == 0) keep();
    if (happened <= 0) continue;
    if (waits[0].revents != 0) return keep();
    if (waits[2].revents != 0) hear();
    if (waits[3].revents != 0) hear_newcomer();
    if (waits[1].revents != 0) accept_newcomer();
  }
}

void Agent::look() {
  const auto now = std::chrono::steady_clock::now();
  if (!config_.each_second || now - looked_ < std::chrono::milliseconds(kLookMs)) return;
  looked_ = now;
  config_.each_second();
}

void Agent::accept_newcomer() {
  const int fd = accept4(listen_fd_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) return;
  ucred who{};
  socklen_t size = sizeof who;
  const bool known =
      getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 && (who.uid == config_.peer || who.uid == 0);
  if (!known) {
    std::fprintf(stderr, "sluice-dataplane: refused a connection of user %u\n", who.uid);
    close(fd);
    return;
  }
  if (newcomer_fd_ >= 0) close(newcomer_fd_);
  newcomer_fd_ = fd;
}

/// A newcomer that says something replaces the control before it, which may be hung; one that only looks
/// whether anybody listens does not.
void Agent::hear_newcomer() {
  char first;
  const bool speaks = recv(newcomer_fd_, &first, sizeof first, MSG_PEEK) > 0;
  if (speaks) std::swap(peer_fd_, newcomer_fd_);
  if (newcomer_fd_ >= 0) close(newcomer_fd_);
  newcomer_fd_ = -1;
  if (speaks) hear();
}

void Agent::hang_up(const char* why) {
  std::fprintf(stderr, "sluice-dataplane: control: %s\n", why);
  close(peer_fd_);
  peer_fd_ = -1;
}

void Agent::hear() {
  Message request{};
  Binding bindings[kMaxBindings];
  iovec parts[] = {{&request, sizeof request}, {bindings, sizeof bindings}};
  alignas(cmsghdr) char rights[CMSG_SPACE(4 * sizeof(int))];
  msghdr header{};
  header.msg_iov = parts;
  header.msg_iovlen = std::size(parts);
  header.msg_control = rights;
  header.msg_controllen = sizeof rights;
  const ssize_t size = recvmsg(peer_fd_, &header, MSG_CMSG_CLOEXEC);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size <= 0) return hang_up("connection ended");
  const int fd = take_fd(header);
  const auto type = static_cast<MessageType>(request.type);
  const size_t more = static_cast<size_t>(size) - std::min(static_cast<size_t>(size), sizeof request);
  const bool fits = type == MessageType::Bind ? more > 0 && more % sizeof(Binding) == 0 : more == 0;
  const bool whole = static_cast<size_t>(size) >= sizeof request && fits &&
                     (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0 && request.magic == kMessageMagic &&
                     request.version == kMessageVersion;
  if (whole && type == MessageType::Hello) {
    welcome();
  } else if (whole && type == MessageType::Load) {
    load(request, fd);
  } else if (whole && type == MessageType::Bind) {
    take(std::span(bindings).first(more / sizeof(Binding)));
  } else {
    hang_up(!whole ? "a message of another size, magic or version" : "a message of an unknown type");
  }
  if (fd >= 0) close(fd);
}

void Agent::welcome() {
  if (!send_message(peer_fd_, make_message(MessageType::Welcome, generations_.number()), config_.shared_fd))
    hang_up("takes no answer");
}

/// One that cannot be is not taken.
void Agent::take(std::span<const Binding> bindings) {
  Message answer = make_message(MessageType::Bound, generations_.number());
  for (const Binding& each : bindings) answer.accepted += can_be(each) && config_.bind(each) ? 1 : 0;
  if (!send_message(peer_fd_, answer, -1)) hang_up("takes no answer");
}

/// Checks and publishes an image, where it lies; the old policy stays in force where it is refused.
void Agent::load(const Message& request, int image_fd) {
  Message answer = make_message(MessageType::Loaded, request.generation);
  struct stat info {};
  std::string why;
  ImageMemory memory;
  if (image_fd < 0 || fstat(image_fd, &info) != 0) {
    why = "no image came with the message";
  } else if ((fcntl(image_fd, F_GET_SEALS) & kAllSeals) != kAllSeals) {
    why = "the image is not sealed";
  } else if (info.st_size <= 0 || static_cast<uint64_t>(info.st_size) > kImageMaxBytes) {
    why = text_of(info.st_size <= 0 ? ImageError::TooShort : ImageError::TooLarge);
  } else {
    memory = map_sealed(image_fd, static_cast<size_t>(info.st_size));
    if (memory == nullptr) why = text_of(ImageError::NoMemory);
  }
  std::unique_ptr<Generation> next;
  if (memory != nullptr) {
    ImageError error = ImageError::None;
    next = Generation::build(std::move(memory), static_cast<size_t>(info.st_size), config_.workers, error);
    if (!next) why = text_of(error);
    if (next && next->policy().generation() != request.generation) {
      why = "the image is of another generation than the message says";
      next.reset();
    }
  }
  if (next) {
    generations_.publish(std::move(next));
    answer.accepted = 1;
    to_keep_ = true;
  } else {
    std::fprintf(stderr, "sluice-dataplane: policy %u refused: %s\n", request.generation, why.c_str());
  }
  set_text(answer, why);
  if (!send_message(peer_fd_, answer, -1)) hang_up("takes no answer");
}

/// Keeps what is in force for the next start. A disk takes its time: control has had its answer, and whatever
/// else has come is heard first.
void Agent::keep() {
  if (!std::exchange(to_keep_, false)) return;
  // Only this thread publishes, so the generation stays.
  const Generation& in_force = *generations_.current().load(std::memory_order_acquire);
  if (store_last_good(config_.state_directory, in_force.image())) return;
  const std::string why = std::string("not kept for the next start: ") + std::strerror(errno);
  const uint32_t number = generations_.number();
  std::fprintf(stderr, "sluice-dataplane: policy %u: %s\n", number, why.c_str());
  Message notice = make_message(MessageType::NotKept, number);
  set_text(notice, why);
  if (peer_fd_ >= 0 && !send_message(peer_fd_, notice, -1)) hang_up("takes no notice");
}

}  // namespace sluice
