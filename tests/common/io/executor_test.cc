#include "common/io/executor.h"

#include "tests/common/io/io_test.h"

namespace postern::io {
namespace {

class ExecutorTest : public IoTest {};

TEST_F(ExecutorTest, PostsFromManyThreadsRunOnTheLoopEachOnce) {
  int ran = 0;  // only the loop writes it
  std::vector<std::thread> posters;
  for (int i = 0; i < 4; ++i) {
    posters.emplace_back([&] {
      for (int j = 0; j < 1000; ++j)
        executor_.Post([&ran] { ++ran; });
    });
  }
  for (std::thread& poster : posters)
    poster.join();
  int seen = 0;
  executor_.Run([&] { seen = ran; });
  EXPECT_EQ(seen, 4000);
}

TEST_F(ExecutorTest, PostsOfOneThreadKeepTheirOrder) {
  std::vector<int> order;
  for (int i = 0; i < 100; ++i)
    executor_.Post([&order, i] { order.push_back(i); });
  executor_.Run([] {});
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  EXPECT_EQ(order.size(), 100U);
}

TEST_F(ExecutorTest, TheLoopKnowsItsThread) {
  bool inside = false;
  Executor* current = nullptr;
  executor_.Run([&] {
    inside = executor_.InThread();
    current = Executor::Current();
  });
  EXPECT_TRUE(inside);
  EXPECT_EQ(current, &executor_);
  EXPECT_FALSE(executor_.InThread());
  EXPECT_EQ(Executor::Current(), nullptr);
}

}  // namespace
}  // namespace postern::io
