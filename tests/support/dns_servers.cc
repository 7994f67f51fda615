#include "tests/support/dns_servers.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/check.h"
#include "common/base/text.h"

extern char** environ;

namespace postern::testing {
namespace {

sockaddr_in Loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

const sockaddr* Generic(const sockaddr_in& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

std::uint16_t PortOf(int socket) {
  sockaddr_in address{};
  socklen_t length = sizeof(address);
  POSTERN_CHECK(getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length) == 0);
  return ntohs(address.sin_port);
}

// A port that is free for UDP and TCP at this moment.
std::uint16_t FreePort() {
  for (int i = 0; i < 100; ++i) {
    const int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const int tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = Loopback(0);
    POSTERN_CHECK(bind(udp, Generic(address), sizeof(address)) == 0);
    address = Loopback(PortOf(udp));
    const bool both = bind(tcp, Generic(address), sizeof(address)) == 0;
    const std::uint16_t port = ntohs(address.sin_port);
    close(udp);
    close(tcp);
    if (both) return port;
  }
  POSTERN_CHECK(!"no free port");
  return 0;
}

bool Listens(std::uint16_t port) {
  const int tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Loopback(port);
  const bool connected = connect(tcp, Generic(address), sizeof(address)) == 0;
  close(tcp);
  return connected;
}

// dnsmasq would otherwise become another user.
std::string UserName() {
  const passwd* const user = getpwuid(getuid());
  return user != nullptr ? user->pw_name : "root";
}

pid_t Spawn(const std::vector<std::string>& arguments) {
  std::vector<char*> argv;
  for (const auto& argument : arguments)
    argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  pid_t pid = -1;
  POSTERN_CHECK(posix_spawn(&pid, argv[0], nullptr, nullptr, argv.data(), environ) == 0);
  return pid;
}

}  // namespace

Dnsmasq::Dnsmasq(const std::vector<std::string>& options) {
  const std::uint16_t port = FreePort();
  server_ = base::Cat("127.0.0.1:", port);
  std::vector<std::string> arguments = {"/usr/sbin/dnsmasq",
                                        "--keep-in-foreground",
                                        "--conf-file=/dev/null",
                                        "--no-resolv",
                                        "--no-hosts",
                                        "--pid-file",
                                        "--bind-interfaces",
                                        "--listen-address=127.0.0.1",
                                        "--local=/test/",
                                        "--log-facility=/dev/null",
                                        "--user=" + UserName(),
                                        base::Cat("--port=", port)};
  arguments.insert(arguments.end(), options.begin(), options.end());
  pid_ = Spawn(arguments);
  for (int i = 0; i < 1000 && !Listens(port); ++i) {
    POSTERN_CHECK(waitpid(pid_, nullptr, WNOHANG) == 0);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  POSTERN_CHECK(Listens(port));
}

Dnsmasq::~Dnsmasq() {
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

ScriptedDns::ScriptedDns(Answerer answer) : answer_(std::move(answer)) {
  const std::uint16_t port = FreePort();
  const sockaddr_in address = Loopback(port);
  socket_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  POSTERN_CHECK(bind(socket_, Generic(address), sizeof(address)) == 0);
  POSTERN_CHECK(bind(listener_, Generic(address), sizeof(address)) == 0);
  POSTERN_CHECK(listen(listener_, 16) == 0);
  server_ = base::Cat("127.0.0.1:", port);
  thread_ = std::thread([this] { Loop(); });
}

ScriptedDns::~ScriptedDns() {
  stopping_ = true;
  thread_.join();
  close(socket_);
  close(listener_);
}

void ScriptedDns::Loop() {
  while (!stopping_) {
    pollfd waiting[2] = {{socket_, POLLIN, 0}, {listener_, POLLIN, 0}};
    constexpr int kLookUpMs = 20;
    if (poll(waiting, 2, kLookUpMs) <= 0) continue;
    if ((waiting[0].revents & POLLIN) != 0) AnswerDatagram();
    if ((waiting[1].revents & POLLIN) != 0) AnswerConnection();
  }
}

void ScriptedDns::AnswerDatagram() {
  char buffer[4096];
  sockaddr_in peer{};
  socklen_t length = sizeof(peer);
  const ssize_t bytes =
      recvfrom(socket_, buffer, sizeof(buffer), 0, reinterpret_cast<sockaddr*>(&peer), &length);
  if (bytes <= 0) return;
  ++questions_;
  const std::string out = answer_(std::string(buffer, static_cast<std::size_t>(bytes)));
  if (!out.empty()) sendto(socket_, out.data(), out.size(), 0, Generic(peer), length);
}

// One question of a connection, with the length in front of it (RFC 1035 §4.2.2).
void ScriptedDns::AnswerConnection() {
  const int stream = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (stream < 0) return;
  const timeval patience{1, 0};
  POSTERN_CHECK(setsockopt(stream, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0);
  unsigned char head[2];
  char buffer[4096];
  if (recv(stream, head, 2, MSG_WAITALL) == 2) {
    const auto size = static_cast<std::size_t>(head[0] << 8 | head[1]);
    const ssize_t bytes = recv(stream, buffer, std::min(size, sizeof(buffer)), MSG_WAITALL);
    if (bytes > 0) {
      ++questions_;
      ++tcp_questions_;
      std::string out = answer_(std::string(buffer, static_cast<std::size_t>(bytes)));
      const char length[2] = {static_cast<char>(out.size() >> 8), static_cast<char>(out.size())};
      if (!out.empty()) out.insert(0, length, 2);
      if (!out.empty()) send(stream, out.data(), out.size(), MSG_NOSIGNAL);
    }
  }
  close(stream);
}

ScriptedDns::Answerer ScriptedDns::Silence() {
  return [](const std::string&) { return std::string(); };
}

namespace {

// The header and the question, without records.
std::string Echo(const std::string& question, int code) {
  std::size_t end = 12;
  while (question[end] != '\0')
    end += 1u + static_cast<unsigned char>(question[end]);
  std::string out = question.substr(0, end + 5);
  out[2] = static_cast<char>(0x81);
  out[3] = static_cast<char>(0x80 | code);
  for (std::size_t i = 6; i < 12; ++i)
    out[i] = '\0';
  return out;
}

}  // namespace

ScriptedDns::Answerer ScriptedDns::Code(int code) {
  return [code](const std::string& question) { return Echo(question, code); };
}

ScriptedDns::Answerer ScriptedDns::Bytes(std::string record) {
  return [record = std::move(record)](const std::string& question) {
    std::string out = Echo(question, 0);
    out[7] = 1;
    return out + record;
  };
}

ScriptedDns::Answerer ScriptedDns::LowerBytes(std::string record) {
  return [answer = Bytes(std::move(record))](const std::string& question) {
    // Codes and counts are no letters; the id may hold some.
    return question.substr(0, 2) + base::LowerAscii(answer(question)).substr(2);
  };
}

}  // namespace postern::testing
