// services/mailbox-transport/admin/upload.h
//
// Upload: one call by which a caller hands over a message in pieces; what the services Submission
// and Relay have in common.
//
// Flow      A service derives its call from Upload<Request> and takes the message in Take. It keeps
//           an UploadThreads: Enter before a call is taken, Next().SpawnFrom(Upload::Serve(call)),
//           Stop before the server stops.
// Failure   What Take returns is the status of the call.
// Lifetime  A call is shared by its fiber and by gRPC, which lets go in OnDone. UploadThreads is
//           destroyed after the rpc::Server; its Stop and destructor from a thread that runs no
//           executor.
// Limits    kUploadsMax calls of a service at a time, kUploadsPerCallerMax of one caller; a caller
//           may be silent for idle_timeout; content is read only as fast as it is kept.
// See       docs/architecture.md "accept"

#pragma once

#include <atomic>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include <grpcpp/grpcpp.h>

#include "common/base/text.h"
#include "common/io/completion.h"
#include "common/io/fiber.h"
#include "common/io/scope.h"
#include "common/rpc/server.h"

namespace postern::admin {

inline constexpr std::size_t kUploadsMax = 1000;
// One who keeps its calls open must not keep the others out.
inline constexpr std::size_t kUploadsPerCallerMax = kUploadsMax / 2;

inline constexpr char kUploadStopping[] = "421 4.3.2 the service is stopping";
inline constexpr char kUploadsFull[] = "421 4.3.2 too many calls at a time";
inline constexpr char kCallerFull[] = "421 4.3.2 too many calls of this caller at a time";

// Where the calls of one service run: a scope on each executor.
class UploadThreads {
 public:
  explicit UploadThreads(const std::vector<io::Executor*>& executors);
  ~UploadThreads();
  UploadThreads(const UploadThreads&) = delete;
  UploadThreads& operator=(const UploadThreads&) = delete;

  // What a call of `caller` holds as long as it lives, or why none can be taken. From gRPC's
  // threads, as are the others.
  absl::StatusOr<std::shared_ptr<void>> Enter(const std::string& caller);

  io::Scope& Next() { return *scopes_[next_++ % scopes_.size()]; }

  // New calls are refused from now on; those under way have `grace`.
  void Stop(absl::Duration grace);

 private:
  // Shared with the calls, which may end later.
  struct Open {
    std::mutex mutex;
    std::size_t all = 0;
    std::map<std::string, std::size_t> by_caller;
  };

  std::vector<std::unique_ptr<io::Scope>> scopes_;
  std::atomic<std::size_t> next_{0};
  std::atomic<bool> stopping_{false};
  std::shared_ptr<Open> open_ = std::make_shared<Open>();
};

// Refuses a call with a status.
template <typename Request>
class RefusedUpload final : public grpc::ServerReadReactor<Request> {
 public:
  explicit RefusedUpload(const absl::Status& status) { this->Finish(rpc::ToGrpc(status)); }

  void OnDone() override { delete this; }
};

// Its fiber reads, one message at a time, and is the only one to finish it, as its last act; gRPC's
// threads only complete what the fiber waits for.
template <typename Request>
class Upload : public grpc::ServerReadReactor<Request> {
 public:
  Upload(io::Executor& executor, std::shared_ptr<void> counted, absl::Duration idle_timeout)
      : executor_(executor), idle_timeout_(idle_timeout), counted_(std::move(counted)) {}

  static io::Task<void> Serve(std::shared_ptr<Upload> upload) {
    upload->self_ = upload;
    const absl::Status status = co_await upload->Take();
    upload->Finish(rpc::ToGrpc(status));
  }

  void OnReadDone(bool ok) override { read_->Set(ok); }

  void OnSendInitialMetadataDone(bool ok) override { confirmed_->Set(ok); }

  void OnDone() override {
    // The executor may be using what this owns until the fiber's end.
    executor_.Post([self = std::move(self_)] {});
  }

 protected:
  enum class Read { kFrame, kEnd, kLate };

  virtual io::Task<absl::Status> Take() = 0;

  // The next message is in frame().
  io::Task<Read> Next() {
    read_ = std::make_shared<io::Completion<bool>>(executor_);
    this->StartRead(&frame_);
    const std::optional<bool> got = co_await read_->Until(idle_timeout_);
    if (!got) co_return Read::kLate;
    co_return *got ? Read::kFrame : Read::kEnd;
  }

  // A broken connection ends the reading just as the caller's last message does, but then nothing
  // can be sent any more: without this a part of a message could pass for the whole.
  io::Task<bool> EndedByCaller() {
    constexpr absl::Duration kConfirmTimeout = absl::Seconds(30);
    confirmed_ = std::make_shared<io::Completion<bool>>(executor_);
    this->StartSendInitialMetadata();
    const std::optional<bool> sent = co_await confirmed_->Until(kConfirmTimeout);
    co_return sent.value_or(false);
  }

  static bool Stopped() { return io::Fiber::Current()->cancelled(); }

  absl::Status Late() const {
    if (Stopped()) return absl::UnavailableError(kUploadStopping);
    return base::Error(absl::StatusCode::kDeadlineExceeded, "no message of the stream came for ",
                       absl::ToInt64Seconds(idle_timeout_), " s");
  }

  Request& frame() { return frame_; }

 private:
  io::Executor& executor_;
  const absl::Duration idle_timeout_;
  const std::shared_ptr<void> counted_;
  Request frame_;
  std::shared_ptr<io::Completion<bool>> read_;
  std::shared_ptr<io::Completion<bool>> confirmed_;
  std::shared_ptr<Upload> self_;
};

}  // namespace postern::admin
