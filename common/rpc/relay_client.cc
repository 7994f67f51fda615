#include "common/rpc/relay_client.h"

#include <chrono>
#include <utility>

#include <grpcpp/grpcpp.h>

#include "common/io/completion.h"
#include "common/rpc/credentials.h"
#include "common/rpc/server.h"
#include "postern/v1/relay.grpc.pb.h"

namespace postern::rpc {

namespace {

// What a call may take beyond its own deadline before it is ended by us.
constexpr absl::Duration kLate = absl::Seconds(5);

class ClientCall final : public grpc::ClientWriteReactor<v1::RelayRequest>, public RelayCall {
 public:
  explicit ClientCall(io::Executor& executor)
      : executor_(executor), over_(std::make_shared<io::Completion<grpc::Status>>(executor)) {}

  // The hold lets the fiber begin writes until Finish.
  void Start(v1::Relay::Stub& stub, std::shared_ptr<ClientCall> self, absl::Duration within) {
    self_ = std::move(self);
    within_ = within;
    call_.set_deadline(std::chrono::system_clock::now() + absl::ToChronoNanoseconds(within));
    // One packet for a small message: the head of the call goes with its first piece.
    call_.set_initial_metadata_corked(true);
    stub.async()->Relay(&call_, &receipt_, this);
    AddHold();
    StartCall();
  }

  io::Task<bool> Send(v1::RelayRequest frame, bool last) override {
    frame_ = std::move(frame);
    if (last) {
      last_given_ = true;
      StartWriteLast(&frame_, grpc::WriteOptions());
      co_return true;
    }
    written_ = std::make_shared<io::Completion<bool>>(executor_);
    StartWrite(&frame_);
    const std::optional<bool> written = co_await written_->Until(within_ + kLate);
    if (written) co_return *written;
    call_.TryCancel();  // ends the write
    co_await written_->Wait();
    co_return false;
  }

  io::Task<RelayAnswer> Finish() override {
    if (!last_given_) call_.TryCancel();
    RemoveHold();
    std::optional<grpc::Status> status = co_await over_->Until(within_ + kLate);
    if (!status) {
      call_.TryCancel();
      status = co_await over_->Wait();
    }
    RelayAnswer answer;
    answer.status = FromGrpc(*status);
    answer.begun = begun_;
    // Of a call that we cut off a write may be told as failed that the server has all the same.
    const bool cut_off =
        absl::IsCancelled(answer.status) || absl::IsDeadlineExceeded(answer.status);
    answer.handed_over = handed_over_ || (last_given_ && cut_off);
    if (answer.status.ok()) {
      answer.receipt = std::move(receipt_);
    } else {
      answer.answered = call_.GetServerTrailingMetadata().count(kRelayAnswered) != 0;
    }
    co_return answer;
  }

  // A write that fails has not gone to the wire as a whole.
  void OnWriteDone(bool ok) override {
    begun_ = begun_ || ok;
    if (last_given_) {
      handed_over_ = ok;
    } else {
      written_->Set(ok);
    }
  }

  void OnDone(const grpc::Status& status) override {
    // The fiber reads what this owns until it has the status.
    executor_.Post([self = std::move(self_), status] { self->over_->Set(status); });
  }

 private:
  io::Executor& executor_;
  grpc::ClientContext call_;
  absl::Duration within_;
  v1::RelayRequest frame_;
  v1::RelayReceipt receipt_;
  bool last_given_ = false;
  // Set by gRPC before OnDone, read by the fiber after it.
  bool begun_ = false;
  bool handed_over_ = false;
  std::shared_ptr<io::Completion<bool>> written_;
  std::shared_ptr<io::Completion<grpc::Status>> over_;
  std::shared_ptr<ClientCall> self_;
};

}  // namespace

RelayClient::RelayClient(std::shared_ptr<grpc::Channel> channel) : channel_(std::move(channel)) {}

RelayClient::~RelayClient() = default;

absl::StatusOr<std::unique_ptr<RelayClient>> RelayClient::Make(const RpcSettings& settings,
                                                               const std::string& address,
                                                               absl::Duration connect_timeout) {
  auto channel = OpenChannel(settings, address, {.connect = connect_timeout});
  if (!channel.ok()) return channel.status();
  return std::unique_ptr<RelayClient>(new RelayClient(*std::move(channel)));
}

std::shared_ptr<RelayCall> RelayClient::Begin(io::Executor& executor, absl::Duration within) {
  auto call = std::make_shared<ClientCall>(executor);
  const auto stub = v1::Relay::NewStub(channel_);
  call->Start(*stub, call, within);
  return call;
}

}  // namespace postern::rpc
