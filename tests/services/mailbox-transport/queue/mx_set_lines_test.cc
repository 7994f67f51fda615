// What next hops do together whose domains have one MX set.

#include "gmock/gmock.h"

#include "tests/services/mailbox-transport/queue/schedule_driver.h"

namespace postern::queue {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr absl::Duration kTtl = absl::Minutes(30);

class MxSetLinesTest : public ScheduleDriver {
 protected:
  // The schedule is gone before the sets.
  ~MxSetLinesTest() override { Forget(); }

  void Use() {
    table_ = std::make_unique<MxSets>(settings_, probe_, 1);
    sets_ = table_.get();
  }

  void Learn(const std::string& domain, const std::string& mx_set = "10 mx.test") {
    schedule().Admit(Hop(domain), {}, mx_set, kTtl, now_);
  }

  // Queues of one set, each with messages that begin with its number times 100.
  void Queues(const std::vector<std::string>& domains, std::uint64_t each = 1) {
    Use();
    std::uint64_t first = 100;
    for (const std::string& domain : domains) {
      AddMany(domain, first, each);
      Learn(domain);
      first += 100;
    }
  }

  bool Admit(const std::string& domain, std::uint64_t id, const std::string& mx_set) {
    return schedule().Admit(Hop(domain), {id}, mx_set, kTtl, now_);
  }

  std::string PlaceOf(const std::string& domain, std::uint64_t id) {
    return schedule().PlaceOf(Hop(domain), {id});
  }

  void HostsDown(const std::string& domain, std::uint64_t id) {
    schedule().HopFailed(Hop(domain), "nobody answers", now_, /*hosts_down=*/true);
    RetryAtOnce(domain, id);
    EXPECT_EQ(Take(domain), 0u);
    Ended(domain);
  }

  void Deliver(const std::string& domain, std::uint64_t id) {
    Worked(domain);
    Done(domain, id);
  }

  std::size_t UnderWay() { return table_->Find("internet", "10 mx.test")->view().under_way; }

