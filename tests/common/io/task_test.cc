#include "common/io/task.h"

#include "common/io/event.h"
#include "tests/common/io/io_test.h"

namespace postern::io {
namespace {

class TaskTest : public IoTest {};

Task<int> Immediate(int value) {
  co_return value;
}

Task<int> AfterAWait(int value) {
  const absl::Status slept = co_await Sleep(absl::ZeroDuration());
  co_return slept.ok() ? value : -1;
}

TEST_F(TaskTest, ImmediateTasksCostNoStack) {
  struct Body {
    static Task<void> Go(std::int64_t* sum) {
      for (int i = 0; i < 1'000'000; ++i)
        *sum += co_await Immediate(1);
    }
  };

  std::int64_t sum = 0;
  Run(Body::Go(&sum));
  EXPECT_EQ(sum, 1'000'000);
}

TEST_F(TaskTest, WaitingTasksGiveTheirValue) {
  struct Body {
    static Task<void> Go(int* out) { *out = co_await AfterAWait(7); }
  };

  int out = 0;
  Run(Body::Go(&out));
  EXPECT_EQ(out, 7);
}

TEST_F(TaskTest, AnUnawaitedTaskFreesWhatItCaptured) {
  auto held = std::make_shared<int>(1);

  struct Body {
    static Task<void> Go(std::shared_ptr<int> kept) { co_await Sleep(absl::Seconds(*kept)); }
  };

  { Task<void> task = Body::Go(held); }
  EXPECT_EQ(held.use_count(), 1);
}

}  // namespace
}  // namespace postern::io
