#include "services/mailbox-transport/admin/admin_service.h"

#include <utility>

#include <grpcpp/grpcpp.h>

#include "postern/v1/admin.grpc.pb.h"
#include "services/mailbox-transport/admin/fiber_calls.h"
#include "services/mailbox-transport/admin/message_actions.h"
#include "services/mailbox-transport/admin/message_export.h"
#include "services/mailbox-transport/admin/queries.h"
#include "services/mailbox-transport/admin/queue_actions.h"
#include "services/mailbox-transport/admin/queue_digests.h"
#include "services/mailbox-transport/admin/redirect.h"

namespace postern::admin {

class AdminService::Implementation final : public v1::Admin::CallbackService {
 public:
  explicit Implementation(const Parts& parts)
      : authority_(parts.authority),
        pipeline_(parts.pipeline),
        disk_(parts.disk),
        clock_(parts.clock),
        executor_(parts.pipeline.shards().front()->executor()),
        tls_reports_(parts.pipeline.tls_reports()),
        tls_report_source_(parts.tls_reports),
        queries_(parts),
        digests_({executor_, parts.rpc, parts.directory}, parts.pipeline.server(), queries_),
        queue_actions_(parts.pipeline),
        message_actions_(parts.pipeline, parts.disk, parts.clock),
        redirect_(parts.pipeline, parts.clock),
        calls_(executor_, kCallsMax) {}

  grpc::ServerUnaryReactor* TestRoute(grpc::CallbackServerContext* call,
                                      const v1::TestRouteRequest* request,
                                      v1::TestRouteResponse* response) override {
    absl::Status status = Allowed(*call);
    if (status.ok()) status = queries_.Route(*request, *response);
    return Finished(*call, status);
  }

  grpc::ServerUnaryReactor* GetTlsReport(grpc::CallbackServerContext* call,
                                         const v1::GetTlsReportRequest* request,
                                         v1::GetTlsReportResponse* response) override {
    absl::Status status = Allowed(*call);
    if (status.ok()) {
      status = AnswerTlsReport(tls_reports_, tls_report_source_, *request, *response);
    }
    return Finished(*call, status);
  }

  grpc::ServerUnaryReactor* GetQueue(grpc::CallbackServerContext* call,
                                     const v1::GetQueueRequest* request,
                                     v1::GetQueueResponse* response) override {
    const absl::Status status = Allowed(*call);
    if (!status.ok()) return Finished(*call, status);
    return calls_.Begun(*call, queries_.Queues(*request, *response));
  }

  grpc::ServerUnaryReactor* GetQueueDigest(grpc::CallbackServerContext* call,
                                           const v1::GetQueueDigestRequest* request,
                                           v1::GetQueueDigestResponse* response) override {
    const absl::Status status = Allowed(*call);
    if (!status.ok()) return Finished(*call, status);
    return calls_.Begun(*call, digests_.Answer(*request, *response));
  }

  grpc::ServerUnaryReactor* ActOnQueues(grpc::CallbackServerContext* call,
                                        const v1::QueueActionRequest* request,
                                        v1::ActionResponse* response) override {
    const absl::Status status = Allowed(*call, rpc::Role::kOperate);
    if (!status.ok()) return Finished(*call, status);
    return calls_.Begun(
        *call, queue_actions_.Answer(*request, *response, [call] { return call->IsCancelled(); }));
  }

  grpc::ServerUnaryReactor* ActOnMessages(grpc::CallbackServerContext* call,
                                          const v1::MessageActionRequest* request,
                                          v1::ActionResponse* response) override {
    const absl::Status status = Allowed(*call, rpc::Role::kOperate);
    if (!status.ok()) return Finished(*call, status);
    return calls_.Begun(*call, message_actions_.Answer(*request, *response,
                                                       [call] { return call->IsCancelled(); }));
  }

  grpc::ServerWriteReactor<v1::ExportMessageResponse>* ExportMessage(
      grpc::CallbackServerContext* call, const v1::ExportMessageRequest* request) override {
    const absl::Status status = Allowed(*call, rpc::Role::kOperate);
    if (!status.ok()) return new RefusedStream<v1::ExportMessageResponse>(status);
    return calls_.Streamed<v1::ExportMessageResponse>(std::make_shared<ExportStream>(
        executor_, *call, pipeline_, disk_, clock_, request->identity()));
  }

  grpc::ServerUnaryReactor* GetMessage(grpc::CallbackServerContext* call,
                                       const v1::GetMessageRequest* request,
                                       v1::GetMessageResponse* response) override {
    const absl::Status status = Allowed(*call);
    if (!status.ok()) return Finished(*call, status);
    return calls_.Begun(
        *call, queries_.Messages(*request, *response, [call] { return call->IsCancelled(); }));
  }

  grpc::ServerUnaryReactor* RedirectMessage(grpc::CallbackServerContext* call,
                                            const v1::RedirectMessageRequest* request,
                                            v1::RedirectMessageResponse* response) override {
    const absl::Status status = Allowed(*call, rpc::Role::kOperate);
    if (!status.ok()) return Finished(*call, status);
    return calls_.Begun(*call, redirect_.Run(*request, *response));
  }

  void Stop() { calls_.Stop(); }

 private:
  absl::Status Allowed(const grpc::CallbackServerContext& call,
                       rpc::Role role = rpc::Role::kRead) const {
    return authority_.Require(call, role).status();
  }

  const rpc::Authority& authority_;
  pipeline::Pipeline& pipeline_;
  io::DiskPool& disk_;
  base::Clock& clock_;
  io::Executor& executor_;
  const smtp::TlsReports& tls_reports_;
  const TlsReportSource tls_report_source_;
  Queries queries_;
  QueueDigests digests_;
  QueueActions queue_actions_;
  MessageActions message_actions_;
  Redirect redirect_;
  FiberCalls calls_;  // the last member: its tasks use the others
};

AdminService::AdminService(const Parts& parts)
    : implementation_(std::make_unique<Implementation>(parts)) {}

AdminService::~AdminService() = default;

grpc::Service* AdminService::service() {
  return implementation_.get();
}

void AdminService::Stop() {
  implementation_->Stop();
}

}  // namespace postern::admin
