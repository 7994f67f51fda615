#include "services/mailbox-transport/admin/queue_digest.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"

namespace postern::admin {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

v1::QueueInfo DigestQueue(std::string identity,
                          std::uint64_t messages,
                          std::string domain,
                          std::string status = "Retry") {
  v1::QueueInfo queue;
  queue.set_identity(std::move(identity));
  queue.set_message_count(messages);
  queue.set_deferred_message_count(messages / 2);
  queue.set_next_hop_domain(std::move(domain));
  queue.set_next_hop_category("External");
  queue.set_delivery_type("DnsConnectorDelivery");
  queue.set_next_hop_connector("Internet");
  queue.set_status(std::move(status));
  queue.set_last_error("451 later");
  return queue;
}

class QueueDigestTest : public ::testing::Test {
 protected:
  // "value:messages:queues" of each group.
  std::vector<std::string> Groups(const v1::GetQueueDigestRequest& request) {
    response_.Clear();
    auto digest = QueueDigest::Make(request);
    if (!digest.ok()) return {std::string(digest.status().message())};
    for (const v1::QueueInfo& queue :
         {DigestQueue("a\\1", 10, "b.test"), DigestQueue("a\\2", 9, "few.test"),
          DigestQueue("a\\Unreachable", 1, "Unreachable", "Ready"),
          DigestQueue("b\\7", 30, "c.test", "Active"), DigestQueue("b\\8", 40, "b.test"),
          DigestQueue("b\\9", 2, "held.test", "Suspended"),
          DigestQueue("b\\Submission", 0, "Submission", "Ready")})
      digest->Take(queue);
    digest->Finish(response_);
    std::vector<std::string> groups;
    for (const v1::QueueDigest& group : response_.digests()) {
      groups.push_back(
          base::Cat(group.group_by_value(), ":", group.message_count(), ":", group.queue_count()));
    }
    return groups;
  }

  std::vector<std::string> By(std::string word) {
    v1::GetQueueDigestRequest request;
    request.set_group_by(std::move(word));
    return Groups(request);
  }

  v1::GetQueueDigestResponse response_;
};

TEST_F(QueueDigestTest, QueuesOfAllServersAreAddedUp) {
  EXPECT_THAT(Groups({}),
              ElementsAre("b.test:50:2", "c.test:30:1", "held.test:2:1", "Unreachable:1:1"));
  EXPECT_EQ(response_.digests(0).deferred_message_count(), 25u);
}

TEST_F(QueueDigestTest, GroupsHaveInCommonWhatIsAskedFor) {
  EXPECT_THAT(By("servername"), ElementsAre("b:72:3", "a:11:2"));
  EXPECT_THAT(By("Status"), ElementsAre("Retry:50:2", "Active:30:1", "Suspended:2:1", "Ready:1:1"));
  EXPECT_THAT(By("LastError"), ElementsAre("451 later:83:5"));
  EXPECT_THAT(By("NextHopKey")[0], "DnsConnectorDelivery:b.test:Internet:50:2");
  EXPECT_THAT(By("DeliveryType"), ElementsAre("DnsConnectorDelivery:83:5"));
  EXPECT_THAT(By("NextHopCategory"), ElementsAre("External:83:5"));
  EXPECT_THAT(By("Colour"), ElementsAre(HasSubstr("group_by \"Colour\": one of these")));
}

TEST_F(QueueDigestTest, DetailsAreAsManyAsTheLevelSays) {
  v1::GetQueueDigestRequest request;
  Groups(request);
  ASSERT_EQ(response_.digests(0).details_size(), 2);
  EXPECT_EQ(response_.digests(0).details(0).last_error(), "");
  request.set_details_level("verbose");
  Groups(request);
  EXPECT_EQ(response_.digests(0).details(0).last_error(), "451 later");
  request.set_details_level("None");
  Groups(request);
  EXPECT_THAT(response_.digests(0).details(), IsEmpty());
  request.set_details_level("All");
  EXPECT_THAT(Groups(request), ElementsAre(HasSubstr("details_level \"All\"")));
}

TEST_F(QueueDigestTest, LargestGroupsComeFirst) {
  v1::GetQueueDigestRequest request;
  request.set_result_size(1);
  EXPECT_THAT(Groups(request), ElementsAre("b.test:50:2"));
  EXPECT_TRUE(response_.truncated());
}

}  // namespace
}  // namespace postern::admin
