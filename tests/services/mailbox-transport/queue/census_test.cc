// What the queues hold, in numbers.

#include "services/mailbox-transport/queue/census.h"

#include "gmock/gmock.h"

#include "tests/services/mailbox-transport/queue/schedule_driver.h"

namespace postern::queue {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

constexpr auto kDns = static_cast<std::size_t>(model::DeliveryType::kDnsConnectorDelivery);

class CensusTest : public ScheduleDriver {
 protected:
  Census Count() { return schedule().Count(now_); }

  Census::Kind Dns() { return Count().kinds[kDns]; }

  // A message that was accepted some time ago.
  std::uint64_t IdOf(absl::Duration ago, std::uint64_t number) {
    return static_cast<std::uint64_t>(absl::ToUnixMillis(now_ - ago)) << 20 | number;
  }

  void AddWith(model::Priority priority, const std::string& domain, std::uint64_t id) {
    model::Ticket ticket = Ticket(id);
    ticket.due = now_;
    ticket.priority = priority;
    schedule().Add(Hop(domain), std::move(ticket), now_);
  }

  Census::Source Source() { return {model::DeliveryType::kDnsConnectorDelivery, "internet"}; }
};

// By number of the priority: Normal, High, Low.
TEST_F(CensusTest, MessagesAreCountedByStateAndPriority) {
  AddWith(model::Priority::kHigh, "a.test", 1);
  AddWith(model::Priority::kLow, "a.test", 2);
  AddWith(model::Priority::kNormal, "a.test", 3);
  Add("a.test", 4, absl::Minutes(5));
  EXPECT_THAT(Dns().active, ElementsAre(1, 1, 1));
  EXPECT_THAT(Dns().deferred, ElementsAre(1, 0, 0));
  Wanted();
  ASSERT_EQ(Take("a.test"), 1u);
  EXPECT_THAT(Dns().active, ElementsAre(1, 1, 1)) << "under way is active";
  Pass(absl::Minutes(5));
  Wanted();
  EXPECT_THAT(Dns().active, ElementsAre(2, 1, 1));
  EXPECT_THAT(Dns().deferred, ElementsAre(0, 0, 0));
}

TEST_F(CensusTest, AQueueInRetryIsDeferredAsAWhole) {
  Add("a.test", 1);
  AddWith(model::Priority::kLow, "a.test", 2);
  ASSERT_TRUE(TryAndFail("a.test"));
  EXPECT_THAT(Dns().active, ElementsAre(0, 0, 0));
  EXPECT_THAT(Dns().deferred, ElementsAre(1, 0, 1));
  EXPECT_EQ(Count().queues[static_cast<std::size_t>(QueueStatus::kRetry)], 1u);
}

TEST_F(CensusTest, SuspendedAreMessagesAndWhatASuspendedQueueHolds) {
  AddMany("a.test", 1, 3);
  const auto changing = schedule().Change(Hop("a.test"), {2}, Wish::kSuspend, now_);
  ASSERT_THAT(changing.works, SizeIs(1));
  model::Ticket ticket = changing.works.front().ticket;
  ticket.suspended = true;
  schedule().PutBack(Hop("a.test"), std::move(ticket), now_);
  EXPECT_THAT(Dns().suspended, ElementsAre(1, 0, 0));
  EXPECT_THAT(Dns().active, ElementsAre(2, 0, 0));
  schedule().Suspend(Hop("a.test"), now_);
  EXPECT_THAT(Dns().suspended, ElementsAre(3, 0, 0));
  EXPECT_THAT(Dns().active, ElementsAre(0, 0, 0));
  EXPECT_EQ(Count().queues[static_cast<std::size_t>(QueueStatus::kSuspended)], 1u);
}

TEST_F(CensusTest, TheOldestMessageIsThatOfItsConnector) {
  Add("a.test", IdOf(absl::Minutes(3), 1));
  Add("b.test", IdOf(absl::Hours(2), 2));
  Wanted();
  EXPECT_EQ(Count().oldest.at(Source()), absl::Hours(2));
  while (Wanted() != "b.test") {
  }
  const std::uint64_t id = Take("b.test");
  EXPECT_EQ(Count().oldest.at(Source()), absl::Hours(2)) << "under way counts too";
  Worked("b.test");
  Done("b.test", id);
  EXPECT_EQ(Count().oldest.at(Source()), absl::Minutes(3));
}

TEST_F(CensusTest, LagIsTheTimeThatAMessageWaitsForItsTurnAlone) {
  settings_.max_outbound_connections.value = 1;
  Add("a.test", 1);
  Add("b.test", 2, absl::Seconds(10));
  ASSERT_EQ(Wanted(), "a.test");
  Take("a.test");
  Pass(absl::Seconds(25));
  EXPECT_EQ(Wanted(), "") << "the only connection is in use";
  EXPECT_EQ(Dns().lag, absl::Seconds(15));
}

TEST_F(CensusTest, WaitingInRetryOrForALimitIsNoLag) {
  settings_.rate_limits.value = {"slow.test=1/min"};
  Add("a.test", 1);
  ASSERT_TRUE(TryAndFail("a.test"));
  AddMany("slow.test", 2, 3);
  Pass(absl::Seconds(30));
  EXPECT_EQ(Dns().lag, absl::ZeroDuration());
}

TEST_F(CensusTest, TheLongestQueuesAreNamedAndNoMore) {
  std::uint64_t id = 1;
  for (std::uint64_t i = 1; i <= 3 * kTopHops; ++i) {
    AddMany("d" + std::to_string(i) + ".test", id, i);
    id += i;
  }
  const Census census = Count();
  ASSERT_THAT(census.top, SizeIs(kTopHops));
  EXPECT_EQ(census.top.front().hop.domain, "d30.test");
  EXPECT_EQ(census.top.front().messages, 30u);
  EXPECT_EQ(census.top.back().messages, 21u);
  EXPECT_EQ(census.kinds[kDns].largest, 30u);
}

TEST_F(CensusTest, ShardsAreAddedAndRankedTogether) {
  Add("a.test", IdOf(absl::Minutes(3), 1));
  Census sum = Count();
  Census other;
  other.kinds[kDns].active = {4, 0, 0};
  other.kinds[kDns].largest = 4;
  other.kinds[kDns].lag = absl::Seconds(7);
  other.oldest[Source()] = absl::Hours(1);
  other.top.push_back({Hop("z.test"), 4, absl::Hours(1)});
  sum.Add(other);
  EXPECT_THAT(sum.kinds[kDns].active, ElementsAre(5, 0, 0));
  EXPECT_EQ(sum.kinds[kDns].largest, 4u);
  EXPECT_EQ(sum.kinds[kDns].lag, absl::Seconds(7));
  EXPECT_EQ(sum.oldest.at(Source()), absl::Hours(1));
  EXPECT_EQ(sum.top.front().hop.domain, "z.test");
}

TEST_F(CensusTest, BeyondTheirLimitConnectorsAreOther) {
  Census census;
  for (std::size_t i = 0; i < kOldestMax + 5; ++i) {
    census.NoteOldest({model::DeliveryType::kDnsConnectorDelivery, std::to_string(1000 + i)},
                      absl::Seconds(static_cast<std::int64_t>(i)));
  }
  EXPECT_EQ(census.oldest.size(), kOldestMax + 1);
  EXPECT_EQ(census.oldest.at({model::DeliveryType::kDnsConnectorDelivery, "other"}),
            absl::Seconds(static_cast<std::int64_t>(kOldestMax + 4)));
}

}  // namespace
}  // namespace postern::queue
