#include "common/rpc/proxy_client.h"

#include <utility>

#include <grpcpp/grpcpp.h>

#include "common/rpc/credentials.h"
#include "common/rpc/frame_pump.h"
#include "common/rpc/server.h"
#include "postern/v1/proxy.grpc.pb.h"

namespace postern::rpc {

namespace {

class ClientStream final : public grpc::ClientBidiReactor<v1::ProxyToFrontEnd, v1::ProxyToMailbox>,
                           public ToFrontEnd {
 public:
  ClientStream(io::Executor& executor, Handler& handler)
      : pump_(*this, executor), handler_(&handler) {}

  // The hold lets the executor start writes until the reading side has ended.
  void Begin(v1::Proxy::Stub& stub, std::shared_ptr<ClientStream> self) {
    self_ = std::move(self);
    stub.async()->Deliver(&call_, this);
    AddHold();
    pump_.Begin();
    StartCall();
  }

  void Send(v1::ProxyToFrontEnd frame) override { pump_.Send(std::move(frame), self_); }

  void Close() override { pump_.End(); }

  void Abort() override { call_.TryCancel(); }

  // The hold stays until a read has failed, so a read may always follow another.
  void ReadNext(v1::ProxyToMailbox* into) { StartRead(into); }

  void FinishWrites() { StartWritesDone(); }

  void OnReadDone(bool ok) override {
    if (ok) return pump_.ReadDone(handler_, self_);
    pump_.End();
    RemoveHold();
  }

  void OnWriteDone(bool ok) override { pump_.WriteDone(ok); }

  // The executor still reads `self_` until it has run this.
  void OnDone(const grpc::Status& status) override {
    pump_.executor().Post([this, status] {
      const auto self = std::move(self_);
      handler_->OnClosed(FromGrpc(status));
    });
  }

 private:
  FramePump<ClientStream, v1::ProxyToFrontEnd, v1::ProxyToMailbox> pump_;
  Handler* handler_;
  grpc::ClientContext call_;
  std::shared_ptr<ClientStream> self_;
};

}  // namespace

ProxyClient::ProxyClient(std::shared_ptr<grpc::Channel> channel) : channel_(std::move(channel)) {}

ProxyClient::~ProxyClient() = default;

absl::StatusOr<std::unique_ptr<ProxyClient>> ProxyClient::Make(const RpcSettings& settings,
                                                               const std::string& address,
                                                               const std::string& site) {
  ChannelTerms terms;
  terms.site = site;
  terms.service = "frontend-transport";
  terms.connect = absl::Seconds(3);
  terms.retry_max = absl::Seconds(1);  // mail waits for it
  terms.receive_bytes_max = *settings.frame_bytes_max;
  auto channel = OpenChannel(settings, address, terms);
  if (!channel.ok()) return channel.status();
  return std::unique_ptr<ProxyClient>(new ProxyClient(*std::move(channel)));
}

std::shared_ptr<ToFrontEnd> ProxyClient::Open(io::Executor& executor,
                                              ToFrontEnd::Handler& handler) {
  auto stream = std::make_shared<ClientStream>(executor, handler);
  const auto stub = v1::Proxy::NewStub(channel_);
  stream->Begin(*stub, stream);
  return stream;
}

}  // namespace postern::rpc
