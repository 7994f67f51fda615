#include "common/io/scope.h"

#include "common/io/completion.h"
#include "common/io/on_disk.h"
#include "tests/common/io/io_test.h"

namespace postern::io {
namespace {

class ScopeTest : public IoTest {};

Task<void> SleepLong(int* cancelled) {
  const absl::Status slept = co_await Sleep(absl::Hours(1));
  if (absl::IsCancelled(slept)) ++*cancelled;
}

Task<void> WaitLong(Event* event, int* cancelled) {
  const absl::Status waited = co_await event->Until(absl::Hours(1));
  if (absl::IsCancelled(waited)) ++*cancelled;
}

TEST_F(ScopeTest, StopEndsEveryWait) {
  struct Body {
    static Task<void> Go(Executor* executor, int* cancelled) {
      Event event;
      Scope scope(*executor);
      for (int i = 0; i < 10; ++i)
        scope.Spawn(SleepLong(cancelled));
      for (int i = 0; i < 10; ++i)
        scope.Spawn(WaitLong(&event, cancelled));
      scope.Stop();
      co_await scope.Join();
    }
  };

  int cancelled = 0;
  Run(Body::Go(&executor_, &cancelled));
  EXPECT_EQ(cancelled, 20);
}

TEST_F(ScopeTest, AFiberSpawnedAfterStopIsCancelledAtItsFirstWait) {
  struct Body {
    static Task<void> Go(Executor* executor, int* cancelled) {
      Scope scope(*executor);
      scope.Stop();
      scope.Spawn(SleepLong(cancelled));
      co_await scope.Join();
    }
  };

  int cancelled = 0;
  Run(Body::Go(&executor_, &cancelled));
  EXPECT_EQ(cancelled, 1);
}

TEST_F(ScopeTest, AnEventWakesItsWaitersAndDeadlinesPass) {
  struct Body {
    static Task<void> Wake(Event* event) {
      co_await Sleep(absl::Milliseconds(1));
      event->NotifyAll();
    }

    static Task<void> Go(Executor* executor, absl::Status* woken, absl::Status* late) {
      Event event;
      Scope scope(*executor);
      scope.Spawn(Wake(&event));
      *woken = co_await event.Until(absl::Seconds(5));
      *late = co_await event.Until(absl::Milliseconds(1));
      co_await scope.Join();
    }
  };

  absl::Status woken, late;
  Run(Body::Go(&executor_, &woken, &late));
  EXPECT_TRUE(woken.ok());
  EXPECT_TRUE(absl::IsDeadlineExceeded(late));
}

TEST_F(ScopeTest, ACommitWaitIsNotCancelled) {
  struct Body {
    static Task<void> Commit(std::shared_ptr<Completion<int>> done, int* out) {
      *out = co_await done->Wait();
    }

    static Task<void> Go(Executor* executor, int* out) {
      Scope scope(*executor);
      auto done = std::make_shared<Completion<int>>(*executor);
      scope.Spawn(Commit(done, out));
      scope.Stop();
      std::thread giver([done] { done->Set(5); });
      co_await scope.Join();
      giver.join();
    }
  };

  int out = 0;
  Run(Body::Go(&executor_, &out));
  EXPECT_EQ(out, 5);
}

TEST_F(ScopeTest, ALateCompletionIsDiscarded) {
  struct Body {
    static Task<void> Go(Executor* executor, bool* given) {
      auto done = std::make_shared<Completion<int>>(*executor);
      const std::optional<int> value = co_await done->Until(absl::Milliseconds(1));
      *given = value.has_value();
      done->Set(1);
    }
  };

  bool given = true;
  Run(Body::Go(&executor_, &given));
  EXPECT_FALSE(given);
}

TEST_F(ScopeTest, DiskWorkRunsElsewhereAndComesBack) {
  struct Body {
    static Task<void> Go(DiskPool* pool, bool* elsewhere, bool* back) {
      const auto here = std::this_thread::get_id();
      absl::AnyInvocable<bool()> fn = [here] { return std::this_thread::get_id() != here; };
      *elsewhere = co_await OnDisk<bool>(*pool, std::move(fn));
      *back = std::this_thread::get_id() == here;
    }
  };

  DiskPool pool(1);
  bool elsewhere = false, back = false;
  Run(Body::Go(&pool, &elsewhere, &back));
  EXPECT_TRUE(elsewhere && back);
}

}  // namespace
}  // namespace postern::io
