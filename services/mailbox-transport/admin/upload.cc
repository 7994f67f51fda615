#include "services/mailbox-transport/admin/upload.h"

#include "absl/time/clock.h"

#include "common/base/check.h"
#include "common/io/event.h"

namespace postern::admin {

namespace {

io::Task<void> End(io::Scope* scope, absl::Time deadline) {
  constexpr absl::Duration kLook = absl::Milliseconds(20);
  while (scope->size() > 0 && absl::Now() < deadline) {
    const absl::Status slept = co_await io::Sleep(kLook);
    if (!slept.ok()) break;
  }
  scope->Stop();
  co_await scope->Join();
}

}  // namespace

UploadThreads::UploadThreads(const std::vector<io::Executor*>& executors) {
  POSTERN_CHECK(!executors.empty());
  for (io::Executor* executor : executors)
    executor->Run([&] { scopes_.push_back(std::make_unique<io::Scope>(*executor)); });
}

UploadThreads::~UploadThreads() {
  Stop(absl::ZeroDuration());
  for (auto& scope : scopes_) {
    io::Executor& executor = scope->executor();
    executor.Run([&] { scope.reset(); });
  }
}

absl::StatusOr<std::shared_ptr<void>> UploadThreads::Enter(const std::string& caller) {
  if (stopping_) return absl::UnavailableError(kUploadStopping);
  const std::lock_guard lock(open_->mutex);
  if (open_->all >= kUploadsMax) return absl::ResourceExhaustedError(kUploadsFull);
  const auto place = open_->by_caller.try_emplace(caller, 0).first;
  if (place->second >= kUploadsPerCallerMax) return absl::ResourceExhaustedError(kCallerFull);
  ++open_->all;
  ++place->second;
  return std::shared_ptr<void>(open_.get(), [open = open_, caller](void*) {
    const std::lock_guard leaving(open->mutex);
    --open->all;
    const auto at = open->by_caller.find(caller);
    if (--at->second == 0) open->by_caller.erase(at);
  });
}

void UploadThreads::Stop(absl::Duration grace) {
  stopping_ = true;
  const absl::Time deadline = absl::Now() + grace;
  for (const auto& scope : scopes_)
    io::RunTask(scope->executor(), End(scope.get(), deadline));
}

}  // namespace postern::admin
