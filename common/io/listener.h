// common/io/listener.h
//
// A listening TCP socket.
//
// Flow      Open; Accept in a loop; Close.
// Failure   Open: kUnavailable "listen on 0.0.0.0:2525: address already in use". Accept: kCancelled
//           after Close or Scope::Stop; kUnavailable for a passing error (out of descriptors).
// Lifetime  Made and used on one executor.

#pragma once

#include <memory>

#include "absl/status/statusor.h"

#include "common/io/executor.h"
#include "common/io/stream.h"

namespace postern::io {

class Listener {
 public:
  // Port 0 takes a free port; see endpoint(). `shared` lets several executors listen on one port.
  static absl::StatusOr<std::unique_ptr<Listener>> Open(Executor& executor,
                                                        Endpoint at,
                                                        bool shared = false);
  ~Listener();

  Task<absl::StatusOr<std::unique_ptr<Stream>>> Accept();
  void Close();
  Endpoint endpoint() const;

 private:
  struct State;
  explicit Listener(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace postern::io
