#include "common/mail/stamp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/mail/header.h"

namespace postern::mail {
namespace {

Stamp StampOf(std::string_view header) {
  base::SeededRandom random(1);
  return MakeStamp(header, {.host = "mail.test", .protocol = "ESMTP", .date = absl::UnixEpoch()},
                   random);
}

std::string FieldsOf(std::string_view message) {
  std::string out;
  for (const HeaderField& field : HeaderBlock(message))
    out.append(field.name).append(" ");
  return out;
}

TEST(StampTest, CompleteMessageGetsReceivedOnly) {
  const std::string header = "Date: x\r\nMESSAGE-ID: <1@a>\r\nSubject: =?utf-8?Q?h=C3=A9?=\r\n\r\n";
  const Stamp stamp = StampOf(header);
  EXPECT_EQ(FieldsOf(stamp.prepend), "Received ");
  EXPECT_EQ(stamp.internet_message_id, "<1@a>");
  EXPECT_EQ(stamp.subject, "h\xc3\xa9");
  EXPECT_EQ(stamp.received_count, 0U);
  EXPECT_EQ(stamp.header_bytes, stamp.prepend.size() + header.size());
}

TEST(StampTest, MissingDateAndMessageIdAreAdded) {
  const Stamp stamp = StampOf("From: a@b\r\n\r\n");
  EXPECT_EQ(FieldsOf(stamp.prepend), "Received Date Message-ID ");
  EXPECT_THAT(stamp.prepend, ::testing::HasSubstr("\r\nDate: Thu, 01 Jan 1970 00:00:00 +0000\r\n"));
  EXPECT_THAT(stamp.prepend,
              ::testing::EndsWith("Message-ID: " + stamp.internet_message_id + "\r\n"));
}

TEST(StampTest, ReceivedFieldsAreCountedWithoutOurs) {
  EXPECT_EQ(StampOf("Received: a\r\nX: y\r\nreceived: b\r\n\r\n").received_count, 2U);
}

TEST(StampTest, MessageWithoutHeaderBecomesBody) {
  const std::string message = "just text\r\n\r\nReceived: no\r\n";
  const Stamp stamp = StampOf(message);
  EXPECT_THAT(stamp.prepend, ::testing::EndsWith("\r\n\r\n"));
  EXPECT_EQ(HeaderBytes(stamp.prepend + message), stamp.prepend.size());
  EXPECT_EQ(stamp.header_bytes, stamp.prepend.size());
  EXPECT_EQ(stamp.received_count, 0U);
}

TEST(StampTest, EmptyHeaderKeepsItsEmptyLine) {
  const Stamp stamp = StampOf("\r\n");
  EXPECT_EQ(FieldsOf(stamp.prepend), "Received Date Message-ID ");
  EXPECT_EQ(HeaderBytes(stamp.prepend + "\r\nbody"), stamp.header_bytes);
}

TEST(StampTest, EmptyMessageGetsAHeader) {
  const Stamp stamp = StampOf("");
  EXPECT_EQ(FieldsOf(stamp.prepend), "Received Date Message-ID ");
  EXPECT_EQ(stamp.header_bytes, stamp.prepend.size());
}

TEST(StampTest, MailboxLineDoesNotHideTheFieldsAfterIt) {
  const Stamp stamp = StampOf("From a@b Mon Jan  1\r\nMessage-ID: <1@a>\r\nDate: x\r\n\r\n");
  EXPECT_EQ(FieldsOf(stamp.prepend), "Received ");
  EXPECT_EQ(stamp.internet_message_id, "<1@a>");
}

TEST(StampTest, FirstMessageIdAndSubjectCount) {
  const Stamp stamp = StampOf(
      "Message-ID:\r\n <1@a> (added)\r\nMessage-ID: <2@a>\r\nSubject: one\r\nSubject: two\r\n\r\n");
  EXPECT_EQ(stamp.internet_message_id, "<1@a>");
  EXPECT_EQ(stamp.subject, "one");
}

TEST(StampTest, OneTlsRequiredFieldCountsAndSeveralDoNot) {
  EXPECT_TRUE(StampOf("Subject: s\r\ntls-required: no\r\n\r\n").tls_optional);
  EXPECT_FALSE(StampOf("Subject: s\r\n\r\nTLS-Required: No\r\n").tls_optional);
  EXPECT_FALSE(StampOf("TLS-Required: Yes\r\n\r\n").tls_optional);
  EXPECT_FALSE(StampOf("TLS-Required: No\r\nTLS-Required: No\r\n\r\n").tls_optional);
  EXPECT_FALSE(StampOf("TLS-Required: No\r\nTLS-Required: Maybe\r\n\r\n").tls_optional);
  const std::string three = "TLS-Required: No\r\nTLS-Required: No\r\nTLS-Required: No\r\n\r\n";
  EXPECT_FALSE(StampOf(three).tls_optional);
}

TEST(StampTest, MessageIdIsCleanAndBounded) {
  const Stamp stamp = StampOf("Message-ID: a\x01\xff" + std::string(5000, 'b') + "\r\n\r\n");
  EXPECT_EQ(stamp.internet_message_id.size(), 998U);
  EXPECT_THAT(stamp.internet_message_id, ::testing::StartsWith("a ?b"));
}

}  // namespace
}  // namespace postern::mail
