#include "services/mailbox-transport/pipeline/tickets.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace postern::pipeline {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class TicketsTest : public ::testing::Test {
 protected:
  TicketsTest() {
    message_->envelope.sender = "ann@a.test";
    message_->accepted = absl::FromUnixSeconds(1000);
    message_->expires = absl::FromUnixSeconds(9000);
  }

  model::RecipientState& To(const std::string& domain) {
    message_->envelope.recipients.emplace_back();
    message_->recipients.emplace_back();
    message_->recipients.back().next_hop.type = model::DeliveryType::kDnsConnectorDelivery;
    message_->recipients.back().next_hop.domain = domain;
    return message_->recipients.back();
  }

  std::vector<PlacedTicket> Tickets(bool keep = false) {
    return TicketsOf(message_, absl::Seconds(500), keep);
  }

  model::MessagePtr message_ = std::make_shared<model::Message>();
};

TEST_F(TicketsTest, OneForEachNextHop) {
  To("b.test");
  To("c.test");
  To("b.test");
  const auto tickets = Tickets();
  ASSERT_THAT(tickets, SizeIs(2));
  EXPECT_THAT(tickets[0].ticket.recipients, ElementsAre(0, 2));
  EXPECT_THAT(tickets[1].ticket.recipients, ElementsAre(1));
  EXPECT_EQ(tickets[0].ticket.expires, absl::FromUnixSeconds(9000));
  EXPECT_EQ(tickets[0].ticket.notify_delay_at, absl::FromUnixSeconds(1500));
}

TEST_F(TicketsTest, OneForEachDueTime) {
  To("b.test").next_attempt = absl::FromUnixSeconds(2000);
  To("b.test").next_attempt = absl::FromUnixSeconds(3000);
  EXPECT_THAT(Tickets(), SizeIs(2));
}

TEST_F(TicketsTest, SettledRecipientsHaveNone) {
  To("b.test").phase = model::Phase::kDone;
  EXPECT_THAT(Tickets(), IsEmpty());
}

TEST_F(TicketsTest, NobodyIsToldTwiceOrWithoutASender) {
  To("b.test").delay_notified = true;
  EXPECT_EQ(Tickets().at(0).ticket.notify_delay_at, absl::InfiniteFuture());
  message_->recipients[0].delay_notified = false;
  message_->envelope.sender.clear();
  EXPECT_EQ(Tickets().at(0).ticket.notify_delay_at, absl::InfiniteFuture());
}

TEST_F(TicketsTest, VeryManyRecipientsOfOneHopHaveSeveral) {
  for (std::size_t i = 0; i < kTicketRecipientsMax + 2; ++i)
    To("b.test");
  const auto tickets = Tickets();
  ASSERT_THAT(tickets, SizeIs(2));
  EXPECT_THAT(tickets[0].ticket.recipients, SizeIs(kTicketRecipientsMax));
  EXPECT_THAT(tickets[1].ticket.recipients,
              ElementsAre(kTicketRecipientsMax, kTicketRecipientsMax + 1));
}

TEST_F(TicketsTest, OnlyThoseThatAreNamedHaveThem) {
  for (const char* domain : {"b.test", "c.test", "b.test", "d.test"})
    To(domain);
  const std::vector<std::uint32_t> some = {0, 1, 2};
  message_->recipients[1].phase = model::Phase::kDone;
  const auto tickets = TicketsOf(message_, some, absl::Seconds(500), false);
  ASSERT_THAT(tickets, SizeIs(1));
  EXPECT_THAT(tickets[0].ticket.recipients, ElementsAre(0, 2));
}

TEST_F(TicketsTest, AsManyHopsAsRecipientsTakeNoLongerEach) {
  // Compared with one another these would take half an hour.
  for (int i = 0; i < 500'000; ++i)
    To(std::to_string(i));
  EXPECT_THAT(Tickets(), SizeIs(500'000));
}

TEST_F(TicketsTest, WhatIsUnreachableComesWithItsMessage) {
  To("b.test").next_hop = model::UnreachableHop();
  EXPECT_EQ(Tickets(false).at(0).ticket.message, message_);
}

TEST_F(TicketsTest, MessageIsKeptInMemoryWhenAsked) {
  To("b.test");
  EXPECT_EQ(Tickets(true).at(0).ticket.message, message_);
  EXPECT_EQ(Tickets(false).at(0).ticket.message, nullptr);
}

}  // namespace
}  // namespace postern::pipeline
