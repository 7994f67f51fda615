#include "common/rpc/proxy_server.h"

#include <utility>

#include <grpcpp/grpcpp.h>

#include "common/base/text.h"
#include "common/rpc/frame_pump.h"
#include "postern/v1/proxy.grpc.pb.h"

namespace postern::rpc {

namespace {

using Reactor = grpc::ServerBidiReactor<v1::ProxyToFrontEnd, v1::ProxyToMailbox>;

class ServerStream final : public Reactor, public ToMailbox {
 public:
  explicit ServerStream(ProxyServer::Caller caller)
      : pump_(*this, *caller.executor), caller_(std::move(caller)) {}

  // The handler is made on its executor; reading starts after that.
  void Begin(std::shared_ptr<ServerStream> self) {
    self_ = std::move(self);
    pump_.executor().Post([this] {
      handler_ = caller_.open(self_);
      pump_.Begin();
    });
  }

  void Send(v1::ProxyToMailbox frame) override { pump_.Send(std::move(frame), self_); }

  void Close() override { pump_.End(); }

  void Abort() override {
    pump_.EndNow([this] { Leave(grpc::Status(grpc::StatusCode::ABORTED, "stopping")); });
  }

  // Once the call is finished gRPC may take it away: nothing may be started then.
  void ReadNext(v1::ProxyToFrontEnd* into) {
    if (!left_) StartRead(into);
  }

  void FinishWrites() { Leave(grpc::Status::OK); }

  void OnReadDone(bool ok) override {
    if (ok) return pump_.ReadDone(handler_, self_);
    // The caller half-closed or is gone: nothing more is owed to it.
    pump_.End();
  }

  void OnWriteDone(bool ok) override { pump_.WriteDone(ok); }

  void OnCancel() override { pump_.End(); }

  // The executor still reads `self_` until it has run this.
  void OnDone() override {
    pump_.executor().Post([this] {
      const auto self = std::move(self_);
      handler_->OnClosed(absl::OkStatus());
    });
  }

 private:
  // Under the pump's lock. Finish may be called once only.
  void Leave(const grpc::Status& status) {
    if (!std::exchange(left_, true)) Finish(status);
  }

  FramePump<ServerStream, v1::ProxyToMailbox, v1::ProxyToFrontEnd> pump_;
  ProxyServer::Caller caller_;
  Handler* handler_ = nullptr;
  bool left_ = false;
  std::shared_ptr<ServerStream> self_;
};

// Refuses a call with a status, as a reactor.
class Refusal final : public Reactor {
 public:
  explicit Refusal(const grpc::Status& status) { Finish(status); }

  void OnDone() override { delete this; }
};

}  // namespace

class ProxyServer::Implementation final : public v1::Proxy::CallbackService {
 public:
  Implementation(const Authority& authority,
                 std::string site,
                 std::function<Caller(const Identity&)> choose)
      : authority_(authority), site_(std::move(site)), choose_(std::move(choose)) {}

  Reactor* Deliver(grpc::CallbackServerContext* call) override {
    auto identity = authority_.Require(*call, Role::kProxy);
    if (identity.ok() && !identity->site.empty() && !site_.empty() && identity->site != site_) {
      identity = base::Error(absl::StatusCode::kPermissionDenied, identity->name,
                             " is not of the site ", site_, ": a front end serves its own site");
    }
    if (!identity.ok()) return new Refusal(ToGrpc(identity.status()));
    auto stream = std::make_shared<ServerStream>(choose_(*identity));
    stream->Begin(stream);
    return stream.get();
  }

 private:
  const Authority& authority_;
  std::string site_;
  std::function<Caller(const Identity&)> choose_;
};

ProxyServer::ProxyServer(const Authority& authority,
                         std::string site,
                         std::function<Caller(const Identity&)> choose)
    : implementation_(
          std::make_unique<Implementation>(authority, std::move(site), std::move(choose))) {}

ProxyServer::~ProxyServer() = default;

grpc::Service* ProxyServer::service() {
  return implementation_.get();
}

}  // namespace postern::rpc
