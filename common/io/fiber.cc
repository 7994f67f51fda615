#include "common/io/fiber.h"

#include <utility>

#include "common/base/check.h"

namespace postern::io {

namespace {

thread_local Fiber* current_fiber = nullptr;

}  // namespace

bool Wait::Enter(std::coroutine_handle<> handle) {
  EnterUncancellable(handle);
  if (fiber_->cancelled_) return false;
  fiber_->waiting_ = this;
  return true;
}

void Wait::EnterUncancellable(std::coroutine_handle<> handle) {
  fiber_ = Fiber::Current();
  POSTERN_CHECK(fiber_ != nullptr);
  handle_ = handle;
}

void Wait::Leave() {
  Fiber* const fiber = fiber_;
  if (fiber->waiting_ == this) fiber->waiting_ = nullptr;
  fiber->Resume(handle_);
}

Fiber* Fiber::Current() {
  return current_fiber;
}

void Fiber::Cancel() {
  if (cancelled_) return;
  cancelled_ = true;
  if (waiting_ != nullptr) waiting_->OnCancel();
}

void Fiber::Resume(std::coroutine_handle<> handle) {
  // The fiber itself may end inside resume(): nothing of it is touched afterwards.
  Fiber* const outer = std::exchange(current_fiber, this);
  handle.resume();
  current_fiber = outer;
}

}  // namespace postern::io
