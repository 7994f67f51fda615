// tests/support/dns_servers.h
//
// DNS servers on loopback: a real dnsmasq, and one that answers what a test tells it to.
//
// Flow      Dnsmasq dns({"--mx-host=a.test,mx.a.test,10"});  ask dns.server(), "127.0.0.1:40053".
// Failure   A dnsmasq that does not start within 10 s ends the process.
// Lifetime  The server ends with its object.

#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <sys/types.h>

namespace postern::testing {

// Knows nothing but what `options` say, and everything under .test; other names it refuses.
class Dnsmasq {
 public:
  explicit Dnsmasq(const std::vector<std::string>& options);
  ~Dnsmasq();
  Dnsmasq(const Dnsmasq&) = delete;
  Dnsmasq& operator=(const Dnsmasq&) = delete;

  const std::string& server() const { return server_; }

 private:
  pid_t pid_ = -1;
  std::string server_;
};

// Answers by UDP and TCP with what `answer` makes of each question; "" is silence.
class ScriptedDns {
 public:
  using Answerer = std::function<std::string(const std::string& question)>;

  explicit ScriptedDns(Answerer answer);
  ~ScriptedDns();
  ScriptedDns(const ScriptedDns&) = delete;
  ScriptedDns& operator=(const ScriptedDns&) = delete;

  const std::string& server() const { return server_; }

  int questions() const { return questions_.load(); }

  // Of these by TCP.
  int tcp_questions() const { return tcp_questions_.load(); }

  static Answerer Silence();
  // The question back with this response code.
  static Answerer Code(int code);
  // The question back, claiming one record, followed by these bytes.
  static Answerer Bytes(std::string record);
  // The same, with the question's letters in lower case.
  static Answerer LowerBytes(std::string record);

 private:
  void Loop();
  void AnswerDatagram();
  void AnswerConnection();

  int socket_ = -1;
  int listener_ = -1;
  Answerer answer_;
  std::string server_;
  std::atomic<int> questions_{0};
  std::atomic<int> tcp_questions_{0};
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace postern::testing
