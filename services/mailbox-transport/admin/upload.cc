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

UploadFloors::UploadFloors(const std::vector<io::Executor*>& executors)
    : open_(std::make_shared<std::atomic<std::size_t>>(0)) {
  POSTERN_CHECK(!executors.empty());
  for (io::Executor* executor : executors)
    executor->Run([&] { scopes_.push_back(std::make_unique<io::Scope>(*executor)); });
}

UploadFloors::~UploadFloors() {
  Stop(absl::ZeroDuration());
  for (auto& scope : scopes_) {
    io::Executor& executor = scope->executor();
    executor.Run([&] { scope.reset(); });
  }
}

absl::Status UploadFloors::Ready() const {
  if (stopping_) return absl::UnavailableError(kUploadStopping);
  if (*open_ >= kUploadsMax) return absl::ResourceExhaustedError(kUploadsFull);
  return absl::OkStatus();
}

std::shared_ptr<void> UploadFloors::Count() {
  ++*open_;
  return std::shared_ptr<void>(open_.get(), [open = open_](void*) { --*open; });
}

void UploadFloors::Stop(absl::Duration grace) {
  stopping_ = true;
  const absl::Time deadline = absl::Now() + grace;
  for (const auto& scope : scopes_)
    io::RunTask(scope->executor(), End(scope.get(), deadline));
}

}  // namespace postern::admin
