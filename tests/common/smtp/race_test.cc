#include "common/smtp/race.h"

#include <map>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"
#include "common/io/event.h"
#include "common/io/scope.h"
#include "tests/support/await.h"
#include "tests/support/memory_stream.h"

namespace postern::smtp {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr absl::Duration kSoon = absl::Milliseconds(20);
constexpr absl::Duration kNever = absl::Minutes(1);

// Each address does what the test wrote down, after a time; those not mentioned never answer.
class TimedDialer final : public io::Dialer {
 public:
  void Connects(std::uint8_t last, absl::Duration after = absl::ZeroDuration()) {
    plan_[last] = {after, absl::OkStatus()};
  }

  void Fails(std::uint8_t last,
             absl::Duration after = absl::ZeroDuration(),
             absl::Status error = absl::UnavailableError("no")) {
    plan_[last] = {after, std::move(error)};
  }

  io::Task<absl::StatusOr<std::unique_ptr<io::Stream>>> Dial(io::Endpoint remote,
                                                             std::optional<io::IpAddress>,
                                                             absl::Duration timeout) override {
    const std::uint8_t last = remote.address.bytes.back();
    dialed.push_back(last);
    started.push_back(absl::Now());
    most = std::max(most, ++open);
    const Plan plan = plan_.contains(last) ? plan_[last] : Plan();
    absl::Status waited;
    if (plan.after > absl::ZeroDuration()) {
      waited = co_await io::Sleep(std::min(plan.after, timeout));
    }
    --open;
    if (!waited.ok()) {
      cancelled.push_back(last);
      co_return waited;
    }
    if (plan.after > timeout) co_return absl::DeadlineExceededError("timed out");
    if (!plan.result.ok()) co_return plan.result;
    auto [ours, theirs] = testing::MemoryPipe();
    theirs_.push_back(std::move(theirs));
    co_return std::move(ours);
  }

  std::vector<int> dialed;
  std::vector<int> cancelled;
  std::vector<absl::Time> started;
  int open = 0;
  int most = 0;

 private:
  struct Plan {
    absl::Duration after = kNever;
    absl::Status result;
  };

  std::map<std::uint8_t, Plan> plan_;
  std::vector<std::unique_ptr<io::Stream>> theirs_;
};

// When the dials of a race are under way.
io::Task<void> StopLater(io::Scope* scope) {
  (co_await io::Sleep(absl::Milliseconds(60))).IgnoreError();  // nobody stops this fiber
  scope->Stop();
  co_await scope->Join();
}

class RaceTest : public ::testing::Test {
 protected:
  RaceTest() { executor_.Start(); }

  ~RaceTest() override { executor_.Stop(); }

  // Addresses 192.0.2.1 and so on.
  RaceResult Run(int addresses) {
    return testing::Await(executor_, Race(dialer_, Addresses(addresses), rules_, calls_));
  }

  const std::vector<io::Endpoint>& Addresses(int count) {
    addresses_.clear();
    for (int i = 1; i <= count; ++i)
      addresses_.push_back(*io::Endpoint::Parse(base::Cat("192.0.2.", i, ":25")));
    return addresses_;
  }

