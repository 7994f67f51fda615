#include "services/mailbox-transport/settle/dsn.h"

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"

#include "common/base/text.h"
#include "common/mail/eight_bit.h"
#include "common/mail/utf8.h"
#include "services/mailbox-transport/settle/dsn_text.h"

namespace postern::settle {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class DsnTest : public ::testing::Test {
 protected:
  DsnTest() {
    report_.reporting_mta = "relay.example.test";
    report_.authority = "example.test";
    report_.from = "postmaster@example.test";
    report_.to = "alice@example.test";
    report_.subject = "Lunch";
    report_.references = "<1@example.test>";
    report_.envid = "id+2B1";
    report_.now = absl::FromUnixSeconds(1'800'000'000);
    report_.arrived = report_.now - absl::Hours(2);
    original_.headers = "From: alice@example.test\r\nSubject: Lunch\r\n\r\n";
    original_.body = "At noon?\r\n";
  }

  void Refused(std::string address, std::string text, std::string orcpt = "") {
    ReportedRecipient one;
    one.recipient.address = std::move(address);
    one.recipient.orcpt = std::move(orcpt);
    one.status = {5, 1, 1};
    one.origin = smtp::Origin::kRemote;
    one.host = "mx.remote.test";
    one.reply.emplace();
    one.reply->code = 550;
    one.reply->lines.push_back(std::move(text));
    report_.recipients.push_back(std::move(one));
  }

  void Unreached(std::string address, std::string error) {
    ReportedRecipient one;
    one.recipient.address = std::move(address);
    one.status = {4, 4, 1};
    one.error = std::move(error);
    report_.recipients.push_back(std::move(one));
  }

  Dsn Build() { return BuildDsn(report_, original_, random_); }

  // What Python's email package reads in the report.
  std::string Parsed() {
    const Dsn dsn = Build();
    const std::string path =
        (std::filesystem::temp_directory_path() / base::Cat("postern-dsn-", random_.Uuid()))
            .string();
    std::ofstream(path, std::ios::binary) << dsn.bytes;
    const std::string command = base::Cat("python3 tests/support/parse_dsn.py < ", path, " 2>&1");
    std::string out;
    FILE* pipe = popen(command.c_str(), "r");
    char buffer[4096];
    while (pipe != nullptr) {
      const std::size_t bytes = fread(buffer, 1, sizeof(buffer), pipe);
      if (bytes == 0) break;
      out.append(buffer, bytes);
    }
    if (pipe != nullptr) pclose(pipe);
    std::filesystem::remove(path);
    return out;
  }

  Report report_;
  Original original_;
  base::SeededRandom random_{11};
};

TEST_F(DsnTest, TheOriginalGoesBackWithoutWhatIsOurs) {
  Refused("bob@remote.test", "5.1.1 no");
  original_.headers =
      "Received: from inside by us; x\r\nX-MS-Exchange-Organization-AuthAs: Internal\r\n"
      "X-MS-Exchange-Forest-RulesExecuted: r\r\nX-MS-Exchange-CrossPremises-SCL: 1\r\n"
      "Resent-From: ann@a.test\r\nSubject: Lunch\r\n\r\n";
  for (const bool whole : {true, false}) {
    if (!whole) original_.body.reset();
    const std::string bytes = Build().bytes;
    EXPECT_THAT(bytes, HasSubstr("Subject: Lunch\r\n"));
    for (const char* field : {"from inside", "X-MS-Exchange-", "Resent-From"}) {
      EXPECT_THAT(bytes, Not(HasSubstr(field)));
    }
  }
}

TEST_F(DsnTest, PythonReadsAFailureReport) {
  Refused("bob@remote.test", "5.1.1 no such user", "rfc822;Bob+2Bx@remote.test");
  Refused("carol@remote.test", "5.1.1 gone");
  EXPECT_EQ(Parsed(),
            "type multipart/report delivery-status\n"
            "From postmaster@example.test\n"
            "To alice@example.test\n"
            "Subject Undeliverable: Lunch\n"
            "Auto-Submitted auto-replied\n"
            "In-Reply-To <1@example.test>\n"
            "defects 0\n"
            "parts multipart/alternative message/delivery-status message/rfc822\n"
            "for people text/plain text/html\n"
            "text Delivery has failed to these recipients or groups: |  | bob@remote.test\n"
            "status Original-Envelope-Id = id+1\n"
            "status Reporting-MTA = dns; relay.example.test\n"
            "status Arrival-Date = Fri, 15 Jan 2027 06:00:00 +0000\n"
            "status Original-Recipient = rfc822; Bob+x@remote.test\n"
            "status Final-Recipient = rfc822; bob@remote.test\n"
            "status Action = failed\n"
            "status Status = 5.1.1\n"
            "status Remote-MTA = dns; mx.remote.test\n"
            "status Diagnostic-Code = smtp; 550 5.1.1 no such user\n"
            "status Last-Attempt-Date = Fri, 15 Jan 2027 08:00:00 +0000\n"
            "status Final-Recipient = rfc822; carol@remote.test\n"
            "status Action = failed\n"
            "status Status = 5.1.1\n"
            "status Remote-MTA = dns; mx.remote.test\n"
            "status Diagnostic-Code = smtp; 550 5.1.1 gone\n"
            "status Last-Attempt-Date = Fri, 15 Jan 2027 08:00:00 +0000\n"
            "original Lunch | At noon?\n");
}

TEST_F(DsnTest, PythonReadsADelayReportWithHeadersOnly) {
  report_.kind = DsnKind::kDelayed;
  report_.retry_until = report_.now + absl::Hours(46);
  original_.body.reset();
  Unreached("bob@remote.test", "451 4.4.0 DNS query failed");
  const std::string parsed = Parsed();
  EXPECT_THAT(parsed, HasSubstr("defects 0\n"));
  EXPECT_THAT(parsed,
              HasSubstr("multipart/alternative message/delivery-status text/rfc822-headers\n"));
  EXPECT_THAT(parsed, HasSubstr("status Action = delayed\n"));
  EXPECT_THAT(parsed, HasSubstr("status Will-Retry-Until = Sun, 17 Jan 2027 06:00:00 +0000\n"));
  EXPECT_THAT(parsed, HasSubstr("status Diagnostic-Code = smtp; 451 4.4.0 DNS query failed\n"));
  EXPECT_THAT(parsed, Not(HasSubstr("Remote-MTA")));
  EXPECT_THAT(parsed, HasSubstr("headers From: alice@example.test | Subject: Lunch\n"));
}

TEST_F(DsnTest, PythonReadsAnEightBitOriginalAndSubject) {
  report_.subject =
      "Mittagessen f\xC3\xBCr alle, mit einem sehr langen Betreff \xC3\xA4\xC3\xB6\xC3\xBC";
  original_.body =
      "Gr\xC3\xBC\xC3\x9F"
      "e\r\n";
  Refused("bob@remote.test", "5.1.1 unbekannt \xFF");
  const std::string parsed = Parsed();
  EXPECT_THAT(parsed, HasSubstr("defects 0\n"));
  EXPECT_THAT(parsed, HasSubstr(base::Cat("Subject Undeliverable: ", report_.subject, "\n")));
  EXPECT_TRUE(Build().eight_bit);
  EXPECT_FALSE(Build().smtputf8);
}

TEST_F(DsnTest, AnAsciiOriginalMakesAnAsciiReportWhateverTheSubject) {
  report_.subject = "\xC3\xA4";
  Refused("bob@remote.test", "5.1.1 \xC3\xA4");
  const Dsn dsn = Build();
  EXPECT_FALSE(dsn.eight_bit);
  for (const char c : dsn.bytes)
    ASSERT_GE(c, 0);
}

TEST_F(DsnTest, AnInternationalMessageHasAnInternationalReport) {
  report_.smtputf8 = true;
  original_.headers = "Subject: \xC3\xA4\r\n\r\n";
  Refused(
      "b\xC3\xB6"
      "b@remote.test",
      "5.1.1 nein");
  const Dsn dsn = Build();
  EXPECT_TRUE(dsn.smtputf8);
  EXPECT_THAT(dsn.bytes, HasSubstr("report-type=global-delivery-status"));
  EXPECT_THAT(dsn.bytes, HasSubstr("Content-Type: message/global-delivery-status"));
  EXPECT_THAT(dsn.bytes, HasSubstr("Final-Recipient: utf-8; b\xC3\xB6"
                                   "b@remote.test"));
  EXPECT_THAT(dsn.bytes, HasSubstr("Content-Type: message/global\r\n"));
}

TEST_F(DsnTest, TheHeaderOfAnInternationalReportIsAsciiWhereTheSendersAddressCanBe) {
  report_.smtputf8 = true;
  report_.subject =
      "Gr\xC3\xBC\xC3\x9F"
      "e";
  report_.to =
      "alice@b\xC3\xBC"
      "cher.example";
  Refused("bob@remote.test", "5.1.1 nein");
  const Dsn dsn = Build();
  EXPECT_TRUE(mail::IsAscii(std::string_view(dsn.bytes).substr(0, dsn.header_bytes)));
  EXPECT_THAT(dsn.bytes, HasSubstr("To: alice@xn--bcher-kva.example\r\n"));
}

TEST_F(DsnTest, ABodyThatNotEveryHostCouldTakeIsLeftOutUnlessItIsAskedFor) {
  original_.headers =
      "From: alice@example.test\r\nSubject: gr\xC3\xBC\xC3\x9F"
      "e\r\n\r\n";
  original_.body = "the body\r\n";
  Refused("bob@remote.test", "5.1.1 no");
  EXPECT_THAT(Build().bytes, Not(HasSubstr("the body")));
  EXPECT_TRUE(mail::ToSevenBit(Build().bytes).ok());
  original_.body_asked = true;
  EXPECT_THAT(Build().bytes, HasSubstr("the body"));
}

TEST_F(DsnTest, AnOriginalRecipientInUtf8IsSaid) {
  report_.smtputf8 = true;
  Refused("b\xC3\xB6@remote.test", "5.1.1 nein", "utf-8;b\xC3\xB6+2B1@alias.test");
  EXPECT_THAT(Build().bytes, HasSubstr("Original-Recipient: utf-8; b\xC3\xB6+1@alias.test\r\n"));
}

TEST_F(DsnTest, AWordThatIsTooLongIsCutBetweenCharacters) {
  report_.smtputf8 = true;
  std::string words = "x";
  for (int i = 0; i < 1000; ++i)
    words += "\xC3\xA4";
  Refused("bob@remote.test", words);
  const Dsn dsn = Build();
  for (const std::string_view line : base::Split(dsn.bytes, '\n'))
    EXPECT_TRUE(mail::IsUtf8(line)) << line;
}

TEST_F(DsnTest, EveryLineIsShortEnoughAndEndsWithCrlf) {
  Refused("bob@remote.test", std::string(5000, 'x') + " " + std::string(3000, 'y'));
  const Dsn dsn = Build();
  std::size_t begin = 0;
  for (std::size_t end = dsn.bytes.find('\n'); end != std::string::npos;
       begin = end + 1, end = dsn.bytes.find('\n', begin)) {
    ASSERT_GT(end, begin);
    ASSERT_EQ(dsn.bytes[end - 1], '\r');
    ASSERT_LE(end - begin, 1000u) << dsn.bytes.substr(begin, 80);
  }
  EXPECT_EQ(begin, dsn.bytes.size());
}

TEST_F(DsnTest, HeaderBytesEndWithTheBlankLine) {
  Refused("bob@remote.test", "5.1.1 no");
  const Dsn dsn = Build();
  EXPECT_EQ(dsn.bytes.substr(dsn.header_bytes - 4, 4), "\r\n\r\n");
  EXPECT_EQ(dsn.bytes.find("\r\n\r\n") + 4, dsn.header_bytes);
}

TEST_F(DsnTest, AReportWithoutItsOriginalHasTwoParts) {
  original_ = Original();
  Refused("bob@remote.test", "5.1.1 no");
  EXPECT_THAT(Parsed(), HasSubstr("parts multipart/alternative message/delivery-status\n"));
}

TEST_F(DsnTest, WithoutHtmlTheTextStandsAlone) {
  report_.html = false;
  Refused("bob@remote.test", "5.1.1 no");
  EXPECT_THAT(Parsed(), HasSubstr("parts text/plain message/delivery-status message/rfc822\n"
                                  "for people text/plain\n"));
}

TEST_F(DsnTest, LineEndsInASubjectMakeNoField) {
  report_.subject = "a\r\nBcc: eve@evil.test";
  Refused("bob@remote.test", "5.1.1 no\r\nAction: delivered");
  const Dsn dsn = Build();
  EXPECT_THAT(dsn.bytes, Not(HasSubstr("\nBcc:")));
  EXPECT_THAT(dsn.bytes, Not(HasSubstr("\nAction: delivered")));
}

TEST_F(DsnTest, NotifyDecidesWhatIsWanted) {
  using namespace mail;

  struct Row {
    int notify;
    bool failed, delayed, relayed;
  };

  const Row rows[] = {
      {0, true, true, false},
      {kNotifyNever, false, false, false},
      {kNotifySuccess, false, false, true},
      {kNotifyFailure, true, false, false},
      {kNotifyDelay, false, true, false},
      {kNotifySuccess | kNotifyFailure, true, false, true},
      {kNotifySuccess | kNotifyDelay, false, true, true},
      {kNotifyFailure | kNotifyDelay, true, true, false},
      {kNotifySuccess | kNotifyFailure | kNotifyDelay, true, true, true},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.notify);
    const auto notify = static_cast<std::uint8_t>(row.notify);
    EXPECT_EQ(Wanted(DsnKind::kFailed, notify), row.failed);
    EXPECT_EQ(Wanted(DsnKind::kDelayed, notify), row.delayed);
    EXPECT_EQ(Wanted(DsnKind::kRelayed, notify), row.relayed);
  }
}

TEST_F(DsnTest, PeopleReadWhatHappenedThenTheFacts) {
  Refused("bob@remote.test", "5.1.1 no such user");
  EXPECT_EQ(TextForPeople(report_, original_.headers),
            "Delivery has failed to these recipients or groups:\r\n"
            "\r\n"
            "bob@remote.test\r\n"
            "The address was not found there. Check it for mistakes and send the message again.\r\n"
            "The following server refused the message: mx.remote.test\r\n"
            "\r\n"
            "\r\n"
            "Diagnostic information for administrators:\r\n"
            "\r\n"
            "Generating server: relay.example.test\r\n"
            "\r\n"
            "bob@remote.test\r\n"
            "Remote Server: mx.remote.test\r\n"
            "Status: 5.1.1\r\n"
            "Response: 550 5.1.1 no such user\r\n"
            "\r\n"
            "Original message headers:\r\n"
            "\r\n"
            "From: alice@example.test\r\n"
            "Subject: Lunch\r\n");
}

}  // namespace
}  // namespace postern::settle
