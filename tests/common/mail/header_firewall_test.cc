#include "common/mail/header_firewall.h"

#include "gtest/gtest.h"

#include "common/base/text.h"

namespace postern::mail {
namespace {

constexpr char kHeader[] =
    "Received: from a by b;\r\n Mon, 1 Jan 2024 00:00:00 +0000\r\n"
    "RECEIVED: from c by d; Mon, 1 Jan 2024 00:00:00 +0000\r\n"
    "Resent-From: ann@a.test\r\n"
    "resent-message-id: <r@a.test>\r\n"
    "X-MS-Exchange-Organization-AuthAs: Internal\r\n"
    "x-ms-exchange-forest-rulesexecuted: a\r\n b\r\n"
    "X-MS-Exchange-CrossPremises-SCL: 5\r\n"
    "X-MS-Exchange-Transport-Other: kept\r\n"
    "Resent-By-Hand: kept\r\n"
    "Subject: hello\r\n"
    "\r\n";

std::string Filtered(FirewallRules rules, std::string_view header = kHeader) {
  return FilterHeader(header, rules).value_or("as it stands");
}

bool Has(std::string_view header, std::string_view text) {
  return base::LowerAscii(header).find(base::LowerAscii(text)) != std::string::npos;
}

TEST(HeaderFirewallTest, WithoutRightsAllThreeGroupsGo) {
  EXPECT_EQ(
      Filtered({}),
      "X-MS-Exchange-Transport-Other: kept\r\nResent-By-Hand: kept\r\nSubject: hello\r\n\r\n");
}

TEST(HeaderFirewallTest, EachRightKeepsItsGroup) {
  struct Row {
    HeaderRights rights;
    bool received, resent, organization, forest;
  };

  const Row rows[] = {{{true, false, false}, false, false, true, false},
                      {{false, true, false}, false, false, false, true},
                      {{false, false, true}, true, true, false, false},
                      {HeaderRights::All(), true, true, true, true}};
  for (const Row& row : rows) {
    const std::string out = Filtered({row.rights, CrossPremises::kRemove});
    EXPECT_EQ(Has(out, "Received:"), row.received);
    EXPECT_EQ(Has(out, "Resent-From:") && Has(out, "Resent-Message-ID:"), row.resent);
    EXPECT_EQ(Has(out, "Organization-AuthAs:"), row.organization);
    EXPECT_EQ(Has(out, "Forest-RulesExecuted: a\r\n b\r\n"), row.forest);
    EXPECT_FALSE(Has(out, "CrossPremises"));
    EXPECT_TRUE(Has(out, "Subject: hello\r\n\r\n"));
  }
}

TEST(HeaderFirewallTest, AHeaderThatMayPassIsNotCopied) {
  EXPECT_EQ(FilterHeader(kHeader, {HeaderRights::All(), CrossPremises::kKeep}), std::nullopt);
  EXPECT_EQ(FilterHeader("Subject: x\r\n\r\n", {}), std::nullopt);
  EXPECT_EQ(FilterHeader("", {}), std::nullopt);
}

TEST(HeaderFirewallTest, PromotedFieldsTakeThePlaceOfThoseOfTheirName) {
  const FirewallRules promote{{}, CrossPremises::kPromote};
  EXPECT_EQ(Filtered(promote,
                     "X-MS-Exchange-CrossPremises-AuthAs: forged\r\n"
                     "X-MS-Exchange-CrossPremises-Other: kept\r\n"
                     "X-MS-Exchange-Organization-AuthAs: Internal\r\n"
                     "X-MS-Exchange-Organization-MessageDirectionality: x\r\n\r\n"),
            "X-MS-Exchange-CrossPremises-Other: kept\r\n"
            "X-MS-Exchange-CrossPremises-AuthAs: Internal\r\n\r\n");
}

TEST(HeaderFirewallTest, APromotedFieldStaysWhereItMayPassToo) {
  EXPECT_EQ(Filtered({HeaderRights::All(), CrossPremises::kPromote},
                     "x-ms-exchange-organization-scl: 1\r\n\r\n"),
            "X-MS-Exchange-CrossPremises-scl: 1\r\nx-ms-exchange-organization-scl: 1\r\n\r\n");
}

TEST(HeaderFirewallTest, WhatIsNoFieldPasses) {
  EXPECT_EQ(Filtered({}, "From ann Mon Jan 1\r\nReceived: from a by b\r\nSubject: x\r\n\r\n"),
            "From ann Mon Jan 1\r\nSubject: x\r\n\r\n");
  // The block may lack its empty line, as a message without a body does.
  EXPECT_EQ(Filtered({}, "Subject: x\r\nReceived: from a by b\r\n"), "Subject: x\r\n");
}

TEST(HeaderFirewallTest, AQuickLookFindsExchangesFieldsInAnyCase) {
  EXPECT_TRUE(MentionsExchange(kHeader));
  EXPECT_TRUE(MentionsExchange("a: b\r\nx-ms-EXCHANGE-organization-scl: 1\r\n"));
  EXPECT_FALSE(MentionsExchange("-\r\nX-MS-Has: x\r\nMessage-ID: <a-b@c>\r\n\r\n"));
}

}  // namespace
}  // namespace postern::mail
