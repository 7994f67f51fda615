#include "common/io/alarm.h"

#include <algorithm>
#include <utility>

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

namespace postern::io {

struct Alarm::State {
  State(asio::io_context& context, std::function<void()> fn)
      : timer(context), on_time(std::move(fn)) {}

  asio::steady_timer timer;
  std::function<void()> on_time;
  // A handler that is already on its way when the alarm is moved belongs to an older round.
  std::uint64_t round = 0;
};

Alarm::Alarm(Executor& executor, std::function<void()> on_time)
    : state_(std::make_shared<State>(executor.context(), std::move(on_time))) {}

Alarm::~Alarm() {
  Clear();
}

void Alarm::Set(absl::Duration from_now) {
  const absl::Duration bounded = std::clamp(from_now, absl::ZeroDuration(), absl::Hours(24));
  const std::uint64_t round = ++state_->round;
  state_->timer.expires_after(absl::ToChronoNanoseconds(bounded));
  state_->timer.async_wait([state = state_, round](const asio::error_code& error) {
    if (!error && state->round == round) state->on_time();
  });
}

void Alarm::Clear() {
  ++state_->round;
  state_->timer.cancel();
}

}  // namespace postern::io
