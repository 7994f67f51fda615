#include "services/mailbox-transport/admin/directory_watchers.h"

#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include <grpcpp/grpcpp.h>

#include "common/base/text.h"
#include "common/directory/watch_feed.h"
#include "common/rpc/server.h"
#include "services/mailbox-transport/admin/fiber_calls.h"

namespace postern::admin {

namespace {

using Response = v1::WatchResourcesResponse;

}  // namespace

// gRPC starts one operation of a call at a time: a write, then the next or the end.
class DirectoryWatchers::Watcher final : public Reactor,
                                         public std::enable_shared_from_this<Watcher> {
 public:
  Watcher(DirectoryWatchers& all, grpc::CallbackServerContext& call, const std::string& known)
      : all_(all), call_(call), feed_(known) {}

  // There may be more to tell.
  void Wake() {
    const std::lock_guard lock(mutex_);
    Advance();
  }

  void Pulse() {
    const std::lock_guard lock(mutex_);
    if (writing_ && !dropped_ && absl::Now() - write_began_ > all_.write_max_) {
      dropped_ = true;
      all_.probe_.WatcherDropped();
      call_.TryCancel();
    } else if (!writing_ && !ended_) {
      if (auto pulse = feed_.Pulse()) Write(*std::move(pulse));
    }
  }

  void End(const absl::Status& status) {
    const std::lock_guard lock(mutex_);
    if (!end_.ok()) return;
    end_ = status;
    // A write that nobody takes would hold the end.
    if (writing_) call_.TryCancel();
    Advance();
  }

  void OnWriteDone(bool ok) override {
    const std::lock_guard lock(mutex_);
    writing_ = false;
    if (!ok && end_.ok()) end_ = absl::CancelledError("the caller has gone");
    Advance();
  }

  void OnCancel() override { End(absl::CancelledError("the caller has gone")); }

  void OnDone() override { all_.Remove(shared_from_this()); }

 private:
  void Advance() {
    if (writing_ || ended_) return;
    if (!end_.ok()) {
      ended_ = true;
      return Finish(rpc::ToGrpc(end_));
    }
    // What is in force now, not when somebody woke us: two who wake may overtake one another.
    const directory::ResourceIndexPtr now = all_.reads_.index();
    if (auto next = feed_.Next(now)) {
      if (next->has_resource()) all_.reads_.SetStatus(now->snapshot(), *next->mutable_resource());
      Write(*std::move(next));
    }
  }

  void Write(Response response) {
    outgoing_ = std::move(response);
    writing_ = true;
    write_began_ = absl::Now();
    StartWrite(&outgoing_);
  }

  DirectoryWatchers& all_;
  grpc::CallbackServerContext& call_;
  std::mutex mutex_;
  directory::WatchFeed feed_;
  Response outgoing_;
  bool writing_ = false;
  bool dropped_ = false;
  bool ended_ = false;
  absl::Time write_began_;
  absl::Status end_;
};

DirectoryWatchers::Reactor* DirectoryWatchers::Refuse(const absl::Status& status) {
  return new RefusedStream<Response>(status);
}

DirectoryWatchers::Reactor* DirectoryWatchers::Add(grpc::CallbackServerContext& call,
                                                   const v1::WatchResourcesRequest& request) {
  auto watcher = std::make_shared<Watcher>(*this, call, request.snapshot_version());
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return Refuse(absl::UnavailableError("stopping"));
    if (watchers_.size() >= kWatchersMax) {
      return Refuse(base::Error(absl::StatusCode::kResourceExhausted, "there are ", kWatchersMax,
                                " watchers already"));
    }
    watchers_.insert(watcher);
  }
  probe_.WatcherCame();
  watcher->Wake();
  return watcher.get();
}

void DirectoryWatchers::Remove(const std::shared_ptr<Watcher>& watcher) {
  const std::lock_guard lock(mutex_);
  watchers_.erase(watcher);
  probe_.WatcherWent();
}

std::vector<std::shared_ptr<DirectoryWatchers::Watcher>> DirectoryWatchers::All() const {
  const std::lock_guard lock(mutex_);
  return {watchers_.begin(), watchers_.end()};
}

void DirectoryWatchers::Changed() {
  for (const auto& watcher : All())
    watcher->Wake();
}

void DirectoryWatchers::Pulse() {
  for (const auto& watcher : All())
    watcher->Pulse();
}

void DirectoryWatchers::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  for (const auto& watcher : All())
    watcher->End(absl::UnavailableError("stopping"));
}

std::size_t DirectoryWatchers::size() const {
  const std::lock_guard lock(mutex_);
  return watchers_.size();
}

}  // namespace postern::admin
