#include "common/io/completion.h"

#include "absl/time/clock.h"

#include "common/base/check.h"
#include "common/io/fiber.h"

namespace postern::io::completion_internal {

class Signal::UncancelledWait final : public Wait {
 public:
  explicit UncancelledWait(Signal& signal) : signal_(signal) {}

  bool await_ready() const noexcept { return signal_.raised_; }

  void await_suspend(std::coroutine_handle<> handle) {
    POSTERN_CHECK(signal_.waiter_ == nullptr);
    EnterUncancellable(handle);
    signal_.waiter_ = this;
  }

  void await_resume() const noexcept {}

  void Resume() { Leave(); }

 private:
  void OnCancel() override {}

  Signal& signal_;
};

void Signal::Raise() {
  POSTERN_CHECK(!raised_);
  raised_ = true;
  event_.NotifyAll();
  if (waiter_ != nullptr) std::exchange(waiter_, nullptr)->Resume();
}

Task<void> Signal::WaitUncancelled() {
  UncancelledWait wait(*this);
  co_await wait;
}

Task<bool> Signal::WaitUntil(absl::Duration within) {
  const absl::Time deadline = absl::Now() + within;
  while (!raised_) {
    const absl::Status notified = co_await event_.Until(deadline - absl::Now());
    if (!notified.ok()) break;
  }
  co_return raised_;
}

}  // namespace postern::io::completion_internal
