// common/io/stream.h
//
// A byte stream: a TCP connection, TLS over one, or a pair in memory.
//
// Flow      SetDeadline, then Read or Write; again; Close.
// Failure   Read: 0 bytes is the end. kDeadlineExceeded: the deadline passed, the stream is dead.
//           kUnavailable: the connection broke. kCancelled: we are stopping, or Close was called.
// Lifetime  Buffers given to Read and Write must live until the Task ends. Destroying closes.
// Limits    One Read and one Write at a time. Every wait has the stream's deadline; the default is
//           kDeadlineDefault from the last SetDeadline or creation.

#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/io/endpoint.h"
#include "common/io/task.h"

namespace postern::io {

inline constexpr absl::Duration kDeadlineDefault = absl::Minutes(5);

class Stream {
 public:
  virtual ~Stream() = default;

  virtual Task<absl::StatusOr<std::size_t>> Read(char* into, std::size_t bytes_max) = 0;

  // Writes all of `parts`, in order, with as few system calls as possible.
  virtual Task<absl::Status> WriteAll(std::span<const std::string_view> parts) = 0;
  Task<absl::Status> Write(std::string_view bytes);

  // Reads and writes fail once this much time has passed. Costs no system call.
  virtual void SetDeadline(absl::Duration from_now) = 0;

  // Hands over what the system takes at once, without waiting and without a result: the last words
  // before Close. Not while a write is pending.
  virtual void Farewell(std::string_view bytes) { static_cast<void>(bytes); }

  // Ends the connection at once; pending reads and writes end with kCancelled.
  virtual void Close() = 0;

  // True when the peer closed or sent something while nobody was reading: an idle session is dead.
  virtual bool Disturbed() = 0;

  virtual Endpoint local() const = 0;
  virtual Endpoint remote() const = 0;
};

}  // namespace postern::io
