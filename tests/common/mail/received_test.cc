#include "common/mail/received.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/mail/content.h"
#include "common/mail/header.h"

namespace postern::mail {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

ReceivedParts SomeParts() {
  return {.helo = "client.test",
          .client_address = "192.0.2.1",
          .host = "mail.test",
          .protocol = "ESMTPS",
          .id = "123",
          .recipient = "bob@example.test",
          .tls_version = "TLSv1.3",
          .tls_cipher = "TLS_AES_256_GCM_SHA384",
          .date = absl::UnixEpoch()};
}

TEST(ReceivedLineTest, SaysWhoWhereHowAndWhen) {
  EXPECT_EQ(ReceivedLine(SomeParts()),
            "Received: from client.test ([192.0.2.1])\r\n"
            "\tby mail.test with ESMTPS (version=TLSv1.3 cipher=TLS_AES_256_GCM_SHA384)\r\n"
            "\tid 123\r\n"
            "\tfor <bob@example.test>;\r\n"
            "\tThu, 01 Jan 1970 00:00:00 +0000\r\n");
}

TEST(ReceivedLineTest, EmptyTextsLeaveTheirClausesOut) {
  const ReceivedParts parts = {.host = "mail.test", .protocol = "gRPC", .date = absl::UnixEpoch()};
  EXPECT_EQ(ReceivedLine(parts),
            "Received: by mail.test with gRPC;\r\n\tThu, 01 Jan 1970 00:00:00 +0000\r\n");
}

TEST(ReceivedLineTest, Ipv6ClientIsALiteralWithItsTag) {
  ReceivedParts parts = SomeParts();
  parts.helo = "";
  parts.client_address = "2001:db8::1";
  EXPECT_THAT(ReceivedLine(parts), HasSubstr("from unknown ([IPv6:2001:db8::1])\r\n"));
}

TEST(ReceivedLineTest, HostileHeloStaysInItsPlace) {
  ReceivedParts parts = SomeParts();
  parts.helo = "evil\r\nX-Spam: no\r\n (by) ;\"<\xc3\xa9>";
  EXPECT_THAT(ReceivedLine(parts), HasSubstr("from evil??X-Spam:?no????by???????? ([192.0.2.1])"));
}

TEST(ReceivedLineTest, ADomainStandsAsItsALabels) {
  ReceivedParts parts = SomeParts();
  parts.protocol = "UTF8SMTPS";
  parts.recipient = "bob@b\xc3\xbc\x63her.test";
  EXPECT_THAT(ReceivedLine(parts), HasSubstr("for <bob@xn--bcher-kva.test>;"));
}

TEST(ReceivedLineTest, AddressThatCannotStandIsLeftOut) {
  ReceivedParts parts = SomeParts();
  parts.recipient = "a@b>\r\nX: y";
  EXPECT_THAT(ReceivedLine(parts), Not(HasSubstr("for")));
  parts.recipient = "caf\xc3\xa9@example.test";
  EXPECT_THAT(ReceivedLine(parts), Not(HasSubstr("for")));
  parts.protocol = "UTF8SMTPS";
  EXPECT_THAT(ReceivedLine(parts), HasSubstr("for <caf\xc3\xa9@example.test>;"));
}

TEST(ReceivedLineTest, NoInputBreaksTheFieldOrItsLines) {
  const std::string hostile = std::string(2000, 'x') + "\r\n\r\n" + std::string(2000, '\xff');
  const std::string all_bad(2000, '\n');
  for (const std::string& text : {hostile, all_bad}) {
    const std::string line = ReceivedLine({text, text, text, text, text, text, text, text, {}});
    ContentScan scan;
    scan.Feed(line);
    scan.Finish();
    EXPECT_LE(scan.longest_line(), 998U);
    EXPECT_FALSE(scan.bare_cr() || scan.bare_lf() || scan.eight_bit());
    EXPECT_EQ(HeaderBlock(line).begin()->raw, line);
  }
}

TEST(ProtocolNameTest, IsTheRegisteredName) {
  EXPECT_EQ(ProtocolName(false, false, false, false), "SMTP");
  EXPECT_EQ(ProtocolName(true, false, false, false), "ESMTP");
  EXPECT_EQ(ProtocolName(true, true, false, false), "ESMTPS");
  EXPECT_EQ(ProtocolName(true, false, true, false), "ESMTPA");
  EXPECT_EQ(ProtocolName(true, true, true, false), "ESMTPSA");
  EXPECT_EQ(ProtocolName(true, false, false, true), "UTF8SMTP");
  EXPECT_EQ(ProtocolName(true, true, true, true), "UTF8SMTPSA");
}

}  // namespace
}  // namespace postern::mail
