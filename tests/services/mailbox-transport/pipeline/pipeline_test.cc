#include "services/mailbox-transport/pipeline/pipeline.h"

#include "tests/services/mailbox-transport/pipeline/line_fixture.h"

namespace postern::pipeline {
namespace {

using ::testing::HasSubstr;
using testing::ScriptedPeer;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr char kBob[] = "192.0.2.1";
constexpr char kHome[] = "192.0.2.200";

class PipelineTest : public LineFixture {
 protected:
  PipelineTest() { Domain("b.test", kBob); }
};

TEST_F(PipelineTest, DeliveredMessageLeavesTheStore) {
  Run("Internet *");
  const auto answer = Accept({"bob@b.test"});
  EXPECT_TRUE(Taken(kBob));
  EXPECT_TRUE(Settled());
  EXPECT_THAT(*answer, ::testing::MatchesRegex("[0-9]+"));
}

TEST_F(PipelineTest, RefusedForNowIsTriedAgain) {
  Executors(1);
  Script(kBob, [](ScriptedPeer& peer) { peer.Says("RCPT", "450 4.2.1 later", 1); });
  Run("Internet *");
  Accept({"bob@b.test"});
  EXPECT_TRUE(Taken(kBob));
  EXPECT_TRUE(Settled());
  EXPECT_EQ(Heard(kBob, "RCPT"), 2);
}

TEST_F(PipelineTest, RefusedForEverIsReturnedToItsSender) {
  Executors(1);
  Script(kBob, [](ScriptedPeer& peer) { peer.Says("RCPT", "550 5.1.1 nobody"); });
  Run("Internet *");
  Accept({"bob@b.test"});
  EXPECT_TRUE(Taken(kHome));
  EXPECT_TRUE(Settled());
  EXPECT_THAT(MailsOf(kHome).at(0).content, HasSubstr("550 5.1.1 nobody"));
}

TEST_F(PipelineTest, WithoutDirectEgressMailWaitsAndNobodyIsDialled) {
  deliver_settings_.direct_egress.value = false;
  Run("Internet *");
  Accept({"bob@b.test"});
  std::vector<queue::QueueView> views;
  EXPECT_TRUE(Soon([&] {
    Shard& shard = *pipeline_->shards().front();
    shard.executor().Run([&] { views = shard.queue().Queues(); });
    return !views.empty() && views.front().retry_count >= 2;
  }));
  EXPECT_THAT(views.front().last_error,
              StartsWith("451 4.4.0 no direct egress in this installation"));
  EXPECT_EQ(Heard(kBob, "EHLO"), 0);
  EXPECT_EQ(store_.messages(), 1u);
}

TEST_F(PipelineTest, UnreachableIsRoutedAgainWhenTheDirectoryChanges) {
  Run("Other c.test");
  Accept({"bob@b.test"});
  EXPECT_TRUE(Soon([this] { return Waiting(Unreachable()) == 1; }));
  Directory("Internet *");
  EXPECT_TRUE(Taken(kBob));
  EXPECT_TRUE(Settled());
}

TEST_F(PipelineTest, AChangeDuringTheSyncLeavesNothingUnreachable) {
  Run("Other c.test");
  store_.Hold();
  Accept({"bob@b.test"});  // routed, and not yet kept
  Directory("Internet *");
  store_.Release();
  EXPECT_TRUE(Taken(kBob));
  EXPECT_TRUE(Settled());
}

TEST_F(PipelineTest, AChangeBetweenTwoRunsLeavesNothingUnreachable) {
  Run("Other c.test");
  Accept({"bob@b.test"});
  EXPECT_TRUE(Soon([this] { return Waiting(Unreachable()) == 1; }));
  Stop(absl::ZeroDuration());
  Run("Internet *");
  EXPECT_TRUE(Taken(kBob));
  EXPECT_TRUE(Settled());
}

TEST_F(PipelineTest, RoutedAgainToAConnectorThatRefusesItIsReturned) {
  Run("Other c.test");
  Accept({"bob@b.test"}, 5000);
  EXPECT_TRUE(Soon([this] { return Waiting(Unreachable()) == 1; }));
  Directory("Internet * size=1KB");
  EXPECT_TRUE(Taken(kHome));
  EXPECT_TRUE(Settled());
  EXPECT_THAT(MailsOf(kHome).at(0).content, HasSubstr("5.3.4"));
}

TEST_F(PipelineTest, RefusedByRoutingIsReturnedOnce) {
  Run("Internet * size=1KB");
  Accept({"bob@b.test", "eve@b.test"}, 5000);
  EXPECT_TRUE(Soon([this] { return store_.messages() == 0 && MailsOf(kHome).size() == 1; }));
  EXPECT_THAT(MailsOf(kHome).at(0).content, HasSubstr("bob@b.test"));
  EXPECT_THAT(MailsOf(kHome).at(0).content, HasSubstr("eve@b.test"));
}

TEST_F(PipelineTest, WhatWaitsForAConnectorThatIsOffGoesByAnother) {
  queue_settings_.message_retry_interval.value = absl::Hours(1);
  Executors(1);
  Script(kBob, [](ScriptedPeer& peer) { peer.Says("RCPT", "450 4.2.1 later", 1); });
  Run("First b.test|Backup *");
  Accept({"bob@b.test"});
  EXPECT_TRUE(Soon([this] { return Heard(kBob, "RCPT") == 1; }));
  Directory("First b.test off|Backup *");
  EXPECT_TRUE(Soon([this] { return store_.messages() == 1; }));
  model::NextHop first;
  first.type = model::DeliveryType::kDnsConnectorDelivery;
  first.domain = "b.test";
  first.connector = "First";
  EXPECT_TRUE(Soon([&] { return Waiting(first) == 0; })) << "the old queue is left";
  Directory("Third *");
  EXPECT_TRUE(Soon([this] {
    for (const auto& shard : pipeline_->shards()) {
      bool third = false;
      shard->executor().Run([&] {
        for (const auto& view : shard->queue().Queues())
          third |= view.hop.connector == "Third";
      });
      if (third) return true;
    }
    return MailsOf(kBob).size() == 1;
  }));
}

constexpr char kHubMap[] = "h!|here-h=1|h-there=1";

TEST_F(PipelineTest, MailForAConnectorThatBecomesOursIsDeliveredHere) {
  Run("Remote * from=near");
  Accept({"bob@b.test"});
  EXPECT_TRUE(Soon([this] { return Waiting(RelayTo("Remote")) == 1; }));
  Directory("Remote *");
  EXPECT_TRUE(Taken(kBob));
  EXPECT_TRUE(Settled());
}

TEST_F(PipelineTest, MailOfAConnectorThatIsOursNoMoreIsNotSentFromHere) {
  queue_settings_.message_retry_interval.value = absl::Milliseconds(50);
  Executors(1);
  Script(kBob, [](ScriptedPeer& peer) { peer.Says("RCPT", "450 4.2.1 later", 1); });
  Run("A *");
  Accept({"bob@b.test"});
  EXPECT_TRUE(Soon([this] { return Heard(kBob, "RCPT") == 1; }));
  Directory("A * from=near");
  EXPECT_TRUE(Soon([this] { return Waiting(RelayTo("A")) == 1; }));
  EXPECT_EQ(Heard(kBob, "RCPT"), 1);
}

TEST_F(PipelineTest, MailForAHubGoesAnotherWayWhenTheHubIsGone) {
  Run("A * from=far", kHubMap);
  Accept({"bob@b.test"});
  EXPECT_TRUE(Soon([this] { return Waiting(Hub("h")) == 1; }));
  Directory("A * from=far");
  EXPECT_TRUE(Soon([this] { return Waiting(RelayTo("A")) == 1 && Waiting(Hub("h")) == 0; }));
  Directory("A *");
  EXPECT_TRUE(Taken(kBob));
}

TEST_F(PipelineTest, MailForAHubIsLookedAtWhenOneOfItsConnectorsIsOurs) {
  Domain("c.test", "192.0.2.3");
  Run("A b.test from=far|B c.test from=far", kHubMap);
  Accept({"bob@b.test"});
  Accept({"carl@c.test"});
  EXPECT_TRUE(Soon([this] { return Waiting(Hub("h")) == 2; }));
  Directory("A b.test|B c.test from=far", kHubMap);
  EXPECT_TRUE(Taken(kBob)) << "it left the queue of the hub";
  EXPECT_TRUE(Soon([this] { return Waiting(Hub("h")) == 1; })) << "the other stays";
}

TEST_F(PipelineTest, WhatMayStayIsNotRoutedAgain) {
  Run("A * from=far", kHubMap);
  Accept({"bob@b.test"});
  EXPECT_TRUE(Soon([this] { return Waiting(Hub("h")) == 1; }));
  const std::uint64_t routed = pipeline_->router().counts().next_hop.value();
  Directory("A * from=far|New d.test", kHubMap);
  Directory("A * from=far|New d.test|Newer e.test", kHubMap);
  Accept({"bob@b.test"});
  EXPECT_TRUE(Soon([this] { return Waiting(Hub("h")) == 2; }));
  EXPECT_EQ(pipeline_->router().counts().next_hop.value(), routed + 1) << "the new message alone";
}

TEST_F(PipelineTest, AfterARestartOldHopsOfRelaysAreLookedAtBeforeAnAttempt) {
  Run("A * from=far", kHubMap);
  Accept({"bob@b.test"});
  EXPECT_TRUE(Soon([this] { return Waiting(Hub("h")) == 1; }));
  Stop(absl::ZeroDuration());
  Run("A *|B c.test from=far", kHubMap);
  EXPECT_TRUE(Taken(kBob));
  EXPECT_TRUE(Settled());
}

TEST_F(PipelineTest, ARelayedMessageKeepsItsTimes) {
  Run("Other c.test");
  const auto message = Message({"bob@b.test"});
  message->servers = {"near"};
  message->relay_key = "key";
  message->accepted = absl::FromUnixSeconds(1'700'000'000);
  message->expires = absl::InfiniteFuture();
  message->recipients.resize(1);
  message->recipients[0].attempts = 4;
  const auto answer = Accept(message);
  const auto kept = store_.Load({std::stoull(*answer)});
  EXPECT_EQ(kept->accepted, absl::FromUnixSeconds(1'700'000'000));
  EXPECT_EQ(kept->expires, absl::InfiniteFuture());
  EXPECT_EQ(kept->recipients[0].attempts, 4u);
}

TEST_F(PipelineTest, ARepeatOfARelayGetsTheFirstReceipt) {
  Run("Other c.test");
  const auto relayed = [this] {
    const auto message = Message({"bob@b.test"});
    message->servers = {"near"};
    message->relay_key = "key";
    message->accepted = base::Clock::System().Now();
    message->expires = absl::InfiniteFuture();
    return message;
  };
  const auto first = Accept(relayed());
  EXPECT_EQ(*Accept(relayed()), "repeated " + *first);
  EXPECT_EQ(store_.messages(), 1u);
}

TEST_F(PipelineTest, RestartRestoresWhatWaits) {
  Run("Other c.test");
  Accept({"bob@b.test"});
  Accept({"eve@b.test"});
  EXPECT_TRUE(Soon([this] { return Waiting(Unreachable()) == 2; }));
  Stop(absl::ZeroDuration());
  EXPECT_EQ(store_.messages(), 2u);
  Run("Other c.test");
  EXPECT_EQ(pipeline_->restored(), 2u);
  EXPECT_EQ(pipeline_->restored_in_hand(), 0u);
  Directory("Internet *");
  EXPECT_TRUE(Taken(kBob, 2));
  EXPECT_TRUE(Settled());
}

TEST_F(PipelineTest, SameKeyAtOnceIsOneMessage) {
  Run("Internet *");
  store_.Hold();
  const auto first = Accept(Keyed("k", "same"));
  const auto second = Accept(Keyed("k", "same"));
  const auto other = Accept(Keyed("k", "other"));
  EXPECT_EQ(*first, "");
  EXPECT_EQ(*second, "");
  EXPECT_THAT(*other, StartsWith("ALREADY_EXISTS"));
  store_.Release();
  EXPECT_EQ(*second, "repeated " + *first);
  EXPECT_EQ(*Accept(Keyed("k", "same")), "repeated " + *first);
  EXPECT_THAT(*Accept(Keyed("k", "other")), StartsWith("ALREADY_EXISTS"));
  EXPECT_TRUE(Taken(kBob));
}

TEST_F(PipelineTest, KeyOfAMessageThatWasNotKeptMayBeUsedAgain) {
  Run("Internet *");
  store_.FailPuts(absl::ResourceExhaustedError("the disk is full"));
  store_.Hold();
  const auto first = Accept(Keyed("k", "same"));
  const auto second = Accept(Keyed("k", "same"));
  store_.Release();
  EXPECT_THAT(*first, StartsWith("RESOURCE_EXHAUSTED"));
  EXPECT_EQ(*second, *first);
  store_.FailPuts(absl::OkStatus());
  EXPECT_THAT(*Accept(Keyed("k", "same")), ::testing::MatchesRegex("[0-9]+"));
  EXPECT_TRUE(Taken(kBob));
}

TEST_F(PipelineTest, NothingIsTakenWhenFullOrStopping) {
  Run("Internet *");
  store_.SetFull(true);
  EXPECT_THAT(*Accept({"bob@b.test"}), StartsWith("RESOURCE_EXHAUSTED"));
  store_.SetFull(false);
  pipeline_->Close();
  EXPECT_THAT(*Accept({"bob@b.test"}), StartsWith("UNAVAILABLE"));
}

TEST_F(PipelineTest, StopDuringDataKeepsTheMessageAndClearsItsMark) {
  Executors(1);
  Script(kBob, [](ScriptedPeer& peer) { peer.Stalls("DATA", 1); });
  Run("Internet *");
  const auto answer = Accept({"bob@b.test"});
  EXPECT_TRUE(Soon([this] { return Heard(kBob, "DATA") == 1; }));
  EXPECT_TRUE(store_.in_hand({std::stoull(*answer)}));
  Stop(absl::Milliseconds(5));
  EXPECT_EQ(store_.messages(), 1u);
  EXPECT_FALSE(store_.in_hand({std::stoull(*answer)}));
  EXPECT_EQ(store_.Load({std::stoull(*answer)})->recipients[0].attempts, 0u) << "not counted";

  Run("Internet *");
  EXPECT_TRUE(Taken(kBob));
  EXPECT_TRUE(Settled());
}

TEST_F(PipelineTest, ReceiptThatComesAfterTheStopLeavesWorkToTheNextStart) {
  Run("Internet * size=1KB");
  store_.Hold();
  const auto refused = Accept({"bob@b.test"}, 5000);
  const auto good = Accept({"bob@b.test"});
  pipeline_->Stop(absl::ZeroDuration());
  store_.Release();
  EXPECT_THAT(*refused, ::testing::MatchesRegex("[0-9]+"));
  EXPECT_THAT(*good, ::testing::MatchesRegex("[0-9]+"));
  pipeline_.reset();
  EXPECT_EQ(store_.messages(), 2u);
  Run("Internet * size=1KB");
  EXPECT_TRUE(Taken(kBob));
  EXPECT_TRUE(Taken(kHome));
  EXPECT_TRUE(Settled());
}

class ShardsTest : public LineFixture {
 protected:
  ShardsTest() {
    for (int i = 0; i < 8; ++i) {
      Domain(base::Cat("d", i, ".test"), base::Cat("192.0.2.", i + 1));
      everyone_.push_back(base::Cat("joe@d", i, ".test"));
    }
    Executors(2);
  }

  std::vector<std::string> everyone_;
};

TEST_F(ShardsTest, RecipientsOnSeveralShardsSettleTogether) {
  Run("Internet *");
  for (int i = 0; i < 20; ++i)
    Accept(everyone_);
  EXPECT_TRUE(Settled());
  for (int i = 0; i < 8; ++i)
    EXPECT_TRUE(Taken(base::Cat("192.0.2.", i + 1), 20));
}

TEST_F(ShardsTest, EachRefusedOneIsReturnedOnce) {
  for (int i = 0; i < 4; ++i) {
    Script(base::Cat("192.0.2.", i + 1),
           [](ScriptedPeer& peer) { peer.Says("RCPT", "550 5.1.1 nobody"); });
  }
  Run("Internet *");
  for (int i = 0; i < 5; ++i)
    Accept(everyone_);
  EXPECT_TRUE(Taken(kHome, 20));
  EXPECT_TRUE(Settled());
}

TEST_F(ShardsTest, WhatRoutingRefusesAndWhatIsDeliveredAreOneMessage) {
  pipeline_settings_.body_memory.value = {0};
  Run("Small d0.test size=1KB|Other d1.test|Home a.test");
  store_.WriteSettlementsLate();
  for (int i = 0; i < 50; ++i)
    Accept({"joe@d0.test", "joe@d1.test"}, 5000);
  EXPECT_TRUE(Taken("192.0.2.2", 50));
  store_.WriteSettlements();
  EXPECT_TRUE(Taken(kHome, 50));
  EXPECT_TRUE(Settled());
}

TEST_F(ShardsTest, AllAreRoutedAgainWhileOthersAreDelivered) {
  Run("Some d0.test,d1.test,d2.test");
  for (int i = 0; i < 20; ++i)
    Accept(everyone_);
  EXPECT_TRUE(Soon([this] { return Waiting(Unreachable()) == 20; }));
  Directory("Some d0.test,d1.test,d2.test|Rest *");
  EXPECT_TRUE(Settled());
  for (int i = 0; i < 8; ++i)
    EXPECT_TRUE(Taken(base::Cat("192.0.2.", i + 1), 20));
}

TEST_F(ShardsTest, StopInTheMiddleLosesNothing) {
  Run("Internet *");
  for (int i = 0; i < 50; ++i)
    Accept(everyone_);
  Stop(absl::ZeroDuration());
  Run("Internet *");
  EXPECT_TRUE(Settled());
  for (int i = 0; i < 8; ++i)
    EXPECT_GE(MailsOf(base::Cat("192.0.2.", i + 1)).size(), 50u);
}

}  // namespace
}  // namespace postern::pipeline
