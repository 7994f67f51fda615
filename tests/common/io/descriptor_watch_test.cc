#include "common/io/descriptor_watch.h"

#include <memory>
#include <string>

#include <sys/socket.h>
#include <unistd.h>

#include "common/io/event.h"
#include "tests/common/io/io_test.h"

namespace postern::io {
namespace {

class DescriptorWatchTest : public IoTest {
 protected:
  DescriptorWatchTest() {
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends_), 0);
  }

  ~DescriptorWatchTest() override {
    close(ends_[0]);
    close(ends_[1]);
  }

  int ends_[2] = {-1, -1};
};

TEST_F(DescriptorWatchTest, CallsWhileThereIsSomethingToReadAndLeavesTheDescriptorOpen) {
  struct Body {
    // Takes one byte a call, so that the condition holds for three calls.
    static Task<void> Go(Executor* executor, const int* ends, std::string* got) {
      const int end = ends[0];
      {
        DescriptorWatch watch(*executor, end, [got, end](bool readable, bool writable) {
          EXPECT_TRUE(readable && !writable);
          char byte = 0;
          if (read(end, &byte, 1) == 1) got->push_back(byte);
        });
        watch.Want(true, false);
        EXPECT_TRUE((co_await Sleep(absl::Milliseconds(5))).ok());
        EXPECT_EQ(*got, "");
        EXPECT_EQ(write(ends[1], "abc", 3), 3);
        EXPECT_TRUE((co_await Sleep(absl::Milliseconds(20))).ok());
        EXPECT_EQ(*got, "abc");
        watch.Want(false, false);
        EXPECT_EQ(write(ends[1], "d", 1), 1);
        EXPECT_TRUE((co_await Sleep(absl::Milliseconds(5))).ok());
      }
      EXPECT_EQ(write(end, "x", 1), 1);
    }
  };

  std::string got;
  Run(Body::Go(&executor_, ends_, &got));
  EXPECT_LE(got.size(), 4u);
  EXPECT_EQ(got.substr(0, 3), "abc");
}

TEST_F(DescriptorWatchTest, MayBeReleasedInItsCallbackAndTheDescriptorWatchedAgain) {
  struct Body {
    static Task<void> Go(Executor* executor, const int* ends, int* calls) {
      std::unique_ptr<DescriptorWatch> watch;
      const auto once = [&watch, calls](bool, bool) {
        ++*calls;
        watch.reset();
      };
      for (int i = 0; i < 3; ++i) {
        watch = std::make_unique<DescriptorWatch>(*executor, ends[0], once);
        watch->Want(false, true);
        EXPECT_TRUE((co_await Sleep(absl::Milliseconds(10))).ok());
      }
    }
  };

  int calls = 0;
  Run(Body::Go(&executor_, ends_, &calls));
  EXPECT_EQ(calls, 3);
}

}  // namespace
}  // namespace postern::io
