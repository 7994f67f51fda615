// services/mailbox-transport/admin/streamed_call.h
//
// StreamedCall: a call that a fiber answers piece by piece.
//
// Flow      Derive with Run(), which awaits Write(...) for each piece; give it to
//           FiberCalls::Streamed. The status of Run() ends the call.
// Failure   Write: kCancelled when the caller has gone, kResourceExhausted when it is too slow.
// Lifetime  Lives until both the fiber and gRPC are done with it.
// Limits    One piece at a time; `write_max` for it to be taken.

#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include <grpcpp/grpcpp.h>

#include "common/base/text.h"
#include "common/io/completion.h"
#include "common/io/task.h"
#include "common/rpc/server.h"

namespace postern::admin {

template <typename Response>
class StreamedCall : public grpc::ServerWriteReactor<Response> {
 public:
  // The whole answer, on the executor of the calls.
  static io::Task<void> Serve(std::shared_ptr<StreamedCall> stream) {
    stream->self_ = stream;
    const absl::Status end = co_await stream->Run();
    stream->Finish(rpc::ToGrpc(end));
  }

  void OnWriteDone(bool ok) override { written_->Set(ok); }

  void OnDone() override {
    // The fiber may be using what this owns until its end.
    executor_.Post([self = std::move(self_)] {});
  }

 protected:
  StreamedCall(io::Executor& executor, grpc::CallbackServerContext& call)
      : executor_(executor), call_(call) {}

  virtual io::Task<absl::Status> Run() = 0;

  bool Gone() const { return call_.IsCancelled(); }

  // `piece` stays as it is until this returns; `too_slow` says what the caller may do.
  io::Task<absl::Status> Write(const Response& piece,
                               absl::Duration write_max,
                               std::string_view too_slow) {
    written_ = std::make_shared<io::Completion<bool>>(executor_);
    this->StartWrite(&piece);
    const std::optional<bool> taken = co_await written_->Until(write_max);
    if (taken) co_return *taken ? absl::OkStatus() : absl::CancelledError("the caller has gone");
    call_.TryCancel();  // ends the write
    co_await written_->Wait();
    co_return base::Error(absl::StatusCode::kResourceExhausted, too_slow);
  }

 private:
  io::Executor& executor_;
  grpc::CallbackServerContext& call_;
  std::shared_ptr<io::Completion<bool>> written_;
  std::shared_ptr<StreamedCall> self_;
};

}  // namespace postern::admin
