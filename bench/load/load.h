// bench/load/load.h
//
// Load: a load generator and a sink in one, so that one clock sees a message leave and arrive.
//
// Flow      Load load(options); load.Run(); load.Print(): one JSON object.
// Failure   Run: false when the relay refuses, breaks off, or is too slow; the words on standard
//           error.
// Limits    One thread. It speaks as smtp-source does, one command at a time, each session reused,
//           and takes as smtp-sink does, at once and everything.
// See       bench/README.md "The generator": how it stands beside smtp-source and smtp-sink

#pragma once

#include <algorithm>
#include <chrono>
#include <deque>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bench/load/figures.h"
#include "common/base/check.h"
#include "common/base/text.h"

namespace postern::bench {

using Clock = std::chrono::steady_clock;

inline constexpr std::string_view kMark = "X-Bench: ";
inline constexpr std::size_t kMarkBytes = 10;  // digits of a message's number
inline constexpr std::size_t kMarkWithin = 16 * 1024;
inline constexpr std::string_view kEndOfData = "\r\n.\r\n";

struct Options {
  std::string relay = "127.0.0.1";
  std::uint16_t relay_port = 0;
  std::uint16_t sink_port = 0;
  std::size_t messages = 1000;
  std::size_t sessions = 20;
  std::vector<std::size_t> sizes = {4096};
  std::size_t destinations = 1;
  std::size_t rate = 0;  // messages begun a second; 0: as fast as the sessions can
  std::int64_t seconds_max = 120;
};

// One end of a connection; what is to be written waits in `out` and then in `body`.
struct Peer {
  int fd = -1;
  bool sink = false;
  std::string in;
  std::string out;
  std::string_view body;
  bool wants_write = false;
  // Of the generator: what the next reply answers.
  enum class Step {
    kGreeting,
    kHello,
    kMail,
    kRecipient,
    kData,
    kDot,
    kQuit
  } step = Step::kGreeting;
  std::size_t message = 0;
  // Of the sink.
  bool in_data = false;
  std::string beginning;  // of the content, until the mark is seen
  std::string tail = "\r\n";
};

class Load {
 public:
  explicit Load(const Options& options) : options_(options), figures_(options.messages) {
    for (const std::size_t size : options_.sizes)
      bodies_.push_back(BodyOf(size));
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
  }

  // True when all that was accepted has arrived.
  bool Run() {
    Listen();
    for (std::size_t i = 0; i < std::min(options_.sessions, options_.messages); ++i)
      Connect();
    const Microseconds end = options_.seconds_max * 1'000'000;
    while (figures_.delivered() < options_.messages && Now() < end && !failed_)
      Turn();
    return figures_.delivered() >= options_.messages && !failed_;
  }

  void Print() const { figures_.Print(); }

 private:
  static std::string BodyOf(std::size_t size) {
    std::string body = "\r\n";  // ends the header
    while (body.size() < size)
      body.append(78, 'X').append("\r\n");
    return body += ".\r\n";
  }

  Microseconds Now() const {
    return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start_).count();
  }

