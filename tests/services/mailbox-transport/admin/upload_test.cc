#include "services/mailbox-transport/admin/upload.h"

#include "gtest/gtest.h"

#include "common/io/event.h"

namespace postern::admin {
namespace {

class UploadFloorsTest : public ::testing::Test {
 protected:
  UploadFloorsTest() {
    for (io::Executor* executor : {&first_, &second_})
      executor->Start();
    floors_ = std::make_unique<UploadFloors>(std::vector<io::Executor*>{&first_, &second_});
  }

  ~UploadFloorsTest() override {
    floors_.reset();
    first_.Stop();
    second_.Stop();
  }

  static io::Task<void> Wait(std::shared_ptr<io::Event> event, std::shared_ptr<bool> stopped) {
    *stopped = absl::IsCancelled(co_await event->Wait());
  }

  io::Executor first_{"first"};
  io::Executor second_{"second"};
  std::unique_ptr<UploadFloors> floors_;
};

TEST_F(UploadFloorsTest, CallsAreSpreadOverTheExecutors) {
  EXPECT_NE(&floors_->Next(), &floors_->Next());
}

TEST_F(UploadFloorsTest, OnlySoManyAtATimeAndHalfOfThemOfOneCaller) {
  std::vector<std::shared_ptr<void>> calls;
  for (const std::string caller : {"app-a", "app-b", "app-c"}) {
    while (true) {
      auto place = floors_->Enter(caller);
      if (!place.ok()) break;
      calls.push_back(*std::move(place));
    }
    if (caller == "app-a") {
      EXPECT_EQ(calls.size(), kUploadsPerCallerMax);
    }
  }
  EXPECT_EQ(calls.size(), kUploadsMax);
  EXPECT_EQ(floors_->Enter("app-c").status(), absl::ResourceExhaustedError(kUploadsFull));
  calls.pop_back();
  EXPECT_EQ(floors_->Enter("app-a").status(), absl::ResourceExhaustedError(kCallerFull));
  EXPECT_TRUE(floors_->Enter("app-c").ok());
}

TEST_F(UploadFloorsTest, AStopRefusesWhatComesAndEndsWhatIsThere) {
  const auto event = std::make_shared<io::Event>();
  const auto stopped = std::make_shared<bool>(false);
  floors_->Next().SpawnFrom(Wait(event, stopped));
  floors_->Stop(absl::Milliseconds(1));
  EXPECT_TRUE(*stopped);
  EXPECT_TRUE(absl::IsUnavailable(floors_->Enter("app-a").status()));
}

}  // namespace
}  // namespace postern::admin
