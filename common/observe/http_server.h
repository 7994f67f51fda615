// common/observe/http_server.h
//
// The HTTP door of a service: GET /metrics, /livez, /readyz.
//
// Flow      Start after the settings are read; SetReady(...) as checks change; destroying stops it.
// Failure   Start: kUnavailable "listen on 0.0.0.0:9717: address already in use".
//           An address that is not "<IP address>:<port>" is kInvalidArgument. A service is ready
//           unless `starting` or SetNotReady says otherwise.
// Limits    256 connections, 64 of one address, none kept; 16 KiB for a request; 5 s of silence;
//           nothing but GET and HEAD. Two threads, which no connection holds while it waits.

#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/observe/metrics.h"

namespace postern::observe {

class HttpServer {
 public:
  // `address` as "0.0.0.0:9717" or "[::]:9717"; port 0 takes a free one. `starting` is the check
  // that is not ready from the first request on, until SetReady(starting); empty is none.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(const std::string& address,
                                                           const Registry& registry,
                                                           const std::string& starting = "");
  // Whether Start can read the address; it opens nothing.
  static absl::Status CheckAddress(const std::string& address);
  ~HttpServer();

  // /readyz is 200 when every reason is gone, else 503 with one reason a line. A reason goes by
  // itself at `until`. Thread-safe.
  void SetNotReady(const std::string& check,
                   const std::string& reason,
                   absl::Time until = absl::InfiniteFuture());
  void SetReady(const std::string& check);

  // A check of /livez, which is 503 while any of them gives a reason. Thread-safe; `check` runs on
  // threads of the server until it is destroyed.
  void AddLiveCheck(std::function<std::string()> check);

  // Once it has returned nothing is read of the registry: what readings ask may go.
  void CloseMetrics();

  int port() const;

 private:
  struct State;
  explicit HttpServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace postern::observe
