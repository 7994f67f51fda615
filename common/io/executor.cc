#include "common/io/executor.h"

#include <future>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <pthread.h>

#include "common/base/check.h"
#include "common/base/scheduling.h"

namespace postern::io {

namespace {

thread_local Executor* current_executor = nullptr;

}  // namespace

struct Executor::State {
  explicit State(std::string n) : name(std::move(n)), context(1) {}

  void Drain() {
    {
      const std::lock_guard lock(mutex);
      draining.swap(posted);
      scheduled = false;
    }
    for (auto& fn : draining)
      fn();
    draining.clear();
  }

  std::string name;
  asio::io_context context;
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> guard;
  std::thread thread;

  std::mutex mutex;
  std::vector<absl::AnyInvocable<void()>> posted;
  bool scheduled = false;
  std::vector<absl::AnyInvocable<void()>> draining;
};

Executor::Executor(std::string name) : state_(std::make_unique<State>(std::move(name))) {
  state_->guard.emplace(state_->context.get_executor());
}

Executor::~Executor() {
  Stop();
}

void Executor::Start() {
  POSTERN_CHECK(!state_->thread.joinable());
  state_->thread = std::thread([this] {
    current_executor = this;
    base::WakeAtOnce();
    // Linux allows 15 characters.
    pthread_setname_np(pthread_self(), state_->name.substr(0, 15).c_str());
    state_->context.run();
    current_executor = nullptr;
  });
}

void Executor::Stop() {
  if (!state_->thread.joinable()) return;
  POSTERN_CHECK(!InThread());
  state_->guard.reset();
  state_->context.stop();
  state_->thread.join();
}

void Executor::Post(absl::AnyInvocable<void()> fn) {
  bool wake = false;
  {
    const std::lock_guard lock(state_->mutex);
    state_->posted.push_back(std::move(fn));
    wake = !std::exchange(state_->scheduled, true);
  }
  if (wake) asio::post(state_->context, [state = state_.get()] { state->Drain(); });
}

void Executor::Run(absl::AnyInvocable<void()> fn) {
  POSTERN_CHECK(!InThread());
  std::promise<void> done;
  Post([&fn, &done] {
    fn();
    done.set_value();
  });
  done.get_future().wait();
}

bool Executor::InThread() const {
  return current_executor == this;
}

Executor* Executor::Current() {
  return current_executor;
}

asio::io_context& Executor::context() {
  return state_->context;
}

}  // namespace postern::io
