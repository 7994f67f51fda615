#include "services/mailbox-transport/queue/census_rows.h"

#include "gmock/gmock.h"

namespace postern::queue {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr auto kRowsDns = static_cast<std::size_t>(model::DeliveryType::kDnsConnectorDelivery);

model::NextHop HopTo(const std::string& domain) {
  return {model::DeliveryType::kDnsConnectorDelivery, domain, "Internet"};
}

Census CensusOf(const std::string& domain, std::size_t messages) {
  Census census;
  census.kinds[kRowsDns].deferred = {messages, 0, 2};
  census.kinds[kRowsDns].largest = messages;
  census.queues[static_cast<std::size_t>(QueueStatus::kRetry)] = 1;
  census.NoteOldest({model::DeliveryType::kDnsConnectorDelivery, "Internet"}, absl::Minutes(2));
  census.top.push_back({HopTo(domain), messages, absl::Minutes(2)});
  return census;
}

class CensusRowsTest : public ::testing::Test {
 protected:
  CensusRowsTest() { rows_.AddTo(registry_); }

  observe::Registry registry_;
  CensusRows rows_;
};

TEST_F(CensusRowsTest, ShardsAreOneServer) {
  rows_.Publish(0, CensusOf("a.test", 10));
  rows_.Publish(1, CensusOf("b.test", 5));
  const std::string text = registry_.Text();
  EXPECT_THAT(text, HasSubstr("postern_queue_length{priority=\"Normal\",state=\"retry\",type="
                              "\"DnsConnectorDelivery\"} 15"));
  EXPECT_THAT(text, HasSubstr("postern_queue_length{priority=\"Low\",state=\"retry\",type="
                              "\"DnsConnectorDelivery\"} 4"));
  EXPECT_THAT(text, HasSubstr("postern_queue_largest_messages{type=\"DnsConnectorDelivery\"} 10"));
  EXPECT_THAT(text, HasSubstr("postern_queue_queues_by_status{status=\"Retry\"} 2"));
  EXPECT_THAT(text, HasSubstr("postern_queue_oldest_message_seconds{connector=\"Internet\",type="
                              "\"DnsConnectorDelivery\"} 120"));
}

TEST_F(CensusRowsTest, AQueueThatIsShorterNowIsNamedNoMore) {
  rows_.Publish(0, CensusOf("a.test", 10));
  EXPECT_THAT(registry_.Text(),
              HasSubstr("postern_queue_top_messages{connector=\"Internet\",next_hop=\"a.test\","
                        "type=\"DnsConnectorDelivery\"} 10"));
  rows_.Publish(0, CensusOf("b.test", 3));
  EXPECT_THAT(registry_.Text(), Not(HasSubstr("a.test")));
  EXPECT_THAT(registry_.Text(),
              HasSubstr("postern_queue_top_oldest_seconds{connector=\"Internet\",next_hop=\"b."
                        "test\",type=\"DnsConnectorDelivery\"} 120"));
}

TEST_F(CensusRowsTest, AnEmptyServerHasItsSeries) {
  EXPECT_THAT(registry_.Text(), HasSubstr("postern_queue_length{priority=\"High\",state="
                                          "\"suspended\",type=\"Unreachable\"} 0"));
}

}  // namespace
}  // namespace postern::queue
