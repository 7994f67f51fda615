#include "services/mailbox-transport/model/next_hop.h"

#include <gtest/gtest.h>

#include "services/mailbox-transport/model/batch.h"

namespace postern::model {
namespace {

TEST(NextHopTest, ExchangesWordsAreWritten) {
  EXPECT_EQ(NameOf(DeliveryType::kDnsConnectorDelivery), "DnsConnectorDelivery");
  EXPECT_EQ(NameOf(DeliveryType::kSmartHostConnectorDelivery), "SmartHostConnectorDelivery");
  EXPECT_EQ(NameOf(DeliveryType::kUnreachable), "Unreachable");
  EXPECT_EQ(NameOf(DeliveryType::kSmtpRelayToConnectorSourceServers),
            "SmtpRelayToConnectorSourceServers");
  EXPECT_EQ(NameOf(DeliveryType::kSmtpRelayToRemoteActiveDirectorySite),
            "SmtpRelayToRemoteActiveDirectorySite");
  const NextHop hop{DeliveryType::kDnsConnectorDelivery, "contoso.test", "Internet"};
  EXPECT_EQ(hop.ToString(), "DnsConnectorDelivery contoso.test by Internet");
}

TEST(NextHopTest, RelaysAreThoseToOtherServersOfOurs) {
  int relays = 0;
  for (std::size_t type = 0; type < kDeliveryTypes; ++type)
    relays += IsRelay(static_cast<DeliveryType>(type)) ? 1 : 0;
  EXPECT_EQ(relays, 2);
  EXPECT_TRUE(IsRelay(DeliveryType::kSmtpRelayToConnectorSourceServers));
  EXPECT_FALSE(IsRelay(DeliveryType::kUnreachable));
}

TEST(NextHopTest, MetricsHaveTheConnectorOrTheSiteOfAHub) {
  const NextHop direct{DeliveryType::kDnsConnectorDelivery, "contoso.test", "Internet"};
  EXPECT_EQ(ConnectorLabel(direct), "Internet");
  const NextHop hub{DeliveryType::kSmtpRelayToRemoteActiveDirectorySite, "hub", ""};
  EXPECT_EQ(ConnectorLabel(hub), "site/hub");
  EXPECT_EQ(ConnectorLabel(PoisonHop()), "");
}

TEST(NextHopTest, HopsThatDifferInOnePartAreDifferentKeys) {
  const NextHop hop{DeliveryType::kDnsConnectorDelivery, "a.test", "One"};
  NextHop other = hop;
  EXPECT_EQ(std::hash<NextHop>()(hop), std::hash<NextHop>()(other));
  other.connector = "Two";
  EXPECT_NE(hop, other);
  other = hop;
  other.type = DeliveryType::kSmartHostConnectorDelivery;
  EXPECT_NE(hop, other);
}

TEST(NextHopTest, WhatIsUnreachableHasOneQueueAndSoHasWhatIsPoison) {
  EXPECT_EQ(QueueOf({DeliveryType::kUnreachable, "a.test", "One"}), UnreachableHop());
  EXPECT_EQ(QueueOf({DeliveryType::kPoison, "a.test", "One"}), PoisonHop());
  const NextHop hop{DeliveryType::kDnsConnectorDelivery, "a.test", "One"};
  EXPECT_EQ(QueueOf(hop), hop);
}

TEST(BatchTest, TheWireEnvelopeHasOnlyItsRecipients) {
  Batch batch;
  batch.message = std::make_shared<Message>();
  batch.message->envelope.sender = "s@a.test";
  batch.message->envelope.recipients = {{"one@a.test"}, {"two@a.test"}, {"three@a.test"}};
  batch.recipients = {0, 2};
  const mail::Envelope wire = batch.envelope();
  EXPECT_EQ(wire.sender, "s@a.test");
  ASSERT_EQ(wire.recipients.size(), 2U);
  EXPECT_EQ(wire.recipients[1].address, "three@a.test");
}

}  // namespace
}  // namespace postern::model