  void Listen() {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int yes = 1;
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    // Every address of the loopback network, and no other: next hops may have one each.
    constexpr std::string_view kLoopback = "lo";
    POSTERN_CHECK(setsockopt(listener_, SOL_SOCKET, SO_BINDTODEVICE, kLoopback.data(),
                             kLoopback.size()) == 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(options_.sink_port);
    POSTERN_CHECK(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    POSTERN_CHECK(listen(listener_, 4096) == 0);
    epoll_event event{};
    event.events = EPOLLIN;
    POSTERN_CHECK(epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_, &event) == 0);
  }

  void Connect() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(options_.relay_port);
    POSTERN_CHECK(inet_pton(AF_INET, options_.relay.c_str(), &address.sin_addr) == 1);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      return Fail("connect to the relay");
    }
    Add(fd, false);
  }

  Peer& Add(int fd, bool sink) {
    const int yes = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    auto peer = std::make_unique<Peer>();
    peer->fd = fd;
    peer->sink = sink;
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = peer.get();
    POSTERN_CHECK(epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0);
    return *peers_.emplace(fd, std::move(peer)).first->second;
  }

  void Turn() {
    epoll_event events[256];
    const int count = epoll_wait(epoll_, events, 256, idle_.empty() ? 100 : 1);
    for (int i = 0; i < count; ++i) {
      if (events[i].data.ptr == nullptr) {
        Accept();
        continue;
      }
      Peer& peer = *static_cast<Peer*>(events[i].data.ptr);
      if ((events[i].events & EPOLLOUT) != 0 && !Write(peer)) continue;
      if ((events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) Read(peer);
    }
    BeginDue();
  }

  void Accept() {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    Peer& peer = Add(fd, true);
    peer.out = "220 sink.bench.test ESMTP\r\n";
    Write(peer);
  }

  void Close(Peer& peer) {
    const bool early = !peer.sink && peer.step != Peer::Step::kQuit;
    close(peer.fd);
    peers_.erase(peer.fd);
    if (early) Fail("the relay closed a session");
  }

  void Fail(std::string_view what) {
    if (!failed_) std::cerr << "load: " << what << std::endl;
    failed_ = true;
  }

  // False when the peer has gone.
  bool Write(Peer& peer) {
    while (!peer.out.empty() || !peer.body.empty()) {
      iovec parts[2] = {{peer.out.data(), peer.out.size()},
                        {const_cast<char*>(peer.body.data()), peer.body.size()}};
      msghdr message{};
      message.msg_iov = parts;
      message.msg_iovlen = 2;
      const ssize_t sent = sendmsg(peer.fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent < 0 && errno == EAGAIN) break;
      if (sent < 0) {
        Close(peer);
        return false;
      }
      const std::size_t head = std::min(peer.out.size(), static_cast<std::size_t>(sent));
      peer.out.erase(0, head);
      peer.body.remove_prefix(static_cast<std::size_t>(sent) - head);
    }
    const bool wants = !peer.out.empty() || !peer.body.empty();
    if (wants == peer.wants_write) return true;
    peer.wants_write = wants;
    epoll_event event{};
    event.events = EPOLLIN | (wants ? EPOLLOUT : 0U);
    event.data.ptr = &peer;
    epoll_ctl(epoll_, EPOLL_CTL_MOD, peer.fd, &event);
    return true;
  }

  void Read(Peer& peer) {
    const ssize_t got = recv(peer.fd, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return Close(peer);
    peer.in.append(buffer_.data(), static_cast<std::size_t>(got));
    if (peer.sink ? !Take(peer) : !Answered(peer)) return;
    Write(peer);
  }

  // The sink: commands and content, as far as they are there. False when the peer has gone.
  bool Take(Peer& peer) {
    std::size_t at = 0;
    while (at < peer.in.size()) {
      if (peer.in_data) {
        at = TakeContent(peer, at);
        continue;
      }
      const std::size_t end = peer.in.find("\r\n", at);
      if (end == std::string::npos) break;
      const std::string verb = base::UpperAscii(std::string_view(peer.in).substr(at, 4));
      at = end + 2;
      if (verb == "EHLO") {
        peer.out += "250-sink.bench.test\r\n250-PIPELINING\r\n250 8BITMIME\r\n";
      } else if (verb == "DATA") {
        peer.out += "354 go on\r\n";
        peer.in_data = true;
        peer.beginning.clear();
        peer.tail = "\r\n";
      } else if (verb == "QUIT") {
        peer.out += "221 bye\r\n";
      } else {
        peer.out += "250 2.0.0 ok\r\n";
      }
    }
    peer.in.erase(0, at);
    return true;
  }

  // Takes content from `at` on; gives where it went to.
  std::size_t TakeContent(Peer& peer, std::size_t at) {
    // The end may be cut: what came before is looked at again.
    const std::string_view fresh = std::string_view(peer.in).substr(at);
    std::string edge = peer.tail + std::string(fresh.substr(0, kEndOfData.size()));
    std::size_t end = edge.find(kEndOfData);
    if (end != std::string::npos) {
      end = end + kEndOfData.size() - peer.tail.size();
    } else {
      end = fresh.find(kEndOfData);
      if (end != std::string_view::npos) end += kEndOfData.size();
    }
    const bool whole = end != std::string_view::npos;
    const std::size_t taken = whole ? end : fresh.size();
    if (peer.beginning.size() < kMarkWithin)
      peer.beginning.append(fresh.substr(0, std::min(taken, kMarkWithin)));
    if (whole) {
      Arrived(peer);
      peer.in_data = false;
      peer.out += "250 2.0.0 Ok: queued\r\n";
    } else {
      peer.tail.append(fresh.substr(fresh.size() - std::min(fresh.size(), kEndOfData.size())));
      peer.tail.erase(0, peer.tail.size() - std::min(peer.tail.size(), kEndOfData.size() - 1));
    }
    return at + taken;
  }

  void Arrived(Peer& peer) {
    const std::size_t mark = peer.beginning.find(kMark);
    if (mark == std::string::npos) return Fail("a message without its mark arrived");
    const auto number = base::ParseUnsigned(
        std::string_view(peer.beginning).substr(mark + kMark.size(), kMarkBytes));
    if (number && *number < figures_.messages()) figures_.Arrived(*number, Now());  // of this run
  }

  // The generator: what a whole reply leads to. False when the peer has gone.
  bool Answered(Peer& peer) {
    const std::size_t end = peer.in.rfind("\r\n");
    if (end == std::string::npos || end + 2 != peer.in.size()) return true;
    const std::size_t line = peer.in.rfind("\r\n", end == 0 ? 0 : end - 1);
    const std::size_t last = line == std::string::npos ? 0 : line + 2;
    if (peer.in.size() < last + 4 || peer.in[last + 3] != ' ') return true;
    const char klass = peer.in[last];
    if (klass != '2' && klass != '3') Fail("the relay said " + peer.in.substr(last));
    peer.in.clear();
    Next(peer);
    if (peer.step != Peer::Step::kQuit || !peer.out.empty()) return true;
    Close(peer);
    return false;
  }

  void Next(Peer& peer) {
    using Step = Peer::Step;
    switch (peer.step) {
      case Step::kGreeting:
        peer.out = "EHLO load.bench.test\r\n";
        peer.step = Step::kHello;
        break;
      case Step::kDot:
        figures_.of(peer.message).accepted = Now();
        [[fallthrough]];
      case Step::kHello:
        Begin(peer);
        break;
      case Step::kMail: {
        const std::size_t to = peer.message % options_.destinations;
        peer.out = base::Cat("RCPT TO:<recipient@", to / 250, "-", to % 250 + 1, ".test>\r\n");
        peer.step = Step::kRecipient;
        break;
      }
      case Step::kRecipient:
        peer.out = "DATA\r\n";
        peer.step = Step::kData;
        break;
      case Step::kData: {
        std::string number = std::to_string(peer.message);
        number.insert(0, kMarkBytes - number.size(), '0');
        peer.out =
            base::Cat("Subject: bench\r\nFrom: <sender@bench.test>\r\n", kMark, number, "\r\n");
        peer.body = bodies_[peer.message % bodies_.size()];
        peer.step = Step::kDot;
        figures_.of(peer.message).dot = Now();
        break;
      }
      case Step::kQuit:
        break;
    }
  }

  // The next message, when its time has come.
  void Begin(Peer& peer) {
    using Step = Peer::Step;
    if (options_.rate > 0 && next_ < options_.messages && Now() < DueOf(next_)) {
      idle_.push_back(&peer);
      return;
    }
    peer.message = next_++;
    peer.step = peer.message < options_.messages ? Step::kMail : Step::kQuit;
    peer.out = peer.step == Step::kMail ? "MAIL FROM:<sender@bench.test>\r\n" : "QUIT\r\n";
  }

  Microseconds DueOf(std::size_t message) const {
    return static_cast<Microseconds>(message * 1'000'000 / options_.rate);
  }

  // Sessions that wait for the time of a message begin it; without one left they end.
  void BeginDue() {
    while (!failed_ && !idle_.empty() && (next_ >= options_.messages || Now() >= DueOf(next_))) {
      Peer& peer = *idle_.front();
      idle_.pop_front();
      Begin(peer);
      Write(peer);
    }
  }

  const Options options_;
  const Clock::time_point start_ = Clock::now();
  Figures figures_;
  std::vector<std::string> bodies_;
  std::vector<char> buffer_ = std::vector<char>(256 * 1024);
  std::unordered_map<int, std::unique_ptr<Peer>> peers_;
  int epoll_ = -1;
  int listener_ = -1;
  std::size_t next_ = 0;
  std::deque<Peer*> idle_;  // sessions that wait for the time of a message
  bool failed_ = false;
};

}  // namespace postern::bench
