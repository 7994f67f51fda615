#include "common/io/event.h"

#include <cstdint>
#include <optional>

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include "common/base/check.h"
#include "common/io/executor.h"
#include "common/io/fiber.h"

namespace postern::io {

namespace {

absl::Status Stopped() {
  return absl::CancelledError("stopping");
}

// Far enough for every deadline of ours, near enough for the arithmetic of the clock.
std::chrono::nanoseconds Bounded(absl::Duration duration) {
  return absl::ToChronoNanoseconds(
      std::clamp(duration, absl::ZeroDuration(), absl::Hours(24 * 365)));
}

class SleepWait final : public Wait {
 public:
  explicit SleepWait(absl::Duration duration)
      : timer_(Executor::Current()->context(), Bounded(duration)) {}

  bool await_ready() const noexcept { return false; }

  bool await_suspend(std::coroutine_handle<> handle) {
    if (!Enter(handle)) {
      result_ = Stopped();
      return false;
    }
    timer_.async_wait([this](const asio::error_code& error) {
      if (error) result_ = Stopped();
      Leave();
    });
    return true;
  }

  absl::Status await_resume() { return std::move(result_); }

 private:
  void OnCancel() override { timer_.cancel(); }

  asio::steady_timer timer_;
  absl::Status result_;
};

}  // namespace

class EventWait final : public Wait {
 public:
  enum class Stop : std::uint8_t { kEnds, kIsIgnored };

  EventWait(Event& event, std::optional<absl::Duration> within, Stop stop = Stop::kEnds)
      : event_(event), stop_(stop) {
    if (within) timer_.emplace(Executor::Current()->context(), Bounded(*within));
  }

  bool await_ready() const noexcept { return false; }

  bool await_suspend(std::coroutine_handle<> handle) {
    if (stop_ == Stop::kIsIgnored) {
      EnterUncancellable(handle);
    } else if (!Enter(handle)) {
      result_ = Stopped();
      return false;
    }
    place_ = event_.waiters_.insert(event_.waiters_.end(), this);
    waiting_ = true;
    if (timer_) {
      timer_->async_wait([this](const asio::error_code& error) {
        if (!error) End(absl::DeadlineExceededError("the deadline passed"), /*by_timer=*/true);
        Leave();
      });
    }
    return true;
  }

  absl::Status await_resume() { return std::move(result_); }

  void Notify() { End(absl::OkStatus(), /*by_timer=*/false); }

 private:
  void OnCancel() override { End(Stopped(), /*by_timer=*/false); }

  // The first end decides. With a timer, its handler is what resumes: it always runs, once.
  void End(absl::Status result, bool by_timer) {
    if (!waiting_) return;
    waiting_ = false;
    event_.waiters_.erase(place_);
    result_ = std::move(result);
    if (by_timer) return;
    if (timer_) {
      // A timer that has already expired has its handler on the way.
      timer_->cancel();
    } else {
      Executor::Current()->Post([this] { Leave(); });
    }
  }

  Event& event_;
  Stop stop_;
  std::optional<asio::steady_timer> timer_;
  std::list<EventWait*>::iterator place_;
  bool waiting_ = false;
  absl::Status result_;
};

Event::~Event() {
  POSTERN_CHECK(waiters_.empty());
}

Task<absl::Status> Event::Until(absl::Duration within) {
  EventWait wait(*this, within);
  co_return co_await wait;
}

Task<absl::Status> Event::Wait() {
  EventWait wait(*this, std::nullopt);
  co_return co_await wait;
}

Task<void> Event::Notified() {
  EventWait wait(*this, std::nullopt, EventWait::Stop::kIsIgnored);
  co_await wait;
}

void Event::NotifyOne() {
  if (!waiters_.empty()) waiters_.front()->Notify();
}

void Event::NotifyAll() {
  while (!waiters_.empty())
    waiters_.front()->Notify();
}

Task<absl::Status> Sleep(absl::Duration for_how_long) {
  SleepWait wait(for_how_long);
  co_return co_await wait;
}

}  // namespace postern::io
