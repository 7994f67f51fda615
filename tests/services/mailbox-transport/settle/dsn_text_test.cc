#include "services/mailbox-transport/settle/dsn_text.h"

#include "gmock/gmock.h"

#include "common/base/text.h"
#include "common/mail/utf8.h"

namespace postern::settle {
namespace {

using ::testing::HasSubstr;

TEST(DsnTextTest, EachCodeHasItsExplanation) {
  EXPECT_THAT(ExplanationOf({5, 2, 2}), HasSubstr("full"));
  EXPECT_THAT(ExplanationOf({4, 4, 7}), HasSubstr("in time"));
  EXPECT_THAT(ExplanationOf({5, 7, 26}), HasSubstr("not send"));
  EXPECT_THAT(ExplanationOf({5, 7, 30}), HasSubstr("only where TLS protects it"));
  EXPECT_THAT(ExplanationOf({5, 0, 0}), HasSubstr("not accepted"));
}

TEST(DsnTextTest, TheSubjectSaysWhatHappened) {
  EXPECT_EQ(SubjectOf(DsnKind::kFailed, "Lunch"), "Undeliverable: Lunch");
  EXPECT_EQ(SubjectOf(DsnKind::kDelayed, "Lunch"), "Delivery delayed: Lunch");
  EXPECT_EQ(SubjectOf(DsnKind::kRelayed, "Lunch"), "Relayed: Lunch");
}

TEST(DsnTextTest, LongResponsesAndHeadersKeepToTheLineLimit) {
  Report report;
  ReportedRecipient one;
  one.error = std::string(5000, 'e');
  report.recipients.push_back(one);
  const std::string text = TextForPeople(report, base::Cat(std::string(5000, 'h'), "\r\n\r\n"));
  for (const std::string_view line : base::Split(text, '\n'))
    EXPECT_LE(line.size(), 999u);
  EXPECT_THAT(text, HasSubstr(std::string(900, 'e')));
}

TEST(DsnTextTest, LongLinesAreCutBetweenCharacters) {
  Report report;
  ReportedRecipient one;
  one.error = "x";
  for (int i = 0; i < 1000; ++i)
    one.error += "\xc3\xa4";
  report.recipients.push_back(one);
  const std::string text = TextForPeople(report, "");
  for (const std::string_view line : base::Split(text, '\n'))
    EXPECT_TRUE(mail::IsUtf8(line)) << line;
}

TEST(DsnTextTest, HeadersThatAreShownAreCutAtALine) {
  std::string headers;
  for (int i = 0; i < 2000; ++i)
    headers += base::Cat("X-Line: ", i, "\r\n");
  const std::string text = TextForPeople(Report(), headers);
  EXPECT_LE(text.size(), kHeadersShownMax + 1000);
  EXPECT_TRUE(text.ends_with("\r\n"));
}

}  // namespace
}  // namespace postern::settle
