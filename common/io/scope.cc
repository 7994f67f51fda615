#include "common/io/scope.h"

#include <future>
#include <utility>

#include "common/base/check.h"

namespace postern::io {

namespace {

// The coroutine at the root of a fiber: it frees itself at its end.
struct Root {
  struct promise_type {
    Root get_return_object() {
      return Root{std::coroutine_handle<promise_type>::from_promise(*this)};
    }

    std::suspend_always initial_suspend() noexcept { return {}; }

    std::suspend_never final_suspend() noexcept { return {}; }

    void return_void() noexcept {}

    [[noreturn]] void unhandled_exception() noexcept { std::terminate(); }
  };

  std::coroutine_handle<> handle;
};

}  // namespace

struct Scope::Strand {
  explicit Strand(Scope& s) : scope(s) {}

  static Root Drive(Strand* strand, Task<void> task) {
    co_await std::move(task);
    strand->scope.End(strand);
  }

  Scope& scope;
  Fiber fiber;
  std::list<std::unique_ptr<Strand>>::iterator place;
};

Scope::Scope(Executor& executor) : executor_(executor) {}

Scope::~Scope() {
  POSTERN_CHECK(living_ == 0);
}

void Scope::Spawn(Task<void> task) {
  strands_.push_front(std::make_unique<Strand>(*this));
  Strand* const strand = strands_.front().get();
  strand->place = strands_.begin();
  ++living_;
  if (stopping_) strand->fiber.Cancel();
  const Root root = Strand::Drive(strand, std::move(task));
  strand->fiber.Resume(root.handle);
}

void Scope::SpawnFrom(Task<void> task) {
  executor_.Post([this, task = std::move(task)]() mutable { Spawn(std::move(task)); });
}

void Scope::Stop() {
  stopping_ = true;
  for (const auto& strand : strands_)
    strand->fiber.Cancel();
}

void Scope::End(Strand* strand) {
  strands_.erase(strand->place);
  if (--living_ == 0) empty_.NotifyAll();
}

Task<void> Scope::Join() {
  // The joining fiber may itself be stopped: joining is what it still has to do.
  while (living_ > 0)
    co_await empty_.Notified();
}

void RunTask(Executor& executor, Task<void> task) {
  struct Finish {
    static Task<void> Run(Task<void> inner, std::promise<void>* done) {
      co_await std::move(inner);
      done->set_value();
    }
  };

  std::promise<void> done;
  std::unique_ptr<Scope> scope;
  executor.Run([&] {
    scope = std::make_unique<Scope>(executor);
    scope->Spawn(Finish::Run(std::move(task), &done));
  });
  done.get_future().wait();
  executor.Run([&] { scope.reset(); });
}

}  // namespace postern::io
