// services/mailbox-transport/admin/fiber_calls.h
//
// FiberCalls: the calls of one gRPC service that are answered by a fiber; and the answers that
// need none.
//
// Flow      Begun(call, task) for each call with one answer; the status of the task ends the call.
//           Streamed(stream) for each that is answered piece by piece.
// Failure   kResourceExhausted when there are too many calls at a time; kUnavailable after Stop.
// Lifetime  Everything that a task uses outlives this. Destroyed from a thread that runs no
//           executor: what is under way is stopped and waited for.
// Limits    `calls_max` calls at a time.

#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include <grpcpp/grpcpp.h>

#include "common/io/executor.h"
#include "common/io/scope.h"
#include "common/io/task.h"
#include "common/rpc/server.h"
#include "services/mailbox-transport/admin/streamed_call.h"

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

class FiberCalls {
 public:
  FiberCalls(io::Executor& executor, std::size_t calls_max);
  ~FiberCalls();
  FiberCalls(const FiberCalls&) = delete;
  FiberCalls& operator=(const FiberCalls&) = delete;

  // From any thread. Request and response may be used until the task ends.
  grpc::ServerUnaryReactor* Begun(grpc::CallbackServerContext& call, io::Task<absl::Status> task);

  // From any thread; `stream` lives until gRPC is done with it.
  template <typename Response>
  grpc::ServerWriteReactor<Response>* Streamed(std::shared_ptr<StreamedCall<Response>> stream) {
    const absl::Status room = Room();
    if (!room.ok()) return new RefusedStream<Response>(room);
    ++open_;
    grpc::ServerWriteReactor<Response>* const reactor = stream.get();
    scope_->SpawnFrom(Counted(StreamedCall<Response>::Serve(std::move(stream))));
    return reactor;
  }

  // From any thread: fibers that sleep wake up, and no call begins any more.
  void Stop();

 private:
  absl::Status Room() const;
  io::Task<void> Counted(io::Task<void> call);
  io::Task<void> Serve(io::Task<absl::Status> task, grpc::ServerUnaryReactor* reactor);
  io::Task<void> End();

  io::Executor& executor_;
  const std::size_t calls_max_;
  std::unique_ptr<io::Scope> scope_;
  std::atomic<std::size_t> open_{0};
  std::atomic<bool> stopped_{false};
};

}  // namespace postern::admin
