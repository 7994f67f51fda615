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
    pump_.executor().Post([keep = self_] {
      keep->handler_ = keep->caller_.open(keep);
      keep->StartRead(keep->pump_.incoming());
    });
  }

  void Send(v1::ProxyToMailbox frame) override { pump_.Send(std::move(frame), self_); }

  void Close() override { pump_.End(); }

  void Abort() override { Leave(grpc::Status(grpc::StatusCode::ABORTED, "stopping")); }

  void FinishWrites() { Leave(grpc::Status::OK); }

  void OnReadDone(bool ok) override {
    if (ok) return pump_.ReadDone(handler_, self_);
    // The caller half-closed or is gone: nothing more is owed to it.
    pump_.End();
  }

  void OnWriteDone(bool ok) override { pump_.WriteDone(ok); }

  void OnCancel() override { pump_.End(); }

  void OnDone() override {
    pump_.executor().Post([self = std::move(self_)] {
      if (self->handler_ != nullptr) self->handler_->OnClosed(absl::OkStatus());
    });
  }

 private:
  // Finish may be called once only.
  void Leave(const grpc::Status& status) {
    if (!left_.exchange(true)) Finish(status);
  }

  FramePump<ServerStream, v1::ProxyToMailbox, v1::ProxyToFrontEnd> pump_;
  ProxyServer::Caller caller_;
  Handler* handler_ = nullptr;
  std::atomic<bool> left_{false};
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
