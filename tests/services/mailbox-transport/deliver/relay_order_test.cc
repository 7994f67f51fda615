#include "services/mailbox-transport/deliver/relay_order.h"

#include <map>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"

namespace postern::deliver {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

model::RelayServer Source(std::string name) {
  return {std::move(name), "there", "", true};
}

model::RelayServer NoSource(std::string name) {
  return {std::move(name), "there", "", false};
}

std::vector<std::string> NamesOf(const std::vector<model::RelayServer>& servers) {
  std::vector<std::string> names;
  for (const model::RelayServer& server : servers)
    names.push_back(server.name);
  return names;
}

const absl::Time kArrival = absl::FromUnixSeconds(1'800'000'000);

// The n-th message of one second.
model::Message WithId(std::uint64_t n) {
  model::Message message;
  message.id = base::MessageId{(1'800'000'000'000ULL << 20) + n};
  return message;
}

std::vector<std::string> OrderOf(const model::RelayPlan& plan,
                                 const model::Message& message,
                                 absl::Duration age = absl::ZeroDuration()) {
  return NamesOf(InOrder(plan, message, kArrival + age).servers);
}

TEST(RelayOrderTest, GroupsComeOneAfterTheOther) {
  const model::RelayPlan plan{{{Source("a"), Source("b")}, {Source("c")}}};
  std::vector<std::string> order = OrderOf(plan, WithId(1));
  ASSERT_EQ(order.size(), 3u);
  EXPECT_EQ(order.back(), "c");
  order.pop_back();
  EXPECT_THAT(order, UnorderedElementsAre("a", "b"));
}

TEST(RelayOrderTest, ServersOfAGroupShareTheMessagesAndKeepThem) {
  const model::RelayPlan plan{{{Source("a"), Source("b"), Source("c")}}};
  std::map<std::string, int> firsts;
  for (std::uint64_t id = 1; id <= 600; ++id) {
    const auto order = OrderOf(plan, WithId(id));
    ++firsts[order.front()];
    EXPECT_EQ(order, OrderOf(plan, WithId(id)));
  }
  for (const auto& [name, count] : firsts)
    EXPECT_NEAR(count, 200, 60) << name;
}

TEST(RelayOrderTest, AServerThatHadTheMessageGetsItBackOnlyAsASource) {
  const model::RelayPlan plan{{{Source("source")}, {NoSource("middle")}, {NoSource("other")}}};
  model::Message message = WithId(1);
  message.servers = {"source", "middle"};
  EXPECT_THAT(OrderOf(plan, message, kBackAfter), ElementsAre("source", "other"));
}

// Two servers whose directories differ must not play ball with a message.
TEST(RelayOrderTest, AndNotAtOnce) {
  model::RelayPlan plan{{{Source("source")}, {NoSource("other")}}};
  model::Message message = WithId(1);
  message.servers = {"source"};
  const RelayOrder early = InOrder(plan, message, kArrival + kBackAfter / 2);
  EXPECT_THAT(early.servers, IsEmpty()) << "nor goes it past the source meanwhile";
  EXPECT_TRUE(early.later);
  plan.groups[0].push_back(Source("another source"));
  EXPECT_THAT(OrderOf(plan, message), ElementsAre("another source", "other"));
  EXPECT_FALSE(InOrder(plan, message, kArrival).later);
  EXPECT_EQ(OrderOf(plan, message, kBackAfter).size(), 3u);
}

TEST(RelayOrderTest, NotMoreThanAnAttemptCanTry) {
  model::RelayPlan plan;
  for (int i = 0; i < 30; ++i)
    plan.groups.push_back({Source(base::Cat("s", i))});
  EXPECT_EQ(OrderOf(plan, WithId(1)).size(), kServersMax);
}

}  // namespace
}  // namespace postern::deliver
