#include "common/io/door.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/text.h"
#include "common/io/system_address.h"
#include "common/observe/log.h"

namespace postern::io {

namespace {

// Of a name: "localhost" has two.
constexpr std::size_t kAddressesMax = 4;
constexpr absl::Duration kToldAgain = absl::Minutes(1);

absl::Status Refused(const std::string& address, std::string_view why) {
  return base::Error(absl::StatusCode::kUnavailable, "listen on ", address, ": ", why);
}

std::string Why(int error) {
  return base::LowerAscii(std::strerror(error));
}

// Gives -1 and leaves errno when it cannot be opened.
int Listening(const addrinfo& at, std::uint16_t port) {
  const int listener = ::socket(at.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (listener < 0) return -1;
  sockaddr_storage address{};
  std::memcpy(&address, at.ai_addr, at.ai_addrlen);
  // The second address of a name gets the port that the first one took.
  auto& place = at.ai_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(address).sin6_port
                                         : reinterpret_cast<sockaddr_in&>(address).sin_port;
  if (place == 0) place = htons(port);
  const int yes = 1;
  const int no = 0;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (at.ai_family == AF_INET6) {
    ::setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
  }
  const auto* const where = reinterpret_cast<const sockaddr*>(&address);
  if (::bind(listener, where, at.ai_addrlen) == 0 && ::listen(listener, Door::kBacklog) == 0) {
    return listener;
  }
  const int error = errno;
  ::close(listener);
  errno = error;
  return -1;
}

std::uint16_t PortOf(int listener) {
  sockaddr_storage at{};
  socklen_t size = sizeof at;
  if (::getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size) != 0) return 0;
  return ntohs(at.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(at).sin6_port
                                        : reinterpret_cast<const sockaddr_in&>(at).sin_port);
}

}  // namespace

bool OpenConnections::Full() {
  if (static_cast<int>(taken_.size()) >= limits_.connections) ForgetClosed();
  return static_cast<int>(taken_.size()) >= limits_.connections;
}

bool OpenConnections::Take(int connection, const IpAddress& from) {
  const IpAddress source = from.Source();
  if (Of(source) >= limits_.of_one_source) ForgetClosed();
  if (Of(source) >= limits_.of_one_source) return false;

  struct stat now {};

  if (::fstat(connection, &now) == 0) taken_.push_back({connection, now.st_ino, source});
  return true;
}

int OpenConnections::Of(const IpAddress& source) const {
  return static_cast<int>(std::count_if(
      taken_.begin(), taken_.end(), [&](const Taken& taken) { return taken.source == source; }));
}

// A number that is no socket any more, or another one, was closed by who took it.
void OpenConnections::ForgetClosed() {
  std::erase_if(taken_, [](const Taken& taken) {
    struct stat now {};
    return ::fstat(taken.descriptor, &now) != 0 || now.st_ino != taken.socket;
  });
}

struct Door::State {
  State(std::string where, const DoorLimits& limits) : address(std::move(where)), open(limits) {}

  ~State() {
    for (const int listener : listeners)
      ::close(listener);
    if (stop >= 0) ::close(stop);
  }

  // False: it is to stop.
  bool Wait(bool for_callers, absl::Duration most) {
    std::vector<pollfd> watched = {{stop, POLLIN, 0}};
    for (const int listener : listeners) {
      if (for_callers) watched.push_back({listener, POLLIN, 0});
    }
    ::poll(watched.data(), watched.size(), static_cast<int>(absl::ToInt64Milliseconds(most)));
    return (watched[0].revents & POLLIN) == 0;
  }

  void Run() {
    pthread_setname_np(pthread_self(), "door");
    bool pause = false;
    while (Wait(!pause, pause ? kPause : kToldAgain)) {
      pause = open.Full();
      if (pause) {
        Tell("as many connections as it takes: others wait");
        continue;
      }
      for (const int listener : listeners)
        pause = !AcceptOne(listener) || pause;
    }
  }

  // False: the system has nothing left to accept with.
  bool AcceptOne(int listener) {
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    auto& from = reinterpret_cast<sockaddr&>(peer);
    const int connection = ::accept4(listener, &from, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (connection < 0) {
      const bool starved =
          errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
      if (starved) Tell(Why(errno));
      return !starved;
    }
    if (!open.Take(connection, IpAddressIn(from).value_or(IpAddress()))) {
      Tell("as many connections of one source as it takes: another one is closed");
      ::close(connection);
      return true;
    }
    const int yes = 1;
    ::setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    take(listener, connection);
    return true;
  }

  // Once a minute at most.
  void Tell(std::string_view what) {
    const auto now = std::chrono::steady_clock::now();
    if (now < tell_again) return;
    tell_again = now + absl::ToChronoNanoseconds(kToldAgain);
    POSTERN_LOG(kWarning, "rpc", "connections cannot be accepted now",
                {{"address", address}, {"reason", what}});
  }

  const std::string address;
  OpenConnections open;
  std::vector<int> listeners;
  int port = 0;
  int stop = -1;
  Take take;
  std::thread thread;
  std::chrono::steady_clock::time_point tell_again;
};

Door::Door(std::unique_ptr<State> state) : state_(std::move(state)) {}

absl::StatusOr<std::unique_ptr<Door>> Door::Open(const std::string& address,
                                                 const DoorLimits& limits) {
  const std::size_t colon = std::min(address.rfind(':'), address.size());
  std::string host = address.substr(0, colon);
  const std::string port = address.substr(std::min(colon + 1, address.size()));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failed =
      ::getaddrinfo(host.empty() ? nullptr : host.c_str(), port.c_str(), &wanted, &found);
  if (failed != 0) return Refused(address, ::gai_strerror(failed));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> all(found, &::freeaddrinfo);

  auto state = std::make_unique<State>(address, limits);
  state->stop = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (state->stop < 0) return Refused(address, Why(errno));
  int error = 0;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    if (state->listeners.size() == kAddressesMax) break;
    const std::uint16_t same = state->listeners.empty() ? 0 : PortOf(state->listeners.front());
    const int listener = Listening(*at, same);
    // A family that the machine does not have is none of a name's.
    if (listener < 0 && errno != EAFNOSUPPORT && errno != EADDRNOTAVAIL) {
      return Refused(address, Why(errno));
    }
    if (listener < 0) error = errno;
    if (listener >= 0) state->listeners.push_back(listener);
  }
  if (state->listeners.empty()) return Refused(address, Why(error));
  state->port = PortOf(state->listeners.front());
  return std::unique_ptr<Door>(new Door(std::move(state)));
}

Door::~Door() {
  Stop();
}

int Door::port() const {
  return state_->port;
}

void Door::Start(Take take) {
  state_->take = std::move(take);
  state_->thread = std::thread([at = state_.get()] { at->Run(); });
}

void Door::Stop() {
  if (!state_->thread.joinable()) return;
  const std::uint64_t one = 1;
  while (::write(state_->stop, &one, sizeof one) < 0 && errno == EINTR) {
  }
  state_->thread.join();
  for (const int listener : state_->listeners)
    ::close(listener);
  state_->listeners.clear();
}

}  // namespace postern::io
