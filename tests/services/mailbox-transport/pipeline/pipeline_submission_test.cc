#include "common/base/text.h"
#include "tests/services/mailbox-transport/pipeline/verbs_fixture.h"

namespace postern::pipeline {
namespace {

class PipelineSubmissionTest : public VerbsFixture {
 protected:
  // The process ends without a stop while it has the message in hand.
  void CrashWith(base::MessageId id) {
    store_.MarkInHand(id);
    Restart("Other c.test");
  }
};

TEST_F(PipelineSubmissionTest, ASuspendedSubmissionQueueHoldsWhatIsAccepted) {
  Run("Internet *");
  EXPECT_EQ(pipeline_->Submission().status, queue::QueueStatus::kReady);
  EXPECT_TRUE(SuspendQueue(model::SubmissionHop()).ok());
  const auto receipt = Accept({"bob@b.test"});
  EXPECT_THAT(*receipt, ::testing::MatchesRegex("[0-9]+"));
  EXPECT_EQ(pipeline_->Submission().message_count, 1u);
  EXPECT_EQ(pipeline_->Submission().status, queue::QueueStatus::kSuspended);
  EXPECT_EQ(Suspend(model::SubmissionHop(), {{1}}).substr(0, 19), "FAILED_PRECONDITION");
  Restart("Internet *");
  EXPECT_EQ(pipeline_->Submission().message_count, 1u);
  Accept({"bob@b.test"});
  EXPECT_EQ(Attempts(kBob), 0u);
  EXPECT_TRUE(ResumeQueue(model::SubmissionHop()).ok());
  EXPECT_TRUE(Taken(kBob, 2));
  EXPECT_TRUE(Settled());
  EXPECT_EQ(pipeline_->Submission().message_count, 0u);
  Accept({"bob@b.test"});
  EXPECT_TRUE(Taken(kBob, 3));
}

TEST_F(PipelineSubmissionTest, WhatItHeldIsRoutedByTheDirectoryAsItIsThen) {
  Run("Other c.test");
  EXPECT_TRUE(SuspendQueue(model::SubmissionHop()).ok());
  Accept({"bob@b.test"});
  Directory("Internet *");
  EXPECT_TRUE(ResumeQueue(model::SubmissionHop()).ok());
  EXPECT_TRUE(Taken(kBob));
  EXPECT_EQ(ResumeQueue(model::SubmissionHop()).code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(PipelineSubmissionTest, WhatIsLetGoIsTakenWithTheHopThatTheStoreDoesNotHaveYet) {
  queue_settings_.message_retry_interval.value = absl::Hours(1);
  Executors(1);
  Script(kBob, [](testing::ScriptedPeer& peer) { peer.Says("RCPT", "450 4.2.1 later", 1); });
  Run("Internet *");
  EXPECT_TRUE(SuspendQueue(model::SubmissionHop()).ok());
  const model::MessagePtr message = Message({"bob@b.test"});
  Accept(message);
  store_.WriteSettlementsLate();
  EXPECT_TRUE(ResumeQueue(model::SubmissionHop()).ok());
  EXPECT_TRUE(Soon([&] { return StatusOf(Bobs(), message->id) == "Retry"; }));
  store_.WriteSettlements();
  EXPECT_EQ(store_.Load(message->id)->recipients.at(0).next_hop, Bobs());
}

TEST_F(PipelineSubmissionTest, AnAttemptBuildsOnTheOneBeforeThatTheStoreDoesNotHaveYet) {
  Executors(1);
  Script(kBob, [](testing::ScriptedPeer& peer) { peer.Says("RCPT", "450 4.2.1 later"); });
  Run("Internet *");
  store_.WriteSettlementsLate();
  const model::MessagePtr message = Message({"bob@b.test"});
  const base::MessageId id = message->id;
  Accept(message);
  EXPECT_TRUE(Soon([&] { return Heard(kBob, "RCPT") >= 3; }));
  EXPECT_TRUE(SuspendQueue(Bobs()).ok());
  EXPECT_TRUE(Soon([&] { return StatusOf(Bobs(), id) == "Retry"; }));
  store_.WriteSettlements();
  EXPECT_GE(store_.Load(id)->recipients.at(0).attempts, 3u);
}

TEST_F(PipelineSubmissionTest, AnAttemptThatFoundNoHostLeavesTheMarkOfAnother) {
  Domain("c.test", "192.0.2.3");
  resolver_.MxFails("c.test", absl::UnavailableError("servfail"));
  Executors(1);
  Script(kBob, [](testing::ScriptedPeer& peer) { peer.Stalls("DATA", 1); });
  Run("Internet *");
  const model::MessagePtr message = Message({"bob@b.test", "joe@c.test"});
  Accept(message);
  EXPECT_TRUE(Soon([&] { return Heard(kBob, "DATA") == 1; }));
  model::NextHop other = Bobs();
  other.domain = "c.test";
  EXPECT_TRUE(Soon([&] { return StatusOf(other, message->id) == "Retry"; }));
  EXPECT_TRUE(store_.in_hand(message->id));
}

TEST_F(PipelineSubmissionTest, AStopDoesNotWaitForNoticesThatTheStoreCannotWrite) {
  Executors(1);
  Script(kBob, [](testing::ScriptedPeer& peer) { peer.Says("RCPT", "550 5.1.1 nobody"); });
  Run("Internet *");
  store_.WriteSettlementsLate();
  Accept({"bob@b.test"});
  EXPECT_TRUE(Soon([&] { return Heard(kBob, "RCPT") == 1; }));
  Stop(absl::Milliseconds(50));
  EXPECT_EQ(store_.messages(), 1u);
}

TEST_F(PipelineSubmissionTest, AMessageInHandAtTwoCrashesIsSetApart) {
  Run("Other c.test");
  const base::MessageId id = Queued({"bob@b.test"}, Unreachable());
  const base::MessageId other = Queued({"bob@b.test"}, Unreachable());
  CrashWith(id);
  EXPECT_EQ(StatusOf(Unreachable(), id), "Ready");
  CrashWith(id);
  EXPECT_EQ(StatusOf(model::PoisonHop(), id), "Suspended");
  EXPECT_EQ(StatusOf(Unreachable(), other), "Ready");
  Directory("Internet *");
  EXPECT_TRUE(Taken(kBob)) << "the other one goes";
  Restart("Internet *");
  EXPECT_EQ(StatusOf(model::PoisonHop(), id), "Suspended");
  EXPECT_EQ(Suspend(model::PoisonHop(), {id}).substr(0, 19), "FAILED_PRECONDITION");
  EXPECT_EQ(Resume(model::PoisonHop(), {id}), "1 done, 0 pending, 0 absent");
  EXPECT_TRUE(Taken(kBob, 2));
  EXPECT_TRUE(Settled());
}

TEST_F(PipelineSubmissionTest, PoisonIsRemovedWithoutBeingTried) {
  queue_settings_.poison_threshold.value = 1;
  Run("Other c.test");
  const base::MessageId id = Queued({"bob@b.test"}, Unreachable());
  CrashWith(id);
  EXPECT_EQ(Remove(model::PoisonHop(), {id}, false), "1 done, 0 pending, 0 absent");
  EXPECT_TRUE(Settled());
}

TEST_F(PipelineSubmissionTest, AnAttemptThatEndsStartsTheCountAnew) {
  queue_settings_.message_retry_interval.value = absl::Hours(1);
  Executors(1);
  Script(kBob, [](testing::ScriptedPeer& peer) { peer.Says("RCPT", "450 4.2.1 later", 1); });
  Run("Other c.test");
  const base::MessageId id = Queued({"bob@b.test"}, Unreachable());
  CrashWith(id);
  EXPECT_EQ(store_.Load(id)->crashes, 1u);
  Directory("Internet *");
  EXPECT_TRUE(Soon([&] { return StatusOf(Bobs(), id) == "Retry"; }));
  EXPECT_EQ(store_.Load(id)->crashes, 0u);
}

TEST_F(PipelineSubmissionTest, DetectionCanBeOff) {
  queue_settings_.poison_message_detection_enabled.value = false;
  Run("Other c.test");
  const base::MessageId id = Queued({"bob@b.test"}, Unreachable());
  for (int i = 0; i < 3; ++i)
    CrashWith(id);
  EXPECT_EQ(StatusOf(Unreachable(), id), "Ready");
}

class PriorityTest : public VerbsFixture {
 protected:
  PriorityTest() { queue_settings_.priority_queuing_enabled.value = true; }

  model::Message AcceptedAs(model::Priority priority, std::size_t bytes = 100) {
    const model::MessagePtr message = Message({"bob@b.test"}, bytes);
    message->priority = priority;
    Accept(message);
    EXPECT_TRUE(Soon([&] { return StatusOf(Unreachable(), message->id) == "Ready"; }));
    return *store_.Load(message->id);
  }
};

TEST_F(PriorityTest, AMessageHasThePriorityItAsksForAndItsTimes) {
  Run("Other c.test");
  const model::Message high = AcceptedAs(model::Priority::kHigh);
  EXPECT_EQ(high.priority, model::Priority::kHigh);
  EXPECT_EQ(high.expires - high.accepted, absl::Hours(8));
  const model::Message low = AcceptedAs(model::Priority::kLow);
  EXPECT_EQ(low.priority, model::Priority::kLow);
  EXPECT_EQ(low.expires - low.accepted, absl::Hours(48));
}

TEST_F(PriorityTest, ALargeMessageThatAsksForHighIsNormal) {
  Run("Other c.test");
  EXPECT_EQ(AcceptedAs(model::Priority::kHigh, 250 * 1024).priority, model::Priority::kNormal);
}

TEST_F(PriorityTest, WithoutPriorityQueuingAllAreNormal) {
  queue_settings_.priority_queuing_enabled.value = false;
  Run("Other c.test");
  EXPECT_EQ(AcceptedAs(model::Priority::kHigh).priority, model::Priority::kNormal);
}

}  // namespace
}  // namespace postern::pipeline