  std::unique_ptr<MxSets> table_;
};

TEST_F(MxSetLinesTest, TheLimitOfTheSetIsOneForAllItsQueues) {
  settings_.max_per_mx_set_outbound_connections.value = 2;
  Queues({"a.test", "b.test", "c.test"}, 10);
  std::vector<std::string> working;
  for (std::string one = Wanted(); !one.empty(); one = Wanted()) {
    if (Take(one) != 0) {
      working.push_back(one);
    } else {
      Ended(one);
    }
  }
  EXPECT_THAT(working, SizeIs(2));
  EXPECT_EQ(UnderWay(), 2u);
}

TEST_F(MxSetLinesTest, ThePaceOfAProviderIsOneForAllItsQueues) {
  settings_.rate_limits.value = {"mx:provider.test=60/min"};
  Use();
  AddMany("a.test", 100, 1);
  AddMany("b.test", 200, 1);
  EXPECT_THAT(AllWanted(), ElementsAre("a.test", "b.test"));
  ASSERT_EQ(Take("a.test"), 100u);
  ASSERT_EQ(Take("b.test"), 200u);
  EXPECT_TRUE(Admit("a.test", 100, "10 a.provider.test"));
  EXPECT_TRUE(Admit("a.test", 100, "10 a.provider.test")) << "the same one";
  EXPECT_FALSE(Admit("b.test", 200, "10 b.provider.test"));
  RetryAtOnce("b.test", 200);
  Deliver("a.test", 100);
  EXPECT_EQ(Take("a.test"), 0u);
  EXPECT_EQ(Take("b.test"), 0u);
  Ended("a.test");
  Ended("b.test");
  AddMany("a.test", 101, 1);
  EXPECT_THAT(AllWanted(), IsEmpty());
  EXPECT_THAT(View("b.test").last_error, HasSubstr("60/min"));

  now_ += absl::Seconds(1);
  EXPECT_THAT(AllWanted(), Not(IsEmpty()));
  EXPECT_EQ(Take("b.test"), 200u);
  EXPECT_TRUE(Admit("b.test", 200, "10 b.provider.test")) << "it was paced when it was taken";
  EXPECT_EQ(Take("a.test"), 0u) << "the next second is its own";
}

TEST_F(MxSetLinesTest, APlaceThatIsGivenBackGoesToTheQueueThatWaitsLongest) {
  settings_.max_per_mx_set_outbound_connections.value = 1;
  Queues({"a.test", "b.test", "c.test"});
  ASSERT_EQ(Wanted(), "a.test");
  ASSERT_EQ(Take("a.test"), 100u);
  ASSERT_THAT(AllWanted(), IsEmpty());

  Deliver("a.test", 100);
  EXPECT_EQ(Take("a.test"), 0u);
  Ended("a.test");
  EXPECT_THAT(AllWanted(), ElementsAre("b.test"));
  EXPECT_EQ(Take("b.test"), 200u);
}

TEST_F(MxSetLinesTest, ABusyQueueGivesWayAfterItsTurn) {
  settings_.max_per_mx_set_outbound_connections.value = 1;
  settings_.max_per_domain_outbound_connections.value = 1;
  Queues({"a.test", "b.test"}, 90);
  ASSERT_EQ(Wanted(), "a.test");
  std::uint64_t id = Take("a.test");
  ASSERT_THAT(AllWanted(), IsEmpty());
  std::uint32_t taken = 0;
  for (; id != 0; id = Take("a.test")) {
    ++taken;
    Deliver("a.test", id);
  }
  EXPECT_EQ(taken, kTurn);
  Ended("a.test");
  EXPECT_EQ(Wanted(), "b.test");
  EXPECT_EQ(Take("b.test"), 200u);
}

TEST_F(MxSetLinesTest, OneTriesForAllWhenTheHostsAreDown) {
  settings_.first_connections.value = 1;
  Queues({"a.test", "b.test", "c.test"});
  std::size_t tries = 0;
  for (int minute = 0; minute < 4; ++minute) {
    for (std::string one = Wanted(); !one.empty(); one = Wanted()) {
      const std::uint64_t id = Take(one);
      if (id == 0) {
        Ended(one);
        continue;
      }
      ++tries;
      HostsDown(one, id);
    }
    EXPECT_EQ(UnderWay(), 0u);
    Pass(absl::Minutes(1));
  }
  EXPECT_EQ(tries, 4u) << "as one of them would alone";
}

TEST_F(MxSetLinesTest, AQueueThatWasNotTriedShowsWhatIsTheMatter) {
  settings_.first_connections.value = 1;
  Queues({"a.test", "b.test"});
  ASSERT_EQ(Wanted(), "a.test");
  ASSERT_EQ(Take("a.test"), 100u);
  HostsDown("a.test", 100);
  ASSERT_THAT(AllWanted(), IsEmpty());

  const QueueView view = View("b.test");
  EXPECT_EQ(view.mx_set, "10 mx.test");
  EXPECT_EQ(view.status, QueueStatus::kRetry);
  EXPECT_EQ(view.last_error, "nobody answers");
  EXPECT_EQ(view.retry_count, 1u);
  EXPECT_EQ(view.next_retry_time, now_ + absl::Minutes(1));
  EXPECT_EQ(view.deferred_count, 1u);
  const auto tickets = schedule().Tickets(Hop("b.test"), 10);
  ASSERT_THAT(tickets, SizeIs(1));
  EXPECT_EQ(tickets[0].status, MessageStatus::kRetry);
  EXPECT_EQ(tickets[0].due, now_ + absl::Minutes(1));
}

TEST_F(MxSetLinesTest, WhenTheHostsAreBackAllGoOnWithoutAWaitOfTheirOwn) {
  settings_.first_connections.value = 1;
  Queues({"a.test", "b.test", "c.test"});
  ASSERT_EQ(Wanted(), "a.test");
  HostsDown("a.test", Take("a.test"));
  Pass(absl::Minutes(1));
  std::size_t delivered = 0;
  for (std::string one = Wanted(); !one.empty(); one = Wanted())
    delivered += Work(one).size();
  EXPECT_EQ(delivered, 3u);
  EXPECT_EQ(View("b.test").status, QueueStatus::kReady);
}

TEST_F(MxSetLinesTest, ASlowMessageThatTriesForAllHoldsThemForSecondsOnly) {
  settings_.first_connections.value = 1;
  Queues({"a.test", "b.test", "c.test"});
  ASSERT_EQ(Wanted(), "a.test");
  HostsDown("a.test", Take("a.test"));
  ASSERT_EQ(Wanted(), "");
  Pass(absl::Minutes(1));
  const std::string first = Wanted();
  ASSERT_NE(Take(first), 0u);
  ASSERT_EQ(Wanted(), "");
  EXPECT_EQ(schedule().NextWake(), now_ + kRampPatience);
  Pass(kRampPatience);
  const std::string second = Wanted();
  ASSERT_NE(second, "");
  EXPECT_THAT(Work(second), SizeIs(1));
  EXPECT_NE(Wanted(), "") << "which shows that the hosts are up";
}

TEST_F(MxSetLinesTest, HostsThatPutOffEveryDomainGetFewerConnectionsAndTheDomainsGoOn) {
  settings_.first_connections.value = 1;
  std::vector<std::string> domains;
  for (int i = 0; i < 60; ++i)
    domains.push_back("d" + std::to_string(i) + ".test");
  Queues(domains);
  for (int i = 0; i < 7; ++i)
    table_->Find("internet", "10 mx.test")->Worked(0, now_);
  std::size_t tries = 0;
  std::vector<std::size_t> together;
  while (tries < 60) {
    std::vector<std::pair<std::string, std::uint64_t>> under_way;
    for (std::string one = Wanted(); !one.empty(); one = Wanted()) {
      const std::uint64_t id = Take(one);
      if (id == 0) {
        Ended(one);
      } else {
        under_way.emplace_back(one, id);
      }
    }
    ASSERT_THAT(under_way, Not(IsEmpty()));
    together.push_back(under_way.size());
    for (const auto& [one, id] : under_way) {
      ++tries % 2 == 0 ? Deferred(one) : Failed(one);  // half of them say 421
      RetryIn(one, id, absl::Minutes(15));
      Ended(one);
    }
  }
  EXPECT_EQ(together.front(), 8u);
  EXPECT_LE(together.back(), 2u);
  EXPECT_FALSE(table_->Find("internet", "10 mx.test")->view().down);
}

TEST_F(MxSetLinesTest, AFailureOfOneDomainAloneIsNotTheHosts) {
  Queues({"a.test", "b.test"});
  ASSERT_EQ(Wanted(), "a.test");
  const std::uint64_t id = Take("a.test");
  Failed("a.test");
  RetryAtOnce("a.test", id);
  Ended("a.test");
  EXPECT_EQ(View("a.test").status, QueueStatus::kRetry);
  EXPECT_EQ(Wanted(), "b.test");
  EXPECT_EQ(Take("b.test"), 200u);
}

TEST_F(MxSetLinesTest, WhatIsNotKnownYetIsAdmittedOnceItsHostsAreKnown) {
  settings_.max_per_mx_set_outbound_connections.value = 1;
  Use();
  Add("a.test", 1);
  Add("b.test", 2);
  ASSERT_THAT(AllWanted(), ElementsAre("a.test", "b.test"));
  ASSERT_EQ(Take("a.test"), 1u);
  ASSERT_EQ(Take("b.test"), 2u);
  EXPECT_EQ(PlaceOf("a.test", 1), "");
  EXPECT_TRUE(Admit("a.test", 1, "10 mx.test"));
  EXPECT_EQ(PlaceOf("a.test", 1), "10 mx.test");
  EXPECT_FALSE(Admit("b.test", 2, "10 mx.test"));
  EXPECT_EQ(PlaceOf("b.test", 2), "");
  schedule().PutOff(Hop("b.test"), Ticket(2), now_);
  EXPECT_EQ(Take("b.test"), 0u);
  Ended("b.test");
  EXPECT_THAT(AllWanted(), IsEmpty());

  Deliver("a.test", 1);
  Ended("a.test");
  EXPECT_EQ(Wanted(), "b.test");
  EXPECT_EQ(Take("b.test"), 2u);
  EXPECT_EQ(PlaceOf("b.test", 2), "10 mx.test") << "from the beginning";
  EXPECT_TRUE(Admit("b.test", 2, "10 mx.test")) << "it has its place already";
  EXPECT_EQ(UnderWay(), 1u);
}

TEST_F(MxSetLinesTest, ADomainThatMovesTakesItsPlaceElsewhere) {
  Queues({"a.test"});
  ASSERT_EQ(Wanted(), "a.test");
  ASSERT_EQ(Take("a.test"), 100u);
  ASSERT_EQ(UnderWay(), 1u);
  EXPECT_TRUE(Admit("a.test", 100, "10 other.test"));
  EXPECT_EQ(UnderWay(), 0u);
  EXPECT_EQ(View("a.test").mx_set, "10 other.test");
  EXPECT_TRUE(Admit("a.test", 100, ""));
  EXPECT_EQ(View("a.test").mx_set, "");
}

TEST_F(MxSetLinesTest, WhatWasLearntIsAskedAnewWhenItsTimeIsOver) {
  settings_.first_connections.value = 1;
  settings_.queue_glitch_retry_interval.value = absl::Hours(2);
  Queues({"a.test", "b.test"});
  ASSERT_EQ(Wanted(), "a.test");
  HostsDown("a.test", Take("a.test"));
  ASSERT_THAT(AllWanted(), IsEmpty());
  Pass(kTtl);
  EXPECT_EQ(schedule().NextWake(), now_);
  ASSERT_EQ(Wanted(), "b.test");
  ASSERT_EQ(Take("b.test"), 200u);
  EXPECT_FALSE(Admit("b.test", 200, "10 mx.test")) << "nobody is connected to";
}

TEST_F(MxSetLinesTest, RetryQueueTriesHostsThatAreDown) {
  settings_.first_connections.value = 1;
  Queues({"a.test", "b.test"});
  ASSERT_EQ(Wanted(), "a.test");
  HostsDown("a.test", Take("a.test"));
  ASSERT_EQ(Wanted(), "");
  EXPECT_TRUE(schedule().RetryNow(Hop("b.test"), now_));
  EXPECT_EQ(Wanted(), "b.test");
  EXPECT_EQ(Take("b.test"), 200u);
}

TEST_F(MxSetLinesTest, ASetIsForgottenWithItsLastQueue) {
  settings_.queue_max_idle_time.value = absl::Minutes(3);
  Queues({"a.test"});
  ASSERT_EQ(Wanted(), "a.test");
  EXPECT_THAT(Work("a.test"), ElementsAre(100u));
  EXPECT_EQ(sets_->size(), 1u);
  Pass(absl::Minutes(4));
  EXPECT_EQ(Wanted(), "");
  EXPECT_EQ(sets_->size(), 0u);
}

}  // namespace
}  // namespace postern::queue
