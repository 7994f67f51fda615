#include "services/mailbox-transport/admin/tracking_service.h"

#include <utility>

#include <grpcpp/grpcpp.h>

#include "common/base/text.h"
#include "postern/v1/tracking.grpc.pb.h"
#include "services/mailbox-transport/admin/fiber_calls.h"
#include "services/mailbox-transport/admin/tracking_pages.h"

namespace postern::admin {

namespace {

// The stream of one watcher; its fiber is the only one that writes.
class Watcher final : public StreamedCall<v1::WatchEventsResponse> {
 public:
  Watcher(io::Executor& executor,
          grpc::CallbackServerContext& call,
          TrackingPages& pages,
          TrackingQuery query,
          v1::TrackingCursor cursor)
      : StreamedCall(executor, call),
        pages_(pages),
        query_(std::move(query)),
        cursor_(std::move(cursor)) {}

 private:
  io::Task<absl::Status> Run() override {
    bool said = false;
    while (true) {
      if (Gone()) co_return absl::CancelledError("the caller has gone");
      outgoing_ = co_await pages_.Look(query_, cursor_);
      const bool more = !outgoing_.cursor().complete();
      const bool tells = outgoing_.events_size() != 0 || outgoing_.lost() || !said;
      cursor_ = outgoing_.cursor();
      cursor_.set_complete(false);
      if (tells) {
        said = true;
        const absl::Status taken =
            co_await Write(outgoing_, TrackingService::kWriteMax,
                           "the watcher is too slow: go on with the last cursor");
        if (!taken.ok()) co_return taken;
      }
      if (more) continue;
      const absl::Status slept = co_await io::Sleep(TrackingService::kWatchLook);
      if (!slept.ok()) co_return absl::UnavailableError("stopping");
    }
  }

  TrackingPages& pages_;
  const TrackingQuery query_;
  v1::TrackingCursor cursor_;
  v1::WatchEventsResponse outgoing_;
};

}  // namespace

class TrackingService::Implementation final : public v1::Tracking::CallbackService {
 public:
  explicit Implementation(const Parts& parts)
      : authority_(parts.authority),
        executor_(parts.executor),
        pages_(parts),
        watchers_(parts.executor, kWatchersMax),
        calls_(parts.executor, kCallsMax) {}

  grpc::ServerUnaryReactor* GetMessageTrackingLog(
      grpc::CallbackServerContext* call,
      const v1::GetMessageTrackingLogRequest* request,
      v1::GetMessageTrackingLogResponse* response) override {
    const absl::Status status = Allowed(*call);
    if (!status.ok()) return Finished(*call, status);
    return calls_.Begun(*call,
                        pages_.Page(*request, *response, [call] { return call->IsCancelled(); }));
  }

  grpc::ServerWriteReactor<v1::WatchEventsResponse>* WatchEvents(
      grpc::CallbackServerContext* call, const v1::WatchEventsRequest* request) override {
    absl::Status status = Allowed(*call);
    auto query = TrackingQuery::Parse(request->filter());
    if (status.ok()) status = query.status();
    auto cursor = pages_.WatchFrom(*request);
    if (status.ok()) status = cursor.status();
    if (!status.ok()) return new RefusedStream<v1::WatchEventsResponse>(status);
    return watchers_.Streamed<v1::WatchEventsResponse>(
        std::make_shared<Watcher>(executor_, *call, pages_, *std::move(query), *std::move(cursor)));
  }

  void Stop() { watchers_.Stop(); }

 private:
  absl::Status Allowed(const grpc::CallbackServerContext& call) const {
    return authority_.Require(call, rpc::Role::kRead).status();
  }

  const rpc::Authority& authority_;
  io::Executor& executor_;
  TrackingPages pages_;
  FiberCalls watchers_;  // the last two: their tasks use the others
  FiberCalls calls_;
};

TrackingService::TrackingService(const Parts& parts)
    : implementation_(std::make_unique<Implementation>(parts)) {}

TrackingService::~TrackingService() = default;

grpc::Service* TrackingService::service() {
  return implementation_.get();
}

void TrackingService::Stop() {
  implementation_->Stop();
}

}  // namespace postern::admin
