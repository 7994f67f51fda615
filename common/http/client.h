// common/http/client.h
//
// A client that gets small documents over HTTPS.
//
// Flow      Make; Get from fibers of any executor.
// Failure   kUnauthenticated: the certificate does not prove the name. kFailedPrecondition: another
//           status than 200, redirects included. kOutOfRange: longer than allowed.
//           kDeadlineExceeded: not whole in time. kUnavailable: no connection, or it broke.
//           kResourceExhausted: too many requests wait. kInvalidArgument: no such request is made.
//           Make: kNotFound for a CA file that cannot be read.
// Lifetime  A thread of its own. Destroyed with requests under way, these end with kCancelled. A
//           cancelled fiber ends at once, and its executor is not touched afterwards.
// Limits    Options; 64 KiB of headers, 16 addresses. TLS 1.2 or later. No redirects, proxies,
//           cookies, compression, or names that are looked up: the caller gives the addresses.
// See       RFC 9110; RFC 8461 §3.3

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/io/endpoint.h"
#include "common/io/task.h"

namespace postern::http {

struct Request {
  std::string host;  // A-labels; for the certificate too
  std::string path = "/";
  std::uint16_t port = 443;
  std::vector<io::IpAddress> addresses;                // of `host`; both families are tried
  absl::Duration time_max = absl::InfiniteDuration();  // when it is less than that of the client
};

struct Response {
  std::string body;
  std::string content_type;  // as the server wrote it; empty without one
};

class Client {
 public:
  struct Options {
    std::string ca_file;  // empty: the system's trust store
    std::size_t body_bytes_max = 64 * 1024;
    absl::Duration time_max = absl::Seconds(60);  // from Get to the last byte
    std::size_t under_way_max = 64;
    std::size_t waiting_max = 1000;
  };

  static absl::StatusOr<std::unique_ptr<Client>> Make(Options options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // The body of an answer with status 200.
  io::Task<absl::StatusOr<Response>> Get(Request request);

 private:
  struct State;
  explicit Client(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace postern::http
