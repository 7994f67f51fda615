#include "services/mailbox-transport/admin/message_info.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace postern::admin {
namespace {

const model::NextHop kHop{model::DeliveryType::kDnsConnectorDelivery, "b.test", "Internet"};
const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

model::Message TwoRecipients() {
  model::Message message;
  message.id = base::MessageId{4711};
  message.envelope.sender = "ann@a.test";
  for (const char* address : {"bob@b.test", "carl@c.test"}) {
    mail::Recipient recipient;
    recipient.address = address;
    message.envelope.recipients.push_back(recipient);
  }
  message.recipients.resize(2);
  message.recipients[0].next_hop = kHop;
  message.recipients[0].attempts = 3;
  message.recipients[0].last_error = "451 4.7.1 later";
  message.recipients[0].next_attempt = kNow + absl::Minutes(15);
  message.recipients[1].phase = model::Phase::kDone;
  message.subject = "hello";
  message.size = 1234;
  message.source_name = "SMTP:relay";
  message.accepted = kNow;
  message.expires = kNow + absl::Hours(48);
  return message;
}

Standing AtHop(const model::Message& message) {
  Standing standing;
  standing.hop = kHop;
  standing.queue = "3";
  standing.ticket = TicketOf(message, kHop, kNow);
  return standing;
}

v1::MessageInfo InfoOf(const model::Message& message, const Standing& standing, bool recipients) {
  return ToInfo({message, standing, "mbx-0", kNow + absl::Milliseconds(3'723'456)}, recipients);
}

TEST(MessageInfo, IdentityIsANumberWithOrWithoutItsQueue) {
  EXPECT_EQ(ParseMessageIdentity("4711")->id.value, 4711u);
  EXPECT_EQ(ParseMessageIdentity("4711")->queue, "");
  EXPECT_EQ(ParseMessageIdentity("mbx-0\\3\\4711")->id.value, 4711u);
  EXPECT_EQ(ParseMessageIdentity("mbx-0\\3\\4711")->queue, "mbx-0\\3");
  for (const char* wrong : {"", "x", "mbx-0\\3\\", "-1", "99999999999999999999"})
    EXPECT_FALSE(ParseMessageIdentity(wrong).ok()) << wrong;
}

TEST(MessageInfo, MessageShowsWhatItsQueueNeeds) {
  const model::Message message = TwoRecipients();
  const v1::MessageInfo info = InfoOf(message, AtHop(message), false);
  EXPECT_EQ(info.identity(), "mbx-0\\3\\4711");
  EXPECT_EQ(info.queue(), "mbx-0\\3");
  EXPECT_EQ(info.from_address(), "ann@a.test");
  EXPECT_EQ(info.status(), "Retry");
  EXPECT_EQ(info.subject(), "hello");
  EXPECT_EQ(info.size(), 1234u);
  EXPECT_EQ(info.retry_count(), 3u);
  EXPECT_EQ(info.last_error(), "451 4.7.1 later");
  EXPECT_EQ(info.next_attempt(), "2027-01-15T08:15:00.000Z");
  EXPECT_EQ(info.message_latency(), "01:02:03.45");
  EXPECT_EQ(info.recipients_size(), 0);
}

TEST(MessageInfo, RecipientsShowTheirOwnState) {
  model::Message message = TwoRecipients();
  const v1::MessageInfo info = InfoOf(message, AtHop(message), true);
  ASSERT_EQ(info.recipients_size(), 2);
  EXPECT_EQ(info.recipients(0).status(), "Retry");
  EXPECT_EQ(info.recipients(0).queue(), "mbx-0\\3");
  EXPECT_EQ(info.recipients(0).type(), "External");
  EXPECT_EQ(info.recipients(0).final_destination(), "b.test");
  EXPECT_EQ(info.recipients(1).status(), "Complete");
  message.recipients[1].last_error = "550 5.1.1 no such user";
  EXPECT_EQ(InfoOf(message, AtHop(message), true).recipients(1).status(), "Returned");
}

TEST(MessageInfo, NullSenderAndStrangeBytesAreShown) {
  model::Message message = TwoRecipients();
  message.envelope.sender = "";
  message.subject = "caf\xE9\x1B[31m";
  const v1::MessageInfo info = InfoOf(message, AtHop(message), false);
  EXPECT_EQ(info.from_address(), "<>");
  EXPECT_EQ(info.subject(), "caf? [31m");
}

TEST(MessageInfo, QueueErrorStandsInWhenTheMessageHasNone) {
  model::Message message = TwoRecipients();
  message.recipients[0].last_error.clear();
  Standing standing = AtHop(message);
  standing.queue_error = "451 4.4.0 DNS query failed";
  EXPECT_EQ(InfoOf(message, standing, false).last_error(), "451 4.4.0 DNS query failed");
}

TEST(MessageInfo, MessageThatIsDueIsReady) {
  const model::Message message = TwoRecipients();
  const queue::TicketView ticket = TicketOf(message, kHop, kNow + absl::Hours(1));
  EXPECT_EQ(ticket.status, queue::MessageStatus::kReady);
}

}  // namespace
}  // namespace postern::admin
