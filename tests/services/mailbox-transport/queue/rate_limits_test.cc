#include "services/mailbox-transport/queue/rate_limits.h"

#include "gmock/gmock.h"

#include "tests/services/mailbox-transport/queue/schedule_driver.h"

namespace postern::queue {
namespace {

using ::testing::HasSubstr;

class RateLimitsTest : public ScheduleDriver {
 protected:
  // Messages that are delivered within a span, by workers that come whenever they are wanted.
  std::size_t DeliveredIn(absl::Duration span) {
    std::size_t delivered = 0;
    for (const absl::Time end = now_ + span; now_ < end;) {
      for (const std::string& hop : AllWanted())
        delivered += Work(hop).size();
      now_ = std::min(end, std::max(now_ + absl::Milliseconds(5), schedule().NextWake()));
    }
    return delivered;
  }
};

TEST_F(RateLimitsTest, ARuleNamesADestinationOrAConnector) {
  auto limits = RateLimits::Parse({"B.test=100/min", "connector:Internet=2/s"}, 2);
  ASSERT_TRUE(limits.ok());
  const Paces both = limits->PacesOf(Hop("b.test"));
  ASSERT_NE(both[0], nullptr);
  EXPECT_EQ(both[0]->every, absl::Milliseconds(600));
  ASSERT_NE(both[1], nullptr);
  EXPECT_EQ(both[1]->every, absl::Seconds(1)) << "we are two, each has half";
  EXPECT_EQ(limits->PacesOf(Hop("c.test"))[0], nullptr);
}

TEST_F(RateLimitsTest, ARuleForMailExchangersIsForAllInTheirDomain) {
  auto limits = RateLimits::Parse({"mx:Provider.test=60/min", "mx:eu.provider.test=30/min"});
  ASSERT_TRUE(limits.ok());
  const auto every = [&](std::string_view mx_set) {
    const Pace* const pace = limits->PaceOfMxSet(mx_set);
    return pace == nullptr ? absl::ZeroDuration() : pace->every;
  };
  EXPECT_EQ(every("10 provider.test"), absl::Seconds(1));
  EXPECT_EQ(every("10 mx.other.test, 20 b-test.mail.provider.test"), absl::Seconds(1));
  EXPECT_EQ(every("10 mx.provider.test, 20 mx.eu.provider.test"), absl::Seconds(2));
  EXPECT_EQ(every("10 notprovider.test"), absl::ZeroDuration());
  EXPECT_EQ(every("10 mx.provider.test... #123"), absl::ZeroDuration()) << "it was cut there";
  EXPECT_EQ(limits->PacesOf(Hop("provider.test")), Paces{});
}

TEST_F(RateLimitsTest, ARuleThatMeansNothingIsRefused) {
  for (const char* rule : {"", "b.test", "b.test=100", "=1/s", "b.test=0/s", "b.test=x/s",
                           "b.test=1/day", "b.test=1000001/s", "b.test/s=1"}) {
    const auto limits = RateLimits::Parse({rule});
    EXPECT_EQ(limits.status().code(), absl::StatusCode::kInvalidArgument) << rule;
    EXPECT_THAT(limits.status().message(), HasSubstr("queue.rate_limits")) << rule;
  }
  EXPECT_FALSE(RateLimits::Parse({"b.test=1/s", "B.TEST=2/s"}).ok()) << "twice";
}

TEST_F(RateLimitsTest, MessagesGoAtTheirPaceAndNoneIsLost) {
  settings_.rate_limits.value = {"a.test=60/min"};
  AddMany("a.test", 1, 100);
  EXPECT_EQ(DeliveredIn(absl::Seconds(10)), 10u);
  EXPECT_EQ(View("a.test").message_count, 90u);
  EXPECT_EQ(DeliveredIn(absl::Seconds(95)), 90u);
}

TEST_F(RateLimitsTest, AQuickPaceIsKeptWithFewWakeUps) {
  settings_.rate_limits.value = {"a.test=1000/s"};
  AddMany("a.test", 1, 10'000);
  const std::size_t delivered = DeliveredIn(absl::Seconds(2));
  EXPECT_GE(delivered, 1900u);
  EXPECT_LE(delivered, 2110u);
}

TEST_F(RateLimitsTest, OtherDestinationsDoNotWait) {
  settings_.rate_limits.value = {"a.test=1/h"};
  AddMany("a.test", 1, 10);
  AddMany("b.test", 11, 10);
  EXPECT_EQ(DeliveredIn(absl::Seconds(1)), 11u);
}

TEST_F(RateLimitsTest, TheLimitOfAConnectorIsOfAllItsQueues) {
  settings_.rate_limits.value = {"connector:internet=60/min"};
  for (std::uint64_t i = 1; i <= 50; ++i)
    Add("hop" + std::to_string(i) + ".test", i);
  EXPECT_EQ(DeliveredIn(absl::Seconds(10)), 10u);
  EXPECT_EQ(DeliveredIn(absl::Seconds(45)), 40u);
}

TEST_F(RateLimitsTest, NoQueueTakesTheLimitOfAllForItself) {
  settings_.rate_limits.value = {"connector:internet=60/min"};
  AddMany("a.test", 1, 1000);
  AddMany("b.test", 2001, 10);
  AddMany("c.test", 3001, 10);
  EXPECT_EQ(DeliveredIn(absl::Seconds(40)), 40u);
  EXPECT_EQ(View("b.test").message_count, 0u);
  EXPECT_EQ(View("c.test").message_count, 0u);
  EXPECT_EQ(View("a.test").message_count, 980u);
}

TEST_F(RateLimitsTest, NewQueuesDoNotPassThoseThatWait) {
  settings_.rate_limits.value = {"connector:internet=60/min"};
  AddMany("a.test", 1, 100);
  for (std::uint64_t i = 0; i < 20; ++i) {
    DeliveredIn(absl::Milliseconds(500));
    Add("new" + std::to_string(i) + ".test", 1000 + i);
    DeliveredIn(absl::Milliseconds(500));
  }
  EXPECT_LE(View("a.test").message_count, 95u) << "it has its turn among ever more of them";
}

TEST_F(RateLimitsTest, WhoWaitsIsTold) {
  settings_.rate_limits.value = {"a.test=6/min"};
  AddMany("a.test", 1, 3);
  for (const std::string& hop : AllWanted())
    Work(hop);
  const QueueView view = View("a.test");
  EXPECT_EQ(view.last_error, "waits for its rate limit of 6/min");
  EXPECT_EQ(view.next_retry_time, now_ + absl::Seconds(10));
  EXPECT_EQ(schedule().Tickets(Hop("a.test"), 1)[0].due, now_ + absl::Seconds(10));
  EXPECT_EQ(schedule().NextWake(), now_ + absl::Seconds(10));
}

}  // namespace
}  // namespace postern::queue
