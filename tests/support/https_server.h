// tests/support/https_server.h
//
// A web server on loopback that says what the test wrote down, over TLS.
//
// Flow      HttpsServer web(ca.Issue(ForHost("www.test")));  web.Serves("hello\n");  then a client
//           asks 127.0.0.1 at web.port().
// Lifetime  A thread of its own; may be told something new at any time, for the next request.
// Limits    The head of a request: at most 16 KiB.

#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

#include "common/io/executor.h"
#include "common/io/listener.h"
#include "common/io/scope.h"
#include "common/io/stream.h"
#include "common/tls/context.h"
#include "tests/support/certificates.h"

namespace postern::testing {

class HttpsServer {
 public:
  explicit HttpsServer(const CertificateFiles& certificate, std::string_view address = "127.0.0.1");
  ~HttpsServer();
  HttpsServer(const HttpsServer&) = delete;
  HttpsServer& operator=(const HttpsServer&) = delete;

  // Shows this one from the next connection on.
  void Shows(const CertificateFiles& certificate);
  // Each request gets status 200 with this body.
  void Serves(std::string body, std::string_view content_type = "text/plain");
  // Each request gets this status line and body, and these header lines.
  void Answers(std::string_view status, std::string_view headers = "", std::string_view body = "");
  // Each request gets these bytes, and then the end of the connection.
  void Says(std::string bytes);
  // Each request is read and never answered.
  void Stalls();
  // What is said goes a byte at a time.
  void Drips(absl::Duration between);
  // No connection comes about any more.
  void Leaves();

  std::uint16_t port() const { return port_; }

  // The heads of the requests so far: "GET / HTTP/1.1\r\nHost: ...".
  std::vector<std::string> heard() const;

  std::size_t requests() const { return heard().size(); }

  // Connections, whatever became of them.
  int connections() const;
  // Waits until there were so many requests; false when they do not come.
  bool WaitFor(std::size_t requests) const;

 private:
  struct Script {
    std::string bytes;
    bool stays = false;  // for the next request
    bool stalls = false;
    absl::Duration between = absl::ZeroDuration();
  };

  io::Task<void> Accept();
  io::Task<void> Talk(std::unique_ptr<io::Stream> stream);
  // False at the end of the connection.
  io::Task<bool> Take(io::Stream& stream);
  io::Task<bool> Say(io::Stream& stream, Script script);
  Script Hear(std::string head);

  mutable std::mutex mutex_;
  Script script_;
  std::vector<std::string> heard_;
  int connections_ = 0;
  tls::ServerContext context_;
  io::Executor executor_{"https-server"};
  std::unique_ptr<io::Scope> scope_;
  std::unique_ptr<io::Listener> listener_;
  std::uint16_t port_ = 0;
};

}  // namespace postern::testing
