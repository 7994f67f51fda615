#include "services/mailbox-transport/admin/message_walk.h"

#include "gmock/gmock.h"

#include "common/base/text.h"
#include "tests/services/mailbox-transport/admin/walk_fixture.h"

namespace postern::admin {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class MessageWalkTest : public WalkFixture {};

TEST_F(MessageWalkTest, RowsComeByMessageAndThenByQueue) {
  Keep("a", {"c.test", "b.test"});
  Keep("b", {"b.test", "b.test"});
  EXPECT_THAT(Rows({}), ElementsAre("a:1", "a:2", "b:1"));
  EXPECT_THAT(Rows({.backward = true}), ElementsAre("b:1", "a:2", "a:1"));
}

TEST_F(MessageWalkTest, FilterAndQueuesAreHeldAgainstEachRow) {
  Keep("a", {"c.test", "b.test"});
  Keep("b", {"b.test"});
  EXPECT_THAT(Rows({.filter = FilterFor("Subject -eq a")}), ElementsAre("a:1", "a:2"));
  EXPECT_THAT(Rows({.queues = std::set<std::string>{"2"}}), ElementsAre("a:2"));
  EXPECT_THAT(Rows({.filter = FilterFor("Queue -eq 'ours\\1' -and Size -gt 1KB")}), IsEmpty());
}

TEST_F(MessageWalkTest, ListedMessagesAreLookedAtAlone) {
  const base::MessageId first = Keep("a", {"c.test", "b.test"});
  Keep("b", {"b.test"});
  const base::MessageId third = Keep("c", {"b.test"});
  MessageWalk::Terms terms;
  terms.ids = {base::MessageId{1}, first, third};
  EXPECT_THAT(Rows(terms), ElementsAre("a:1", "a:2", "c:1"));
  terms.backward = true;
  EXPECT_THAT(Rows(terms), ElementsAre("c:1", "a:2", "a:1"));
}

TEST_F(MessageWalkTest, ManyMessagesTakeManySlices) {
  std::vector<std::string> expected;
  MessageWalk::Terms listed;
  listed.ids.emplace();
  for (std::size_t i = 0; i < 2 * kSliceMessages + 1; ++i) {
    const std::string subject = base::Cat(i);
    listed.ids->push_back(Keep(subject, {"b.test"}));
    expected.push_back(subject + ":1");
  }
  EXPECT_EQ(Rows({}), expected);
  EXPECT_EQ(slices_, 2);
  EXPECT_EQ(Rows(listed), expected);
  EXPECT_EQ(slices_, 2);
  std::reverse(expected.begin(), expected.end());
  EXPECT_EQ(Rows({.backward = true}), expected);
}

TEST_F(MessageWalkTest, WalkThatWasStoppedGoesOnBehindTheLastRow) {
  Keep("a", {"c.test", "b.test"});
  Keep("b", {"b.test"});
  const MessageWalk walk(store_, "ours", {});
  RowPlace at = EdgePlace(false);
  std::vector<std::string> queues;
  const auto one = [&](const MessageWalk::Row& row) {
    queues.push_back(row.fields.standing.queue);
    return false;
  };
  for (int i = 0; i < 3; ++i)
    EXPECT_TRUE(walk.Next(state_, absl::Now(), at, one)->stopped);
  EXPECT_TRUE(walk.Next(state_, absl::Now(), at, one)->ended);
  EXPECT_THAT(queues, ElementsAre("1", "2", "1"));
}

TEST_F(MessageWalkTest, DamagedRecordStandsInAnyQueue) {
  Keep("a", {"b.test"});
  store_.Damage(Keep("b", {"b.test"}));
  EXPECT_THAT(Rows({}), ElementsAre("a:1", ":*"));
  EXPECT_THAT(Rows({.filter = FilterFor("LastError -like '*damaged*'")}), ElementsAre(":*"));
  EXPECT_THAT(Rows({.queues = std::set<std::string>{"1"}}), ElementsAre("a:1"));
}

TEST_F(MessageWalkTest, BeginsWithTheOldestMessageOfAnyQueueUnlessTheStoreIsDamaged) {
  Keep("a", {"b.test"});
  NamedQueue queue = Queue("1", "b.test");
  queue.view.first = Keep("b", {"b.test"});
  Keep("c", {"b.test"});
  state_ = QueueState({queue, Queue("2", "c.test")}, {});
  EXPECT_THAT(Rows({}), ElementsAre("b:1", "c:1"));
  store_.Damage(Keep("d", {"b.test"}));
  EXPECT_THAT(Rows({}), ElementsAre("a:1", "b:1", "c:1", ":*"));
}

}  // namespace
}  // namespace postern::admin
