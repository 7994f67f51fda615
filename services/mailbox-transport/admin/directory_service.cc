#include "services/mailbox-transport/admin/directory_service.h"

#include <atomic>
#include <utility>

#include "absl/functional/any_invocable.h"
#include <grpcpp/grpcpp.h>

#include "common/io/on_disk.h"
#include "common/io/scope.h"
#include "postern/v1/directory.grpc.pb.h"
#include "services/mailbox-transport/admin/directory_changes.h"
#include "services/mailbox-transport/admin/directory_reads.h"
#include "services/mailbox-transport/admin/directory_watchers.h"
#include "services/mailbox-transport/admin/fiber_calls.h"

namespace postern::admin {

class DirectoryService::Implementation final : public v1::Directory::CallbackService {
 public:
  explicit Implementation(const Parts& parts)
      : authority_(parts.authority),
        executor_(parts.executor),
        writer_(parts.folder == nullptr ? parts.writer : ""),
        pulse_(parts.pulse),
        probe_(parts.registry),
        readiness_(parts.server, parts.check_ready),
        reads_(parts.source, readiness_),
        changes_({parts.source, readiness_, probe_, parts.server, parts.writer, parts.folder,
                  parts.bring_into_force}),
        watchers_(reads_, probe_) {
    executor_.Run([this] {
      scope_ = std::make_unique<io::Scope>(executor_);
      scope_->Spawn(KeepAlive());
    });
  }

  ~Implementation() override {
    io::RunTask(executor_, End());
    executor_.Run([this] { scope_.reset(); });
  }

  grpc::ServerUnaryReactor* Get(grpc::CallbackServerContext* call,
                                const v1::GetResourceRequest* request,
                                v1::Resource* response) override {
    absl::Status status = authority_.Require(*call, rpc::Role::kRead).status();
    if (status.ok()) status = reads_.Get(*request, *response);
    return Finished(*call, status);
  }

  grpc::ServerUnaryReactor* List(grpc::CallbackServerContext* call,
                                 const v1::ListResourcesRequest* request,
                                 v1::ListResourcesResponse* response) override {
    absl::Status status = authority_.Require(*call, rpc::Role::kRead).status();
    if (status.ok()) status = reads_.List(*request, *response);
    return Finished(*call, status);
  }

  grpc::ServerWriteReactor<v1::WatchResourcesResponse>* Watch(
      grpc::CallbackServerContext* call, const v1::WatchResourcesRequest* request) override {
    const absl::Status status = authority_.Require(*call, rpc::Role::kRead).status();
    if (!status.ok()) return DirectoryWatchers::Refuse(status);
    return watchers_.Add(*call, *request);
  }

  grpc::ServerUnaryReactor* Create(grpc::CallbackServerContext* call,
                                   const v1::CreateResourceRequest* request,
                                   v1::ChangeResponse* response) override {
    return Begun(*call, [this, request, response](const rpc::Identity& who) {
      return changes_.Create(who, *request, *response);
    });
  }

  grpc::ServerUnaryReactor* Update(grpc::CallbackServerContext* call,
                                   const v1::UpdateResourceRequest* request,
                                   v1::ChangeResponse* response) override {
    return Begun(*call, [this, request, response](const rpc::Identity& who) {
      return changes_.Update(who, *request, *response);
    });
  }

  grpc::ServerUnaryReactor* Delete(grpc::CallbackServerContext* call,
                                   const v1::DeleteResourceRequest* request,
                                   v1::ChangeResponse* response) override {
    return Begun(*call, [this, request, response](const rpc::Identity& who) {
      return changes_.Delete(who, *request, *response);
    });
  }

  void Changed() {
    if (!stopped_) running_ = true;
    watchers_.Changed();
  }

  void Stop() {
    stopped_ = true;
    running_ = false;
    watchers_.Stop();
  }

 private:
  using Make = absl::AnyInvocable<absl::Status(const rpc::Identity&)>;

  grpc::ServerUnaryReactor* Refused(grpc::CallbackServerContext& call,
                                    const std::string& who,
                                    const absl::Status& status) {
    DirectoryChanges::NoteRefused(who, status);
    return Finished(call, status);
  }

  // Request and response live until the reactor is finished, which is the last thing that is done.
  grpc::ServerUnaryReactor* Begun(grpc::CallbackServerContext& call, Make make) {
    auto who = authority_.Require(call, rpc::Role::kAdminister);
    if (!who.ok()) return Refused(call, "", who.status());
    if (!running_) return Refused(call, who->name, absl::UnavailableError("starting or stopping"));
    if (++open_ > kChangesMax) {
      --open_;
      return Refused(call, who->name,
                     absl::ResourceExhaustedError("too many changes wait, try again"));
    }
    grpc::ServerUnaryReactor* reactor = call.DefaultReactor();
    pool_.Submit([this, &call, reactor, who = *std::move(who), make = std::move(make)]() mutable {
      absl::Status status = absl::CancelledError("the caller has gone");
      if (!call.IsCancelled()) status = make(who);
      if (!status.ok() && !writer_.empty()) call.AddTrailingMetadata(kWriterMetadata, writer_);
      --open_;
      reactor->Finish(rpc::ToGrpc(status));
    });
    return reactor;
  }

  io::Task<void> KeepAlive() {
    while (true) {
      const absl::Status slept = co_await io::Sleep(pulse_);
      if (!slept.ok()) co_return;
      watchers_.Pulse();
    }
  }

  io::Task<void> End() {
    scope_->Stop();
    co_await scope_->Join();
  }

  const rpc::Authority& authority_;
  io::Executor& executor_;
  const std::string writer_;  // empty on the writer itself
  const absl::Duration pulse_;
  DirectoryProbe probe_;
  const Readiness readiness_;
  const DirectoryReads reads_;
  DirectoryChanges changes_;
  DirectoryWatchers watchers_;
  std::unique_ptr<io::Scope> scope_;
  std::atomic<std::size_t> open_{0};
  std::atomic<bool> running_{false};
  std::atomic<bool> stopped_{false};
  io::DiskPool pool_{1};
};

DirectoryService::DirectoryService(const Parts& parts)
    : implementation_(std::make_unique<Implementation>(parts)) {}

DirectoryService::~DirectoryService() = default;

grpc::Service* DirectoryService::service() {
  return implementation_.get();
}

void DirectoryService::Changed() {
  implementation_->Changed();
}

void DirectoryService::Stop() {
  implementation_->Stop();
}

}  // namespace postern::admin
