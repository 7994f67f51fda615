#include "services/mailbox-transport/admin/admin_service.h"

#include <utility>

#include <grpcpp/grpcpp.h>

#include "postern/v1/admin.grpc.pb.h"
#include "services/mailbox-transport/admin/queries.h"
#include "services/mailbox-transport/admin/redirect.h"
#include "services/mailbox-transport/admin/unary_calls.h"

namespace postern::admin {

class AdminService::Implementation final : public v1::Admin::CallbackService {
 public:
  explicit Implementation(const Parts& parts)
      : authority_(parts.authority),
        tls_reports_(parts.pipeline.tls_reports()),
        tls_report_source_(parts.tls_reports),
        queries_(parts),
        redirect_(parts.pipeline, parts.clock),
        calls_(parts.pipeline.shards().front()->executor(), kCallsMax) {}

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

 private:
  absl::Status Allowed(const grpc::CallbackServerContext& call,
                       rpc::Role role = rpc::Role::kRead) const {
    return authority_.Require(call, role).status();
  }

  const rpc::Authority& authority_;
  const smtp::TlsReports& tls_reports_;
  const TlsReportSource tls_report_source_;
  Queries queries_;
  Redirect redirect_;
  UnaryCalls calls_;  // the last member: its tasks use the others
};

AdminService::AdminService(const Parts& parts)
    : implementation_(std::make_unique<Implementation>(parts)) {}

AdminService::~AdminService() = default;

grpc::Service* AdminService::service() {
  return implementation_.get();
}

}  // namespace postern::admin
