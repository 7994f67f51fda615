#include "services/mailbox-transport/deliver/deliver.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace postern::deliver {
namespace {

using ::testing::ElementsAre;

TEST(MakeDeliveryTest, CarriesWhatTheConnectorSays) {
  connector::SendConnector connector;
  connector.name = "Partner";
  connector.version = "v7";
  connector.dns_routing_enabled = false;
  connector.smart_hosts = {"relay.partner.test"};
  connector.port = 587;
  connector.fqdn = "out.example.test";
  connector.require_tls = true;
  connector.force_helo = true;
  connector.smtp_max_messages_per_connection = 3;
  model::Batch batch;
  batch.message = std::make_shared<model::Message>();
  batch.message->envelope.sender = "ann@a.test";
  batch.message->envelope.recipients.resize(3);
  batch.message->envelope.recipients[1].address = "bob@b.test";
  batch.message->size = 4711;
  batch.message->eight_bit = true;
  batch.next_hop.domain = "relay.partner.test";
  batch.recipients = {1};

  const smtp::Delivery delivery =
      MakeDelivery(batch, connector, /*domain_listed=*/false, absl::Minutes(7));
  EXPECT_FALSE(delivery.route.dns_routing);
  EXPECT_THAT(delivery.route.smart_hosts, ElementsAre("relay.partner.test"));
  EXPECT_EQ(delivery.route.port, 587);
  EXPECT_EQ(delivery.policy.connector, "Partner");
  EXPECT_EQ(delivery.policy.version, "v7");
  EXPECT_EQ(delivery.policy.fqdn, "out.example.test");
  EXPECT_TRUE(delivery.policy.require_tls);
  EXPECT_FALSE(delivery.policy.ignore_start_tls);
  EXPECT_TRUE(delivery.policy.force_helo);
  EXPECT_EQ(delivery.policy.messages_per_connection_max, 3u);
  EXPECT_EQ(delivery.size, 4711u);
  EXPECT_TRUE(delivery.eight_bit);
  EXPECT_EQ(delivery.deadline, absl::Minutes(7));
  ASSERT_EQ(delivery.envelope.recipients.size(), 1u);
  EXPECT_EQ(delivery.envelope.recipients[0].address, "bob@b.test");
}

}  // namespace
}  // namespace postern::deliver
