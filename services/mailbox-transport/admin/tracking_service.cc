#include "services/mailbox-transport/admin/tracking_service.h"

#include <atomic>
#include <utility>

#include <grpcpp/grpcpp.h>

#include "common/base/text.h"
#include "common/io/completion.h"
#include "common/io/scope.h"
#include "postern/v1/tracking.grpc.pb.h"
#include "services/mailbox-transport/admin/tracking_pages.h"

namespace postern::admin {

namespace {

using WatchReactor = grpc::ServerWriteReactor<v1::WatchEventsResponse>;

class Refusal final : public WatchReactor {
 public:
  explicit Refusal(const absl::Status& status) { Finish(rpc::ToGrpc(status)); }

  void OnDone() override { delete this; }
};

// The stream of one watcher; its fiber is the only one that writes.
class Watcher final : public WatchReactor {
 public:
  Watcher(io::Executor& executor, grpc::CallbackServerContext& call)
      : executor_(executor),
        call_(call),
        written_(std::make_shared<io::Completion<bool>>(executor)) {}

  static io::Task<void> Serve(std::shared_ptr<Watcher> watcher,
                              TrackingPages* pages,
                              TrackingQuery query,
                              v1::TrackingCursor cursor,
                              std::atomic<std::size_t>* open) {
    watcher->self_ = watcher;
    const absl::Status end = co_await watcher->Follow(*pages, query, std::move(cursor));
    --*open;
    watcher->Finish(rpc::ToGrpc(end));
  }

  void OnWriteDone(bool ok) override { written_->Set(ok); }

  void OnDone() override {
    // The fiber may be using what this owns until its end.
    executor_.Post([self = std::move(self_)] {});
  }

 private:
  io::Task<absl::Status> Follow(TrackingPages& pages,
                                TrackingQuery query,
                                v1::TrackingCursor cursor) {
    while (true) {
      if (call_.IsCancelled()) co_return absl::CancelledError("the caller has gone");
      outgoing_ = co_await pages.Look(query, cursor);
      const bool more = !outgoing_.cursor().complete();
      const bool tells = outgoing_.events_size() != 0 || outgoing_.lost() || !said_;
      cursor = outgoing_.cursor();
      cursor.set_complete(false);
      if (tells) {
        const absl::Status taken = co_await Say();
        if (!taken.ok()) co_return taken;
      }
      if (more) continue;
      const absl::Status slept = co_await io::Sleep(TrackingService::kWatchLook);
      if (!slept.ok()) co_return absl::UnavailableError("stopping");
    }
  }

  io::Task<absl::Status> Say() {
    said_ = true;
    written_ = std::make_shared<io::Completion<bool>>(executor_);
    StartWrite(&outgoing_);
    const std::optional<bool> taken = co_await written_->Until(TrackingService::kWriteMax);
    if (taken) co_return *taken ? absl::OkStatus() : absl::CancelledError("the caller has gone");
    call_.TryCancel();  // ends the write
    co_await written_->Wait();
    co_return absl::ResourceExhaustedError("the watcher is too slow: go on with the last cursor");
  }

  io::Executor& executor_;
  grpc::CallbackServerContext& call_;
  v1::WatchEventsResponse outgoing_;
  bool said_ = false;
  std::shared_ptr<io::Completion<bool>> written_;
  std::shared_ptr<Watcher> self_;
};

}  // namespace

class TrackingService::Implementation final : public v1::Tracking::CallbackService {
 public:
  explicit Implementation(const Parts& parts)
      : authority_(parts.authority), executor_(parts.executor), pages_(parts) {
    executor_.Run([this] {
      calls_ = std::make_unique<io::Scope>(executor_);
      watchers_ = std::make_unique<io::Scope>(executor_);
    });
  }

  ~Implementation() override {
    io::RunTask(executor_, End());
    executor_.Run([this] {
      calls_.reset();
      watchers_.reset();
    });
  }

  grpc::ServerUnaryReactor* GetMessageTrackingLog(
      grpc::CallbackServerContext* call,
      const v1::GetMessageTrackingLogRequest* request,
      v1::GetMessageTrackingLogResponse* response) override {
    grpc::ServerUnaryReactor* reactor = call->DefaultReactor();
    absl::Status status = Allowed(*call);
    if (status.ok() && open_ >= kCallsMax) {
      status = absl::ResourceExhaustedError("too many calls at a time, try again");
    }
    if (!status.ok()) {
      reactor->Finish(rpc::ToGrpc(status));
      return reactor;
    }
    ++open_;
    calls_->SpawnFrom(Serve(
        pages_.Page(*request, *response, [call] { return call->IsCancelled(); }), reactor, &open_));
    return reactor;
  }

  WatchReactor* WatchEvents(grpc::CallbackServerContext* call,
                            const v1::WatchEventsRequest* request) override {
    absl::Status status = Allowed(*call);
    if (status.ok() && stopped_) status = absl::UnavailableError("stopping");
    if (status.ok() && watching_ >= kWatchersMax) {
      status = base::Error(absl::StatusCode::kResourceExhausted, "there are ", kWatchersMax,
                           " watchers already");
    }
    auto query = TrackingQuery::Parse(request->filter());
    if (status.ok()) status = query.status();
    auto cursor = pages_.WatchFrom(*request);
    if (status.ok()) status = cursor.status();
    if (!status.ok()) return new Refusal(status);
    ++watching_;
    auto watcher = std::make_shared<Watcher>(executor_, *call);
    watchers_->SpawnFrom(
        Watcher::Serve(watcher, &pages_, *std::move(query), *std::move(cursor), &watching_));
    return watcher.get();
  }

  void Stop() {
    stopped_ = true;
    executor_.Run([this] { watchers_->Stop(); });
  }

 private:
  absl::Status Allowed(const grpc::CallbackServerContext& call) const {
    return authority_.Require(call, rpc::Role::kRead).status();
  }

  // Request and response live until the reactor is finished, which is the fiber's last act.
  static io::Task<void> Serve(io::Task<absl::Status> page,
                              grpc::ServerUnaryReactor* reactor,
                              std::atomic<std::size_t>* open) {
    const absl::Status status = co_await std::move(page);
    --*open;
    reactor->Finish(rpc::ToGrpc(status));
  }

  io::Task<void> End() {
    for (io::Scope* scope : {watchers_.get(), calls_.get()}) {
      scope->Stop();
      co_await scope->Join();
    }
  }

  const rpc::Authority& authority_;
  io::Executor& executor_;
  TrackingPages pages_;
  std::unique_ptr<io::Scope> calls_;
  std::unique_ptr<io::Scope> watchers_;
  std::atomic<std::size_t> open_{0};
  std::atomic<std::size_t> watching_{0};
  std::atomic<bool> stopped_{false};
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
