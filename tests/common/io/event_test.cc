#include "common/io/event.h"

#include "tests/common/io/io_test.h"

namespace postern::io {
namespace {

class EventTest : public IoTest {};

Task<void> WaitThoughStopped(Event* event, bool* woken) {
  co_await event->Notified();
  *woken = true;
}

TEST_F(EventTest, NotifiedIsWaitedForByAStoppedFiberToo) {
  struct Body {
    static Task<void> Go(Executor* executor, bool* early, bool* woken) {
      Event event;
      Scope scope(*executor);
      scope.Stop();
      scope.Spawn(WaitThoughStopped(&event, woken));
      co_await Sleep(absl::Milliseconds(2));
      *early = *woken;
      event.NotifyAll();
      co_await scope.Join();
    }
  };

  bool early = false, woken = false;
  Run(Body::Go(&executor_, &early, &woken));
  EXPECT_FALSE(early);
  EXPECT_TRUE(woken);
}

Task<void> JoinInner(Executor* executor, Event* event, bool* joined) {
  bool woken = false;
  Scope inner(*executor);
  inner.Spawn(WaitThoughStopped(event, &woken));
  co_await inner.Join();
  *joined = woken;
}

TEST_F(EventTest, StoppedFiberStillJoinsItsScope) {
  struct Body {
    static Task<void> Go(Executor* executor, bool* joined) {
      Event event;
      Scope outer(*executor);
      outer.Spawn(JoinInner(executor, &event, joined));
      outer.Stop();
      co_await Sleep(absl::Milliseconds(2));
      event.NotifyAll();
      co_await outer.Join();
    }
  };

  bool joined = false;
  Run(Body::Go(&executor_, &joined));
  EXPECT_TRUE(joined);
}

}  // namespace
}  // namespace postern::io
