#include "common/io/door.h"

#include <atomic>
#include <mutex>
#include <vector>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace postern::io {
namespace {

using ::testing::HasSubstr;

class DoorTest : public ::testing::Test {
 protected:
  ~DoorTest() override {
    if (door_ != nullptr) door_->Stop();
    for (const int descriptor : ours_)
      ::close(descriptor);
    for (const int descriptor : taken_)
      ::close(descriptor);
  }

  void Open(const DoorLimits& limits, const std::string& address = "127.0.0.1:0") {
    auto door = Door::Open(address, limits);
    ASSERT_TRUE(door.ok()) << door.status();
    door_ = *std::move(door);
    door_->Start([this](int, int connection) {
      const std::lock_guard lock(mutex_);
      taken_.push_back(connection);
    });
  }

  int Connect() {
    const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ours_.push_back(descriptor);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(door_->port()));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(descriptor, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    return descriptor;
  }

  std::size_t Taken() {
    const std::lock_guard lock(mutex_);
    return taken_.size();
  }

  bool TakesSoon(std::size_t count) {
    for (int i = 0; i < 500 && Taken() != count; ++i)
      absl::SleepFor(absl::Milliseconds(10));
    return Taken() == count;
  }

  void CloseFirstTaken() {
    const std::lock_guard lock(mutex_);
    ::close(taken_.front());
    taken_.erase(taken_.begin());
  }

  std::mutex mutex_;
  std::vector<int> taken_;
  std::vector<int> ours_;
  std::unique_ptr<Door> door_;
};

TEST_F(DoorTest, ConnectionsAreHandedOver) {
  Open({});
  Connect();
  Connect();
  EXPECT_TRUE(TakesSoon(2));
}

TEST_F(DoorTest, WhenItIsFullOthersWaitUntilOneIsClosed) {
  Open({.connections = 2, .of_one_source = 10});
  for (int i = 0; i < 3; ++i)
    Connect();
  EXPECT_TRUE(TakesSoon(2));
  absl::SleepFor(2 * Door::kPause);
  EXPECT_EQ(Taken(), 2u);
  CloseFirstTaken();
  EXPECT_TRUE(TakesSoon(2)) << "the third in the place of the first";
}

TEST_F(DoorTest, ASourceHasItsShare) {
  Open({.connections = 10, .of_one_source = 2});
  Connect();
  Connect();
  ASSERT_TRUE(TakesSoon(2));
  const int refused = Connect();
  char byte = 0;
  EXPECT_LE(::recv(refused, &byte, 1, 0), 0) << "closed";
  EXPECT_EQ(Taken(), 2u);
  CloseFirstTaken();
  Connect();
  EXPECT_TRUE(TakesSoon(2));
}

TEST_F(DoorTest, ItGoesOnAfterATimeWithoutDescriptors) {
  Open({});
  Connect();
  ASSERT_TRUE(TakesSoon(1));
  const int queued = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ours_.push_back(queued);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{static_cast<rlim_t>(queued) + 1, before.rlim_max};
  // Every number below the limit is in use now.
  while (true) {
    const int filler = ::dup(queued);
    if (filler < 0) break;
    ours_.push_back(filler);
    if (filler >= queued + 64) break;
  }
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(door_->port()));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::connect(queued, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  absl::SleepFor(3 * Door::kPause);
  EXPECT_EQ(Taken(), 1u);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_TRUE(TakesSoon(2));
}

TEST_F(DoorTest, APortThatIsInUseIsNamed) {
  Open({});
  const std::string address = "127.0.0.1:" + std::to_string(door_->port());
  const auto second = Door::Open(address, {});
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(second.status().message(), "listen on " + address + ": address already in use");
  EXPECT_THAT(std::string(Door::Open("no host at all:1", {}).status().message()),
              HasSubstr("listen on no host at all:1: "));
}

TEST_F(DoorTest, AStopClosesTheListener) {
  Open({}, "localhost:0");
  EXPECT_GT(door_->port(), 0);
  door_->Stop();
  EXPECT_TRUE(Door::Open("127.0.0.1:" + std::to_string(door_->port()), {}).ok());
}

}  // namespace
}  // namespace postern::io
