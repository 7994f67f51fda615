// common/io/door.h
//
// Door: accepts the connections of a foreign server, so many at a time and so many of one source.
//
// Flow      Open; Start(take) once the server runs, which gets each connection; Stop before the
//           server stops.
// Failure   Open: kUnavailable "listen on 0.0.0.0:7171: address already in use". Without a free
//           descriptor it waits kPause and goes on; gRPC's own listener never accepts again then.
// Lifetime  `take` is called on a thread of the door, until Stop has returned, and owns what it
//           gets.
// Limits    DoorLimits; who comes when the door is full waits in the backlog, kBacklog at most. A
//           connection of a source that has its share is closed.
// See       CVE-2023-4785; common/rpc/server.h

#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include <sys/types.h>

#include "common/io/endpoint.h"

namespace postern::io {

struct DoorLimits {
  int connections = 1000;
  int of_one_source = 200;  // an IPv4 address, or the /64 of an IPv6 address
};

class Door {
 public:
  using Take = std::function<void(int listener, int connection)>;

  static constexpr int kBacklog = 128;
  static constexpr absl::Duration kPause = absl::Milliseconds(100);

  // "0.0.0.0:7171", "[::]:7171" for both families, "localhost:7171"; port 0 takes a free one.
  static absl::StatusOr<std::unique_ptr<Door>> Open(const std::string& address,
                                                    const DoorLimits& limits);
  ~Door();
  Door(const Door&) = delete;
  Door& operator=(const Door&) = delete;

  int port() const;

  void Start(Take take);
  // Closes the listeners; connections that were taken stay.
  void Stop();

 private:
  struct State;
  explicit Door(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Those that were taken and are open, by what the system says of their descriptors: the server
// need not tell when it closes one. One thread at a time.
class OpenConnections {
 public:
  explicit OpenConnections(const DoorLimits& limits) : limits_(limits) {}

  bool Full();
  // False when its source has its share.
  bool Take(int connection, const IpAddress& from);

 private:
  struct Taken {
    int descriptor;
    ino_t socket;
    IpAddress source;
  };

  int Of(const IpAddress& source) const;
  void ForgetClosed();

  const DoorLimits limits_;
  std::vector<Taken> taken_;
};

}  // namespace postern::io
