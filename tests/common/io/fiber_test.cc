#include "common/io/fiber.h"

#include "common/io/event.h"
#include "common/io/scope.h"
#include "tests/common/io/io_test.h"

namespace postern::io {
namespace {

class FiberTest : public IoTest {};

Task<void> NoteFiber(Fiber** before, Fiber** after) {
  *before = Fiber::Current();
  co_await Sleep(absl::Milliseconds(1));
  *after = Fiber::Current();
}

TEST_F(FiberTest, AFiberStaysTheSameOverItsWaits) {
  Fiber* before = nullptr;
  Fiber* after = nullptr;
  Run(NoteFiber(&before, &after));
  EXPECT_NE(before, nullptr);
  EXPECT_EQ(before, after);
}

TEST_F(FiberTest, ASpawnedFiberIsAnotherAndTheSpawnerGoesOn) {
  struct Body {
    static Task<void> Go(Executor* executor) {
      Fiber* const mine = Fiber::Current();
      Fiber* before = nullptr;
      Fiber* after = nullptr;
      Scope scope(*executor);
      scope.Spawn(NoteFiber(&before, &after));
      EXPECT_NE(before, mine);
      EXPECT_EQ(Fiber::Current(), mine);
      co_await scope.Join();
      EXPECT_EQ(Fiber::Current(), mine);
    }
  };

  Run(Body::Go(&executor_));
  EXPECT_EQ(Fiber::Current(), nullptr);
}

}  // namespace
}  // namespace postern::io
