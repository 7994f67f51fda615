#include "services/mailbox-transport/pipeline/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postern::pipeline {
namespace {

using ::testing::HasSubstr;

class RouterTest : public ::testing::Test {
 protected:
  RouterTest() { router_.SetSnapshot(directory::MakeSnapshot(Parts())); }

  static directory::SnapshotParts Parts() {
    directory::SnapshotParts parts;
    parts.sites.push_back({"site-a", {}, ""});
    parts.servers.push_back({"mbx-0", "site-a", "", ""});
    directory::SendConnector connector;
    connector.name = "Contoso";
    connector.address_spaces.push_back(*connector::AddressSpace::Parse("contoso.test"));
    connector.max_message_size = 1000;
    connector.source_transport_servers = {"mbx-0"};
    parts.connectors.push_back(connector);
    return parts;
  }

  static model::Message MessageTo(std::vector<std::string> addresses, std::uint64_t size = 100) {
    model::Message message;
    message.size = size;
    for (std::string& address : addresses) {
      message.envelope.recipients.push_back({std::move(address)});
    }
    return message;
  }

  Router router_{"mbx-0"};
};

TEST_F(RouterTest, EachRecipientGetsItsHopAndTheMessageTheVersion) {
  model::Message message = MessageTo({"a@contoso.test", "b@nowhere.test"});
  router_.Route(message);
  EXPECT_EQ(message.recipients[0].next_hop.connector, "Contoso");
  EXPECT_EQ(message.recipients[1].next_hop.type, model::DeliveryType::kUnreachable);
  EXPECT_THAT(message.recipients[1].last_error, HasSubstr("matching connector"));
  EXPECT_EQ(message.snapshot_version, router_.table()->version());
}

TEST_F(RouterTest, WhatIsSettledIsLeftAlone) {
  model::Message message = MessageTo({"a@contoso.test"});
  message.recipients.resize(1);
  message.recipients[0].phase = model::Phase::kDone;
  router_.Route(message);
  EXPECT_EQ(message.recipients[0].next_hop, model::NextHop());
}

TEST_F(RouterTest, TooLargeIsRefusedWithItsCodeButNotForANotice) {
  model::Message message = MessageTo({"a@contoso.test"}, 5000);
  router_.Route(message);
  EXPECT_EQ(message.recipients[0].next_hop.type, model::DeliveryType::kUndefined);
  ASSERT_TRUE(router_.RefusalOf(message, 0).has_value());
  EXPECT_EQ(router_.RefusalOf(message, 0)->status, (mail::EnhancedStatus{5, 3, 4}));
  message.notice = true;
  EXPECT_FALSE(router_.RefusalOf(message, 0).has_value());
}

TEST_F(RouterTest, IsRoutedByItsOriginalSize) {
  model::Message message = MessageTo({"a@contoso.test"}, 1200);
  message.original_size = 900;
  router_.Route(message);
  EXPECT_EQ(message.recipients[0].next_hop.connector, "Contoso");
}

TEST_F(RouterTest, OnlyWhatWasUnreachableIsRoutedAnew) {
  model::Message message = MessageTo({"a@contoso.test", "b@contoso.test", "c@nowhere.test"});
  router_.Route(message);
  EXPECT_TRUE(router_.IsUnreachable(message, 2));
  EXPECT_FALSE(router_.IsUnreachable(message, 0));
  const model::NextHop unreachable = message.recipients[2].next_hop;
  message.recipients[0].next_hop = unreachable;
  message.recipients[1].next_hop.connector = "Gone";
  EXPECT_TRUE(router_.RouteUnreachable(message));
  EXPECT_FALSE(router_.RouteUnreachable(message)) << "no more of them has a way";
  EXPECT_EQ(message.recipients[0].next_hop.connector, "Contoso");
  EXPECT_EQ(message.recipients[1].next_hop.connector, "Gone");
  EXPECT_EQ(message.recipients[2].next_hop, unreachable);
}

TEST_F(RouterTest, WaitsNoMoreForAHopThatItLeaves) {
  model::Message message = MessageTo({"a@contoso.test"});
  router_.Route(message);
  const absl::Time later = absl::FromUnixSeconds(1'900'000'000);
  message.recipients[0].next_attempt = later;
  router_.RouteOne(message, 0);
  EXPECT_EQ(message.recipients[0].next_attempt, later) << "the same hop";
  message.recipients[0].next_hop.connector = "Gone";
  router_.RouteOne(message, 0);
  EXPECT_EQ(message.recipients[0].next_attempt, absl::InfinitePast());
}

TEST_F(RouterTest, KnowsWhetherARecipientStillGoesThere) {
  const model::Message message = MessageTo({"a@contoso.test"});
  model::NextHop hop{model::DeliveryType::kDnsConnectorDelivery, "contoso.test", "Contoso"};
  EXPECT_TRUE(router_.Goes(message, 0, hop));
  hop.connector = "Other";
  EXPECT_FALSE(router_.Goes(message, 0, hop));
  EXPECT_EQ(router_.counts().next_hop.value(), 0U) << "asking is no decision";
}

TEST_F(RouterTest, DecisionsAreCountedByKind) {
  model::Message message = MessageTo({"a@contoso.test", "b@nowhere.test", "c@contoso.test"});
  router_.Route(message);
  EXPECT_EQ(router_.counts().next_hop.value(), 2U);
  EXPECT_EQ(router_.counts().unreachable.value(), 1U);
  observe::Registry registry;
  AddReadings(registry, router_.counts());
  EXPECT_THAT(registry.Text(), HasSubstr("postern_route_decisions_total{decision=\"next-hop\"} 2"));
}

}  // namespace
}  // namespace postern::pipeline
