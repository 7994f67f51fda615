// services/mailbox-transport/admin/unary_calls.h
//
// UnaryCalls: the calls of one gRPC service that are answered by a fiber; and the answers that
// need none.
//
// Flow      Begun(call, task) for each; the status of the task ends the call.
// Failure   kResourceExhausted when there are too many calls at a time.
// Lifetime  Everything that a task uses outlives this. Destroyed from a thread that runs no
//           executor: what is under way is stopped and waited for.
// Limits    `calls_max` calls at a time.

#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

#include "absl/status/status.h"
#include <grpcpp/grpcpp.h>

#include "common/io/executor.h"
#include "common/io/scope.h"
#include "common/io/task.h"
#include "common/rpc/server.h"

namespace postern::admin {

// A call that is over at once.
inline grpc::ServerUnaryReactor* Finished(grpc::CallbackServerContext& call,
                                          const absl::Status& status) {
  grpc::ServerUnaryReactor* const reactor = call.DefaultReactor();
  reactor->Finish(rpc::ToGrpc(status));
  return reactor;
}

// A stream that ends before its first message; it owns itself.
template <typename Response>
class RefusedStream final : public grpc::ServerWriteReactor<Response> {
 public:
  explicit RefusedStream(const absl::Status& status) { this->Finish(rpc::ToGrpc(status)); }

  void OnDone() override { delete this; }
};

class UnaryCalls {
 public:
  UnaryCalls(io::Executor& executor, std::size_t calls_max);
  ~UnaryCalls();
  UnaryCalls(const UnaryCalls&) = delete;
  UnaryCalls& operator=(const UnaryCalls&) = delete;

  // From any thread. Request and response may be used until the task ends.
  grpc::ServerUnaryReactor* Begun(grpc::CallbackServerContext& call, io::Task<absl::Status> task);

 private:
  io::Task<void> Serve(io::Task<absl::Status> task, grpc::ServerUnaryReactor* reactor);
  io::Task<void> End();

  io::Executor& executor_;
  const std::size_t calls_max_;
  std::unique_ptr<io::Scope> scope_;
  std::atomic<std::size_t> open_{0};
};

}  // namespace postern::admin