  io::Executor executor_{"race"};
  TimedDialer dialer_;
  std::vector<io::Endpoint> addresses_;
  RaceRules rules_{Sources(), absl::Seconds(30), kNever, absl::InfiniteFuture()};
  std::vector<std::size_t> failed_;
  std::vector<std::size_t> full_;
  RaceCalls calls_{[this](std::size_t place) {
                     return std::find(full_.begin(), full_.end(), place) == full_.end();
                   },
                   [this](std::size_t place, const absl::Status&) { failed_.push_back(place); }};
};

TEST_F(RaceTest, TheFirstThatConnectsInTimeIsDialledAlone) {
  for (const int addresses : {1, 3}) {
    dialer_.dialed.clear();
    dialer_.Connects(1, absl::Milliseconds(1));
    const RaceResult race = Run(addresses);
    EXPECT_NE(race.stream, nullptr);
    EXPECT_EQ(race.winner, 0u);
    EXPECT_EQ(race.dials, 1u);
    EXPECT_THAT(race.lost, IsEmpty());
    EXPECT_THAT(dialer_.dialed, ElementsAre(1));
  }
}

TEST_F(RaceTest, ASlowFirstLosesToTheNextAndIsClosedAtOnce) {
  rules_.attempt_delay = kSoon;
  dialer_.Connects(2);
  const absl::Time before = absl::Now();
  const RaceResult race = Run(3);
  EXPECT_LT(absl::Now() - before, absl::Seconds(10));
  EXPECT_NE(race.stream, nullptr);
  EXPECT_EQ(race.winner, 1u);
  EXPECT_THAT(race.lost, ElementsAre(0));
  EXPECT_THAT(dialer_.dialed, ElementsAre(1, 2));
  EXPECT_THAT(dialer_.cancelled, ElementsAre(1));
  EXPECT_GE(dialer_.started[1] - dialer_.started[0], kSoon);
  EXPECT_THAT(failed_, IsEmpty());
}

TEST_F(RaceTest, TheFirstMayStillWinAfterTheNextWasDialled) {
  rules_.attempt_delay = absl::Milliseconds(5);
  dialer_.Connects(1, absl::Milliseconds(100));
  const RaceResult race = Run(2);
  EXPECT_EQ(race.winner, 0u);
  EXPECT_THAT(race.lost, ElementsAre(1));
}

TEST_F(RaceTest, AFailureStartsTheNextAtOnce) {
  dialer_.Fails(1, absl::Milliseconds(1));
  dialer_.Fails(2);
  dialer_.Connects(3);
  const RaceResult race = Run(4);
  EXPECT_EQ(race.winner, 2u);
  EXPECT_THAT(failed_, ElementsAre(0, 1));
  EXPECT_THAT(race.lost, IsEmpty());
  EXPECT_EQ(dialer_.most, 1);
}

TEST_F(RaceTest, WhenAllFailEachIsTold) {
  rules_.attempt_delay = absl::Milliseconds(5);
  dialer_.Fails(1, absl::Milliseconds(40));
  dialer_.Fails(2, absl::Milliseconds(1));
  dialer_.Fails(3, absl::Milliseconds(1));
  const RaceResult race = Run(3);
  EXPECT_EQ(race.stream, nullptr);
  EXPECT_TRUE(race.error.ok());
  EXPECT_THAT(failed_, ::testing::UnorderedElementsAre(0, 1, 2));
  EXPECT_EQ(race.dials, 3u);
}

TEST_F(RaceTest, AtMostFourAreDialledAtATime) {
  rules_.attempt_delay = absl::Milliseconds(2);
  rules_.connect = absl::Milliseconds(60);
  const RaceResult race = Run(10);
  EXPECT_EQ(race.stream, nullptr);
  EXPECT_EQ(dialer_.most, 4);
  EXPECT_EQ(dialer_.dialed.size(), 10u);
  EXPECT_EQ(failed_.size(), 10u);
}

TEST_F(RaceTest, NoDialGoesBeyondTheDeadline) {
  rules_.attempt_delay = absl::Milliseconds(5);
  rules_.end_by = absl::Now() + absl::Milliseconds(50);
  const absl::Time before = absl::Now();
  const RaceResult race = Run(3);
  EXPECT_LT(absl::Now() - before, absl::Seconds(10));
  EXPECT_EQ(race.stream, nullptr);
  EXPECT_EQ(failed_.size(), 3u);
}

TEST_F(RaceTest, AnAddressThatIsNotAdmittedIsPassedOver) {
  full_ = {0, 2};
  dialer_.Fails(2);
  dialer_.Connects(4);
  const RaceResult race = Run(4);
  EXPECT_EQ(race.winner, 3u);
  EXPECT_THAT(dialer_.dialed, ElementsAre(2, 4));
  EXPECT_THAT(failed_, ElementsAre(1));
}

TEST_F(RaceTest, WithoutAnyAdmittedNothingIsDialled) {
  full_ = {0, 1};
  for (const int addresses : {1, 2}) {
    const RaceResult race = Run(addresses);
    EXPECT_EQ(race.dials, 0u);
    EXPECT_EQ(race.stream, nullptr);
    EXPECT_TRUE(race.error.ok());
  }
}

TEST_F(RaceTest, AnAddressOfOursThatIsWrongEndsTheRace) {
  for (const int addresses : {1, 3}) {
    failed_.clear();
    dialer_.Fails(1, absl::ZeroDuration(), absl::FailedPreconditionError("not of this machine"));
    const RaceResult race = Run(addresses);
    EXPECT_TRUE(absl::IsFailedPrecondition(race.error));
    EXPECT_EQ(race.dials, 1u);
    EXPECT_THAT(failed_, ElementsAre(0));
  }
}

TEST_F(RaceTest, AFamilyWithoutItsSourceLeavesTheRaceToTheOther) {
  const absl::Status gone = absl::FailedPreconditionError("not of this machine");
  addresses_ = {*io::Endpoint::Parse("[2001:db8::1]:25"), *io::Endpoint::Parse("192.0.2.2:25"),
                *io::Endpoint::Parse("[2001:db8::3]:25"), *io::Endpoint::Parse("192.0.2.4:25")};
  dialer_.Fails(1, absl::ZeroDuration(), gone);
  dialer_.Fails(2);
  dialer_.Connects(4);
  const RaceResult race = testing::Await(executor_, Race(dialer_, addresses_, rules_, calls_));
  EXPECT_EQ(race.winner, 3u);
  EXPECT_NE(race.stream, nullptr);
  EXPECT_THAT(dialer_.dialed, ElementsAre(1, 2, 4));
  dialer_.dialed.clear();
  dialer_.Fails(2, absl::ZeroDuration(), gone);
  const RaceResult lost = testing::Await(executor_, Race(dialer_, addresses_, rules_, calls_));
  EXPECT_TRUE(absl::IsFailedPrecondition(lost.error));
  EXPECT_THAT(dialer_.dialed, ElementsAre(1, 2));
}

TEST_F(RaceTest, ARaceThatIsStoppedClosesEveryDial) {
  rules_.attempt_delay = absl::Milliseconds(5);
  for (const int addresses : {1, 3}) {
    dialer_.cancelled.clear();
    failed_.clear();
    std::optional<RaceResult> race;
    io::Scope scope(executor_);
    executor_.Run([&] {
      scope.Spawn(io::StoreResult(Race(dialer_, Addresses(addresses), rules_, calls_), &race));
    });
    io::RunTask(executor_, StopLater(&scope));
    ASSERT_TRUE(race.has_value());
    EXPECT_TRUE(absl::IsCancelled(race->error));
    EXPECT_EQ(race->stream, nullptr);
    EXPECT_EQ(race->lost.size(), static_cast<std::size_t>(addresses));
    EXPECT_EQ(dialer_.cancelled.size(), static_cast<std::size_t>(addresses));
    EXPECT_THAT(failed_, IsEmpty());
  }
}

}  // namespace
}  // namespace postern::smtp
