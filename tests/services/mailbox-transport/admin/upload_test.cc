#include "services/mailbox-transport/admin/upload.h"

#include "gtest/gtest.h"

#include "common/io/event.h"

namespace postern::admin {
namespace {

class UploadThreadsTest : public ::testing::Test {
 protected:
  UploadThreadsTest() {
    for (io::Executor* executor : {&first_, &second_})
      executor->Start();
    io_threads_ = std::make_unique<UploadThreads>(std::vector<io::Executor*>{&first_, &second_});
  }

  ~UploadThreadsTest() override {
    io_threads_.reset();
    first_.Stop();
    second_.Stop();
  }

  static io::Task<void> Wait(std::shared_ptr<io::Event> event, std::shared_ptr<bool> stopped) {
    *stopped = absl::IsCancelled(co_await event->Wait());
  }

  io::Executor first_{"first"};
  io::Executor second_{"second"};
  std::unique_ptr<UploadThreads> io_threads_;
};

TEST_F(UploadThreadsTest, CallsAreSpreadOverTheExecutors) {
  EXPECT_NE(&io_threads_->Next(), &io_threads_->Next());
}

TEST_F(UploadThreadsTest, OnlySoManyAtATimeAndHalfOfThemOfOneCaller) {
  std::vector<std::shared_ptr<void>> calls;
  for (const std::string caller : {"app-a", "app-b", "app-c"}) {
    while (true) {
      auto place = io_threads_->Enter(caller);
      if (!place.ok()) break;
      calls.push_back(*std::move(place));
    }
    if (caller == "app-a") {
      EXPECT_EQ(calls.size(), kUploadsPerCallerMax);
    }
  }
  EXPECT_EQ(calls.size(), kUploadsMax);
  EXPECT_EQ(io_threads_->Enter("app-c").status(), absl::ResourceExhaustedError(kUploadsFull));
  calls.pop_back();
  EXPECT_EQ(io_threads_->Enter("app-a").status(), absl::ResourceExhaustedError(kCallerFull));
  EXPECT_TRUE(io_threads_->Enter("app-c").ok());
}

TEST_F(UploadThreadsTest, AStopRefusesWhatComesAndEndsWhatIsThere) {
  const auto event = std::make_shared<io::Event>();
  const auto stopped = std::make_shared<bool>(false);
  io_threads_->Next().SpawnFrom(Wait(event, stopped));
  io_threads_->Stop(absl::Milliseconds(1));
  EXPECT_TRUE(*stopped);
  EXPECT_TRUE(absl::IsUnavailable(io_threads_->Enter("app-a").status()));
}

}  // namespace
}  // namespace postern::admin
