#include "common/rpc/directory_client.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#include <grpcpp/grpcpp.h>

#include "common/rpc/credentials.h"
#include "common/rpc/server.h"
#include "postern/v1/directory.grpc.pb.h"

namespace postern::rpc {

namespace {

using Response = v1::WatchResourcesResponse;

// The hold lets Next start a read whenever its caller comes; it is let go when a read has failed,
// or none is to follow. Outlives its call: with it goes the call's share of the channel, and the
// last share let go by a thread of gRPC has that thread wait for itself.
class WatchCall final : public grpc::ClientReadReactor<Response> {
 public:
  explicit WatchCall(const v1::WatchResourcesRequest& request) : request_(request) {}

  void Begin(v1::Directory::Stub& stub) {
    stub.async()->Watch(&call_, &request_, this);
    AddHold();
    reading_ = true;
    StartRead(&incoming_);
    StartCall();
  }

  absl::StatusOr<Response> Next(absl::Duration within) {
    std::unique_lock lock(mutex_);
    const bool came =
        wake_.wait_for(lock, absl::ToChronoNanoseconds(within), [this] { return full_ || done_; });
    if (!came) return absl::DeadlineExceededError("nothing was heard");
    if (!full_) return end_;
    Response taken;
    taken.Swap(&incoming_);
    full_ = false;
    if (held_ && !cancelled_) {
      reading_ = true;
      StartRead(&incoming_);
    }
    return taken;
  }

  void Cancel() {
    const std::lock_guard lock(mutex_);
    if (std::exchange(cancelled_, true)) return;
    call_.TryCancel();
    if (!reading_) LetGo();
  }

  // After Cancel: until gRPC has told of the end.
  void AwaitEnd() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return done_; });
  }

  void OnReadDone(bool ok) override {
    const std::lock_guard lock(mutex_);
    reading_ = false;
    full_ = ok;
    if (!ok || cancelled_) LetGo();
    wake_.notify_all();
  }

  void OnDone(const grpc::Status& status) override {
    const std::lock_guard lock(mutex_);
    done_ = true;
    end_ = status.ok() ? absl::UnavailableError("the watch was ended") : FromGrpc(status);
    wake_.notify_all();
  }

 private:
  void LetGo() {
    if (std::exchange(held_, false)) RemoveHold();
  }

  const v1::WatchResourcesRequest request_;
  grpc::ClientContext call_;

  std::mutex mutex_;  // gRPC's threads and the one that follows
  std::condition_variable wake_;
  Response incoming_;
  bool reading_ = false;
  bool full_ = false;
  bool held_ = true;
  bool cancelled_ = false;
  bool done_ = false;
  absl::Status end_;
};

class GrpcWatch final : public WatchStream {
 public:
  GrpcWatch(v1::Directory::Stub& stub, const v1::WatchResourcesRequest& request) : call_(request) {
    call_.Begin(stub);
  }

  ~GrpcWatch() override {
    call_.Cancel();
    call_.AwaitEnd();
  }

  absl::StatusOr<Response> Next(absl::Duration within) override { return call_.Next(within); }

  void Cancel() override { call_.Cancel(); }

 private:
  WatchCall call_;
};

}  // namespace

DirectoryClient::DirectoryClient(std::shared_ptr<grpc::Channel> channel)
    : channel_(std::move(channel)) {}

DirectoryClient::~DirectoryClient() = default;

absl::StatusOr<std::unique_ptr<DirectoryClient>> DirectoryClient::Make(const RpcSettings& settings,
                                                                       const std::string& address) {
  ChannelTerms terms;
  terms.connect = absl::Milliseconds(500);
  terms.retry_first = absl::Milliseconds(200);
  terms.retry_max = absl::Seconds(2);
  terms.receive_bytes_max = *settings.frame_bytes_max;
  auto channel = OpenChannel(settings, address, terms);
  if (!channel.ok()) return channel.status();
  return std::unique_ptr<DirectoryClient>(new DirectoryClient(*std::move(channel)));
}

std::unique_ptr<WatchStream> DirectoryClient::Watch(const v1::WatchResourcesRequest& request) {
  const auto stub = v1::Directory::NewStub(channel_);
  return std::make_unique<GrpcWatch>(*stub, request);
}

}  // namespace postern::rpc
