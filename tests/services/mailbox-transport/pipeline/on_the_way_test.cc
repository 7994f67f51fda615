#include "services/mailbox-transport/pipeline/on_the_way.h"

#include "tests/services/mailbox-transport/pipeline/verbs_fixture.h"

namespace postern::pipeline {
namespace {

class OnTheWayTest : public VerbsFixture {};

TEST_F(OnTheWayTest, CountsThoseThatHaveNotArrived) {
  OnTheWay all;
  {
    OnTheWay::Some some(all, 3);
    const OnTheWay::Some other(all);
    EXPECT_EQ(all.now(), 4u);
    some.Arrived();
    EXPECT_EQ(all.now(), 3u);
  }
  EXPECT_EQ(all.now(), 0u);
  EXPECT_EQ(all.begun(), 4u);
}

TEST_F(OnTheWayTest, ANoticeThatIsNotWrittenYetIsCounted) {
  Executors(1);
  Script(kBob, [](testing::ScriptedPeer& peer) { peer.Says("RCPT", "550 5.1.1 nobody"); });
  Run("Internet *");
  const auto queued = [&] {
    return *io::RunTask(pipeline_->shards().front()->executor(), pipeline_->QueuedNow());
  };
  store_.WriteSettlementsLate();
  Accept({"bob@b.test"});
  Shard& shard = *pipeline_->shards().front();
  EXPECT_TRUE(Soon([&] {
    std::size_t waiting = 0;
    shard.executor().Run([&] { waiting = shard.queue().message_count(); });
    return Heard(kBob, "RCPT") == 1 && waiting == 0;
  }));
  EXPECT_EQ(queued(), 1u);
  store_.WriteSettlements();
  EXPECT_TRUE(Taken(kHome));
  EXPECT_TRUE(Soon([&] { return queued() == 0; }));
}

TEST_F(OnTheWayTest, ANoticeThatTheStoreHasNoRoomForIsWrittenLater) {
  Executors(1);
  Script(kBob, [](testing::ScriptedPeer& peer) { peer.Says("RCPT", "550 5.1.1 nobody"); });
  Run("Internet *");
  store_.FailSettlements(absl::ResourceExhaustedError("the disk is full"));
  Accept({"bob@b.test"});
  EXPECT_TRUE(Soon([&] { return Heard(kBob, "RCPT") == 1; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_TRUE(MailsOf(kHome).empty());
  store_.FailSettlements(absl::OkStatus());
  EXPECT_TRUE(Taken(kHome));
  EXPECT_TRUE(Settled());
  EXPECT_EQ(MailsOf(kHome).size(), 1u);
}

}  // namespace
}  // namespace postern::pipeline
