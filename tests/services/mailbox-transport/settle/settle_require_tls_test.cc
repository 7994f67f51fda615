#include "gmock/gmock.h"

#include "tests/services/mailbox-transport/settle/settle_fixture.h"

namespace postern::settle {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class SettleRequireTlsTest : public SettleFixture {
 protected:
  SettleRequireTlsTest() { To("bob@remote.test"); }
};

TEST_F(SettleRequireTlsTest, TheReportOfAFailureIsProtectedLikeTheMessage) {
  Says(550, "5.1.1 no");
  batch_.message->envelope.require_tls = true;
  for (const mail::Ret ret : {mail::Ret::kUnspecified, mail::Ret::kHeaders, mail::Ret::kFull}) {
    batch_.message->envelope.ret = ret;
    EXPECT_EQ(settler().Decide(batch_, TicketOf(), outcome_).original, OriginalPart::kHeaders);
  }
  const Settled settled = Settle();
  EXPECT_TRUE(settled.notices.at(0)->envelope.require_tls);
  EXPECT_THAT(Text(settled), HasSubstr("text/rfc822-headers"));
  EXPECT_THAT(Text(settled), Not(HasSubstr("At noon?")));
}

TEST_F(SettleRequireTlsTest, SoIsTheReportOfADelay) {
  batch_.message->envelope.require_tls = true;
  EXPECT_TRUE(Delay().notices.at(0)->envelope.require_tls);
}

TEST_F(SettleRequireTlsTest, TheReportOfAnyOtherMessageIsNot) {
  Says(550, "5.1.1 no");
  batch_.message->envelope.tls_optional = true;
  const Settled settled = Settle();
  EXPECT_FALSE(settled.notices.at(0)->envelope.require_tls);
  EXPECT_FALSE(settled.notices.at(0)->envelope.tls_optional);
  EXPECT_THAT(Text(settled), HasSubstr("At noon?"));
}

TEST_F(SettleRequireTlsTest, WhatNoHostOffersIsReturnedWithTheReason) {
  Fails(smtp::Origin::kLocal, absl::FailedPreconditionError("REQUIRETLS support required: x"),
        {5, 7, 30});
  const Settled settled = Settle();
  EXPECT_EQ(State(0).phase, model::Phase::kDone);
  EXPECT_EQ(settled.hop.kind, HopNews::Kind::kNothing) << "the hop is as good as before";
  EXPECT_THAT(Text(settled), HasSubstr("Status: 5.7.30"));
  EXPECT_THAT(Text(settled), HasSubstr("550 5.7.30 REQUIRETLS support required: x"));
  EXPECT_THAT(Text(settled), HasSubstr("only where TLS protects it"));
}

TEST_F(SettleRequireTlsTest, WhatOneHostMayOfferWaitsAlone) {
  Fails(smtp::Origin::kLocal, absl::FailedPreconditionError("REQUIRETLS support required: x"),
        {4, 7, 30});
  const Settled settled = Settle();
  EXPECT_EQ(settled.hop.kind, HopNews::Kind::kNothing);
  EXPECT_EQ(State(0).last_error, "454 4.7.30 REQUIRETLS support required: x");
  EXPECT_EQ(settled.tickets.at(0).due, clock_.Now() + terms_.message_retry_interval);
}

}  // namespace
}  // namespace postern::settle
