#include "common/base/text.h"
#include "services/mailbox-transport/pipeline/ask.h"
#include "tests/services/mailbox-transport/pipeline/verbs_fixture.h"

namespace postern::pipeline {
namespace {

using ::testing::HasSubstr;
using testing::ScriptedPeer;

constexpr char kOneDone[] = "1 done, 0 pending, 0 absent";

class PipelineVerbsTest : public VerbsFixture {
 protected:
  // The peer takes MAIL and says nothing until it is let go; then it hangs up.
  void HangsOnce() {
    Script(kBob, [](ScriptedPeer& peer) { peer.Stalls("RCPT", 1); });
  }

  bool InRetry() {
    bool retry = false;
    for (const auto& shard : pipeline_->shards()) {
      shard->executor().Run([&] {
        for (const queue::QueueView& view : shard->queue().Queues())
          retry = retry || (view.hop == Bobs() && view.status == queue::QueueStatus::kRetry);
      });
    }
    return retry;
  }

  std::string MessageErrorOf(const model::NextHop& hop) {
    std::string error;
    for (const auto& shard : pipeline_->shards()) {
      shard->executor().Run([&] {
        for (const queue::QueueView& view : shard->queue().Queues()) {
          if (view.hop == hop) error = view.message_error;
        }
      });
    }
    return error;
  }

  model::NextHop StoredHop(base::MessageId id) {
    return store_.Load(id)->recipients.at(0).next_hop;
  }

  // Its recipient is put off for an hour.
  base::MessageId Greylisted() {
    queue_settings_.message_retry_interval.value = absl::Hours(1);
    Executors(1);
    Script(kBob, [](ScriptedPeer& peer) { peer.Says("RCPT", "451 4.7.1 come again"); });
    Run("Internet *");
    const base::MessageId id = Queued({"bob@b.test"}, Bobs());
    EXPECT_TRUE(Soon([&] { return StatusOf(Bobs(), id) == "Retry"; }));
    return id;
  }

  void Ungreylist() {
    Script(kBob, [](ScriptedPeer& peer) { peer.Says("RCPT", "250 2.1.5 yes"); });
  }

  // How many messages of a queue were routed again.
  std::size_t Resubmit(const model::NextHop& hop) {
    std::size_t all = 0;
    for (const auto& shard : pipeline_->shards()) {
      std::uint64_t mark = 0;
      shard->executor().Run([&] { mark = shard->queue().Mark(); });
      all += *Await(AskShardTask(*shard, shard->ResubmitSome(hop, mark, 1000)));
    }
    return all;
  }

