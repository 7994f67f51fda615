#include "services/mailbox-transport/settle/dsn_html.h"

#include "gmock/gmock.h"

#include "common/base/text.h"

namespace postern::settle {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Report ReportOfOne(std::string error) {
  Report report;
  report.reporting_mta = "relay.example.test";
  report.subject = "<script>alert(1)</script>";
  ReportedRecipient one;
  one.recipient.address = "bob@remote.test";
  one.status = {5, 1, 1};
  one.error = std::move(error);
  report.recipients.push_back(std::move(one));
  return report;
}

TEST(DsnHtmlTest, NothingFromOutsideIsMarkup) {
  const std::string html = HtmlForPeople(ReportOfOne("550 5.1.1 <img src=x onerror=\"y()\"> & co"),
                                         "Subject: <b>\r\nX: </pre><a href=z>\r\n\r\n");
  EXPECT_THAT(html, HasSubstr("&lt;img src=x onerror=&quot;y()&quot;&gt; &amp; co"));
  EXPECT_THAT(html, HasSubstr("<title>Undeliverable: &lt;script&gt;alert(1)&lt;/script&gt;"));
  EXPECT_THAT(html, HasSubstr("Subject: &lt;b&gt;\r\nX: &lt;/pre&gt;&lt;a href=z&gt;\r\n</pre>"));
  for (const char* markup : {"<script", "<img", "<a ", "<b>\r\nX"}) {
    EXPECT_THAT(html, Not(HasSubstr(markup)));
  }
}

TEST(DsnHtmlTest, CharactersBeyondAsciiAreReferences) {
  EXPECT_EQ(HtmlText("gr\xC3\xBC\xC3\x9F"
                     "e \xE2\x82\xAC \xF0\x9F\x93\xA7 \xFF"),
            "gr&#252;&#223;e &#8364; &#128231; ?");
}

TEST(DsnHtmlTest, EveryLineIsShortAndAscii) {
  for (const std::string& word : {std::string(3000, 'x'), std::string(3000, '<'),
                                  base::Cat(std::string(900, ' '), std::string(900, '\xFF'))}) {
    const std::string html =
        HtmlForPeople(ReportOfOne(word), base::Cat("Subject: ", word, "\r\n\r\n"));
    for (const std::string_view line : base::Split(html, '\n'))
      EXPECT_LE(line.size(), kHtmlLineMax) << line.substr(0, 60);
    for (const char c : html)
      ASSERT_GE(c, 0);
  }
}

TEST(DsnHtmlTest, TheSameWordsAsThePlainText) {
  const std::string html = HtmlForPeople(ReportOfOne("550 5.1.1 gone"), "");
  EXPECT_THAT(html, HasSubstr("<h1>Delivery has failed to these recipients or groups:</h1>"));
  EXPECT_THAT(html, HasSubstr("<b>bob@remote.test</b><br>\r\nThe address was not found there."));
  EXPECT_THAT(html, HasSubstr("Generating server: relay.example.test"));
  EXPECT_THAT(html, HasSubstr("Status: 5.1.1<br>\r\nResponse: 550 5.1.1 gone</p>"));
  EXPECT_THAT(html, Not(HasSubstr("Original message headers")));
}

}  // namespace
}  // namespace postern::settle
