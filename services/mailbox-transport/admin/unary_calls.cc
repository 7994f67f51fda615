#include "services/mailbox-transport/admin/unary_calls.h"

#include <utility>

namespace postern::admin {

UnaryCalls::UnaryCalls(io::Executor& executor, std::size_t calls_max)
    : executor_(executor), calls_max_(calls_max) {
  executor_.Run([this] { scope_ = std::make_unique<io::Scope>(executor_); });
}

UnaryCalls::~UnaryCalls() {
  io::RunTask(executor_, End());
  executor_.Run([this] { scope_.reset(); });
}

grpc::ServerUnaryReactor* UnaryCalls::Begun(grpc::CallbackServerContext& call,
                                            io::Task<absl::Status> task) {
  if (open_ >= calls_max_) {
    return Finished(call, absl::ResourceExhaustedError("too many calls at a time, try again"));
  }
  ++open_;
  grpc::ServerUnaryReactor* const reactor = call.DefaultReactor();
  scope_->SpawnFrom(Serve(std::move(task), reactor));
  return reactor;
}

// Request and response live until the reactor is finished, which is the fiber's last act.
io::Task<void> UnaryCalls::Serve(io::Task<absl::Status> task, grpc::ServerUnaryReactor* reactor) {
  const absl::Status status = co_await std::move(task);
  --open_;
  reactor->Finish(rpc::ToGrpc(status));
}

io::Task<void> UnaryCalls::End() {
  scope_->Stop();
  co_await scope_->Join();
}

}  // namespace postern::admin