  void LetGo() {
    Script(kBob, [](ScriptedPeer& peer) { peer.LetGo(); });
  }
};

TEST_F(PipelineVerbsTest, ASuspendedQueueKeepsItsMailAcrossARestart) {
  Run("Internet *");
  EXPECT_TRUE(SuspendQueue(Bobs()).ok());
  Queued({"bob@b.test"}, Bobs());
  Restart("Internet *");
  Queued({"bob@b.test"}, Bobs());
  EXPECT_EQ(Waiting(Bobs()), 2u);
  EXPECT_EQ(Attempts(kBob), 0u);
  EXPECT_TRUE(ResumeQueue(Bobs()).ok());
  EXPECT_TRUE(Taken(kBob, 2));
  EXPECT_TRUE(Settled());
  Restart("Internet *");
  EXPECT_EQ(ResumeQueue(Bobs()).code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(PipelineVerbsTest, AQueueWhoseSuspensionCannotBeKeptIsNotSuspended) {
  Run("Internet *");
  store_.FailSuspensions(absl::ResourceExhaustedError("the disk is full"));
  EXPECT_TRUE(absl::IsResourceExhausted(SuspendQueue(Bobs())));
  EXPECT_TRUE(absl::IsResourceExhausted(SuspendQueue(model::SubmissionHop())));
  Accept({"bob@b.test"});
  EXPECT_TRUE(Taken(kBob));
  store_.FailSuspensions(absl::OkStatus());
  EXPECT_TRUE(SuspendQueue(Bobs()).ok());
  store_.FailSuspensions(absl::ResourceExhaustedError("the disk is full"));
  EXPECT_TRUE(absl::IsResourceExhausted(SuspendQueue(Bobs())));
  Queued({"bob@b.test"}, Bobs());
  EXPECT_EQ(Attempts(kBob), 1u);
}

TEST_F(PipelineVerbsTest, ASuspendedMessageStaysSoAcrossARestart) {
  Run("Internet *");
  EXPECT_TRUE(SuspendQueue(Bobs()).ok());
  const base::MessageId first = Queued({"bob@b.test"}, Bobs());
  const base::MessageId second = Queued({"bob@b.test"}, Bobs());
  EXPECT_EQ(Suspend(Bobs(), {first}), kOneDone);
  EXPECT_EQ(Suspend(Bobs(), {first, {77}}), "0 done, 0 pending, 2 absent");
  EXPECT_TRUE(ResumeQueue(Bobs()).ok());
  EXPECT_TRUE(Taken(kBob));
  EXPECT_EQ(StatusOf(Bobs(), second), "");
  Restart("Internet *");
  EXPECT_EQ(StatusOf(Bobs(), first), "Suspended");
  EXPECT_EQ(Resume(Bobs(), {first}), kOneDone);
  EXPECT_TRUE(Taken(kBob, 2));
  EXPECT_TRUE(Settled());
}

TEST_F(PipelineVerbsTest, OneRecipientsQueueIsSuspendedAndTheOthersGo) {
  Domain("c.test", "192.0.2.3");
  Executors(2);
  Run("Internet *");
  EXPECT_TRUE(SuspendQueue(Bobs()).ok());
  const base::MessageId id = Queued({"bob@b.test", "carl@c.test"}, Bobs());
  EXPECT_EQ(Suspend(Bobs(), {id}), kOneDone);
  EXPECT_TRUE(Taken("192.0.2.3"));
  EXPECT_TRUE(ResumeQueue(Bobs()).ok());
  EXPECT_EQ(StatusOf(Bobs(), id), "Suspended");
  EXPECT_EQ(Resume(Bobs(), {id}), kOneDone);
  EXPECT_TRUE(Taken(kBob));
  EXPECT_TRUE(Settled());
}

TEST_F(PipelineVerbsTest, ARemovedMessageIsReturnedWithTheReason) {
  Run("Internet *");
  EXPECT_TRUE(SuspendQueue(Bobs()).ok());
  const base::MessageId id = Queued({"bob@b.test"}, Bobs());
  EXPECT_EQ(Remove(Bobs(), {id}, true), kOneDone);
  EXPECT_TRUE(Taken(kHome));
  EXPECT_THAT(MailsOf(kHome).at(0).content,
              HasSubstr("550 4.3.2 QUEUE.Admin;message deleted by administrative action"));
  EXPECT_TRUE(Settled());
}

TEST_F(PipelineVerbsTest, OrItGoesWithoutAWord) {
  Run("Internet *");
  EXPECT_TRUE(SuspendQueue(Bobs()).ok());
  std::vector<base::MessageId> ids;
  for (int i = 0; i < 20; ++i)
    ids.push_back(Queued({"bob@b.test"}, Bobs()));
  EXPECT_EQ(Suspend(Bobs(), {ids[3]}), kOneDone);
  EXPECT_EQ(Remove(Bobs(), ids, false), "20 done, 0 pending, 0 absent");
  EXPECT_TRUE(Settled());
  EXPECT_EQ(Attempts(kHome), 0u);
  EXPECT_EQ(Attempts(kBob), 0u);
}

TEST_F(PipelineVerbsTest, WhatIsUnderWayIsSuspendedWhenItsAttemptFails) {
  Executors(1);
  HangsOnce();
  Run("Internet *");
  const model::MessagePtr message = Message({"bob@b.test"});
  const base::MessageId id = message->id;
  Accept(message);
  EXPECT_TRUE(Soon([&] { return Attempts(kBob) == 1; }));
  EXPECT_EQ(Suspend(Bobs(), {id}), "0 done, 1 pending, 0 absent");
  EXPECT_EQ(StatusOf(Bobs(), id), "PendingSuspend");
  EXPECT_TRUE(store_.Load(id)->recipients[0].suspended) << "a crash must not forget it";
  LetGo();
  EXPECT_TRUE(Soon([&] { return StatusOf(Bobs(), id) == "Suspended"; }));
  EXPECT_TRUE(store_.Load(id)->recipients[0].suspended);
  EXPECT_EQ(Resume(Bobs(), {id}), kOneDone);
  EXPECT_TRUE(Taken(kBob));
  EXPECT_TRUE(Settled());
}

TEST_F(PipelineVerbsTest, WhatIsUnderWayIsRemovedWhenItsAttemptFails) {
  Executors(1);
  HangsOnce();
  Run("Internet *");
  const model::MessagePtr message = Message({"bob@b.test"});
  Accept(message);
  EXPECT_TRUE(Soon([&] { return Attempts(kBob) == 1; }));
  EXPECT_EQ(Remove(Bobs(), {message->id}, true), "0 done, 1 pending, 0 absent");
  LetGo();
  EXPECT_TRUE(Taken(kHome));
  EXPECT_TRUE(Settled());
  EXPECT_EQ(Attempts(kBob), 1u);
}

TEST_F(PipelineVerbsTest, ASuspendedUnreachableQueueKeepsItsMailWhenTheDirectoryChanges) {
  Run("Other c.test");
  Queued({"bob@b.test"}, Unreachable());
  EXPECT_TRUE(SuspendQueue(Unreachable()).ok());
  Directory("Internet *");
  Restart("Internet *");
  EXPECT_EQ(Waiting(Unreachable()), 1u);
  EXPECT_EQ(Attempts(kBob), 0u);
  EXPECT_TRUE(ResumeQueue(Unreachable()).ok());
  EXPECT_TRUE(Taken(kBob));
  EXPECT_TRUE(Settled());
}

TEST_F(PipelineVerbsTest, ASuspendedUnreachableMessageGoesWhenItIsResumed) {
  Run("Other c.test");
  const base::MessageId id = Queued({"bob@b.test"}, Unreachable());
  EXPECT_EQ(Suspend(Unreachable(), {id}), kOneDone);
  Directory("Internet *");
  Restart("Internet *");
  EXPECT_EQ(StatusOf(Unreachable(), id), "Suspended");
  EXPECT_EQ(Resume(Unreachable(), {id}), kOneDone);
  EXPECT_TRUE(Taken(kBob));
  EXPECT_TRUE(Settled());
}

TEST_F(PipelineVerbsTest, AQueueIsRoutedAgainWithoutItsSuspendedMessages) {
  Run("Other c.test");
  const base::MessageId first = Queued({"bob@b.test"}, Unreachable());
  Queued({"bob@b.test"}, Unreachable());
  EXPECT_EQ(Suspend(Unreachable(), {first}), kOneDone);
  EXPECT_EQ(Resubmit(Unreachable()), 1u);
  EXPECT_TRUE(Soon([&] { return Waiting(Unreachable()) == 2; }));
}

TEST_F(PipelineVerbsTest, WhatIsRoutedAgainIsStoredUnderItsNewHop) {
  const model::NextHop second{model::DeliveryType::kDnsConnectorDelivery, "b.test", "Second"};
  queue_settings_.queue_glitch_retry_interval.value = absl::Hours(1);
  Executors(1);
  Script(kBob, [](ScriptedPeer& peer) { peer.Refuses(); });
  Run("Internet *");
  EXPECT_TRUE(SuspendQueue(second).ok());
  const base::MessageId id = Queued({"bob@b.test"}, Bobs());
  EXPECT_TRUE(Soon([&] { return InRetry(); }));
  Directory("Second *");
  EXPECT_TRUE(Soon([&] { return Waiting(second) == 1; }));
  EXPECT_EQ(StoredHop(id), second);
  Restart("Internet *|Second *");
  EXPECT_EQ(Waiting(second), 1u);
  EXPECT_EQ(Waiting(Bobs()), 0u);
}

TEST_F(PipelineVerbsTest, WhatHasAWayAfterTheStartIsStoredUnderIt) {
  Run("Other c.test");
  EXPECT_TRUE(SuspendQueue(Bobs()).ok());
  const base::MessageId id = Queued({"bob@b.test"}, Unreachable());
  Restart("Internet *");
  EXPECT_TRUE(Soon([&] { return Waiting(Bobs()) == 1; }));
  EXPECT_EQ(StoredHop(id), Bobs());
}

TEST_F(PipelineVerbsTest, WhileTheStoreIsFullWhatIsRoutedAgainGoesAllTheSame) {
  Run("Other c.test");
  const base::MessageId id = Queued({"bob@b.test"}, Unreachable());
  EXPECT_TRUE(SuspendQueue(Bobs()).ok());
  store_.SetFull(true);
  Directory("Internet *");
  EXPECT_TRUE(Soon([&] { return Waiting(Bobs()) == 1; }));
  EXPECT_EQ(StoredHop(id), Unreachable());
  EXPECT_TRUE(ResumeQueue(Bobs()).ok());
  EXPECT_TRUE(Taken(kBob));
  EXPECT_TRUE(Settled());
}

TEST_F(PipelineVerbsTest, AGreylistedMessageIsTriedAtOnceWhenItIsRoutedAgain) {
  Greylisted();
  Ungreylist();
  EXPECT_EQ(Resubmit(Bobs()), 1u);
  EXPECT_TRUE(Taken(kBob));
  EXPECT_TRUE(Settled());
}

TEST_F(PipelineVerbsTest, AGreylistedMessageIsTriedAtOnceWhenItIsResumed) {
  const base::MessageId id = Greylisted();
  EXPECT_EQ(Suspend(Bobs(), {id}), kOneDone);
  Ungreylist();
  EXPECT_EQ(Resume(Bobs(), {id}), kOneDone);
  EXPECT_TRUE(Taken(kBob));
  EXPECT_TRUE(Settled());
}

TEST_F(PipelineVerbsTest, TheReasonForWhichMessagesWaitOutlivesTheirRoutingAgain) {
  queue_settings_.queue_glitch_retry_interval.value = absl::Hours(1);
  Greylisted();
  EXPECT_THAT(MessageErrorOf(Bobs()), HasSubstr("come again"));
  // The session is gone, and there will be no other.
  Script(kBob, [](ScriptedPeer& peer) { peer.DropsAfter("RCPT").Refuses(); });
  EXPECT_EQ(Resubmit(Bobs()), 1u);
  EXPECT_TRUE(Soon([&] { return InRetry() && Waiting(Bobs()) == 1; }));
  EXPECT_EQ(Resubmit(Bobs()), 1u);
  EXPECT_TRUE(Soon([&] { return !MessageErrorOf(Bobs()).empty(); }));
}

TEST_F(PipelineVerbsTest, AQueueInRetryIsTriedAtOnce) {
  queue_settings_.queue_glitch_retry_interval.value = absl::Hours(1);
  Executors(1);
  Script(kBob, [](ScriptedPeer& peer) { peer.Refuses(); });
  Run("Internet *");
  Accept({"bob@b.test"});
  EXPECT_TRUE(Soon([&] { return Waiting(Bobs()) == 1 && InRetry(); }));
  Script(kBob, [](ScriptedPeer& peer) { peer.Refuses(false); });
  EXPECT_TRUE(Await(pipeline_->RetryQueue(Bobs())).ok());
  EXPECT_TRUE(Taken(kBob));
  EXPECT_EQ(Await(pipeline_->RetryQueue(Bobs())).code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(PipelineVerbsTest, ACallHasNoMoreThanAPageOfMessages) {
  Run("Internet *");
  const std::vector<base::MessageId> many(kChangeMax + 1);
  EXPECT_THAT(Suspend(Bobs(), many), HasSubstr("1001 in one call, at most 1000"));
}

}  // namespace
}  // namespace postern::pipeline
