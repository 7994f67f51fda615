#include "services/mailbox-transport/admin/fiber_calls.h"

#include "common/base/text.h"

namespace postern::admin {

FiberCalls::FiberCalls(io::Executor& executor, std::size_t calls_max)
    : executor_(executor), calls_max_(calls_max) {
  executor_.Run([this] { scope_ = std::make_unique<io::Scope>(executor_); });
}

FiberCalls::~FiberCalls() {
  io::RunTask(executor_, End());
  executor_.Run([this] { scope_.reset(); });
}

grpc::ServerUnaryReactor* FiberCalls::Begun(grpc::CallbackServerContext& call,
                                            io::Task<absl::Status> task) {
  const absl::Status room = Room();
  if (!room.ok()) return Finished(call, room);
  ++open_;
  grpc::ServerUnaryReactor* const reactor = call.DefaultReactor();
  scope_->SpawnFrom(Serve(std::move(task), reactor));
  return reactor;
}

void FiberCalls::Stop() {
  stopped_ = true;
  executor_.Run([this] { scope_->Stop(); });
}

absl::Status FiberCalls::Room() const {
  if (stopped_) return absl::UnavailableError("stopping");
  if (open_ < calls_max_) return absl::OkStatus();
  return base::Error(absl::StatusCode::kResourceExhausted, "there are ", calls_max_,
                     " such calls already, try again");
}

// Request and response live until the reactor is finished, which is the fiber's last act.
io::Task<void> FiberCalls::Serve(io::Task<absl::Status> task, grpc::ServerUnaryReactor* reactor) {
  const absl::Status status = co_await std::move(task);
  --open_;
  reactor->Finish(rpc::ToGrpc(status));
}

io::Task<void> FiberCalls::Counted(io::Task<void> call) {
  co_await std::move(call);
  --open_;
}

io::Task<void> FiberCalls::End() {
  scope_->Stop();
  co_await scope_->Join();
}

}  // namespace postern::admin
