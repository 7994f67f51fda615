// common/io/dialer.h
//
// The dialer seam: opens outbound connections.
//
// Failure   kUnavailable with the system's words, kDeadlineExceeded, kCancelled:
//           "open 192.0.2.1:25: connection refused". kFailedPrecondition: `source` is not an
//           address of this machine, or cannot be used now.
// Limits    `timeout` bounds the whole of it.

#pragma once

#include <memory>
#include <optional>

#include "absl/status/statusor.h"

#include "common/io/stream.h"

namespace postern::io {

class Dialer {
 public:
  virtual ~Dialer() = default;

  virtual Task<absl::StatusOr<std::unique_ptr<Stream>>> Dial(Endpoint remote,
                                                             std::optional<IpAddress> source,
                                                             absl::Duration timeout) = 0;
};

// Dials by TCP on the executor of the caller.
class TcpDialer final : public Dialer {
 public:
  Task<absl::StatusOr<std::unique_ptr<Stream>>> Dial(Endpoint remote,
                                                     std::optional<IpAddress> source,
                                                     absl::Duration timeout) override;
};

}  // namespace postern::io
