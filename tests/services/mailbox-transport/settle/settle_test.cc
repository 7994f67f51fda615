#include "services/mailbox-transport/settle/settle.h"

#include "gmock/gmock.h"

#include "common/base/text.h"
#include "tests/services/mailbox-transport/settle/settle_fixture.h"

namespace postern::settle {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class SettleTest : public SettleFixture {};

TEST_F(SettleTest, ADeliveredMessageIsSettledOnce) {
  To("bob@remote.test");
  Says(250, "2.0.0 ok");
  const Settled settled = Settle();
  EXPECT_THAT(settled.tickets, IsEmpty());
  EXPECT_THAT(settled.notices, IsEmpty());
  EXPECT_EQ(settled.hop.kind, HopNews::Kind::kWorked);
  ASSERT_THAT(store_.settled, SizeIs(1));
  EXPECT_TRUE(store_.settled[0].in_hand);
  EXPECT_TRUE(batch_.message->settled());
  EXPECT_EQ(State(0).attempts, 1u);
}

TEST_F(SettleTest, ARefusedRecipientIsReturnedInOneReportWithTheOthers) {
  To("bob@remote.test");
  To("carol@remote.test");
  To("dave@remote.test");
  Says(550, "5.1.1 no such user");
  Says(250, "ok");
  Says(550, "5.2.2 full");
  const Settled settled = Settle();
  ASSERT_THAT(settled.notices, SizeIs(1));
  const model::Message& notice = *settled.notices[0];
  EXPECT_TRUE(notice.notice);
  EXPECT_EQ(notice.envelope.sender, "");
  EXPECT_EQ(notice.envelope.recipients[0].address, "alice@example.test");
  EXPECT_EQ(notice.source_name, "DSN");
  EXPECT_EQ(notice.size, notice.body->size());
  EXPECT_EQ(notice.id.value, 901u);
  EXPECT_THAT(Text(settled), HasSubstr("Final-Recipient: rfc822; bob@remote.test"));
  EXPECT_THAT(Text(settled), HasSubstr("Final-Recipient: rfc822; dave@remote.test"));
  EXPECT_THAT(Text(settled), ::testing::Not(HasSubstr("carol")));
  EXPECT_THAT(store_.settled.at(0).notices, ElementsAre(settled.notices[0]));
}

TEST_F(SettleTest, ATransientRefusalWaitsForTheMessageInterval) {
  To("bob@remote.test");
  Says(450, "4.2.0 greylisted");
  const Settled settled = Settle();
  ASSERT_THAT(settled.tickets, SizeIs(1));
  EXPECT_EQ(settled.tickets[0].due, clock_.Now() + absl::Minutes(15));
  EXPECT_EQ(State(0).next_attempt, settled.tickets[0].due);
  EXPECT_EQ(State(0).attempts, 1u);
  EXPECT_EQ(State(0).last_error, "450 4.2.0 greylisted");
}

TEST_F(SettleTest, AFailedHopKeepsTheTicketNearlyDueAndUncounted) {
  To("bob@remote.test");
  Fails(smtp::Origin::kConnect, absl::UnavailableError("connection refused"), {4, 4, 1});
  const Settled settled = Settle();
  EXPECT_EQ(settled.hop.kind, HopNews::Kind::kFailed);
  ASSERT_THAT(settled.tickets, SizeIs(1));
  EXPECT_EQ(settled.tickets[0].due, clock_.Now() + kHopFailedPauseMin);
  EXPECT_EQ(State(0).attempts, 0u);
}

TEST_F(SettleTest, AMessageThatItsHopHangsUpOnIsTriedLessAndLess) {
  To("bob@remote.test");
  Fails(smtp::Origin::kConnect, absl::UnavailableError("connection reset"), {4, 4, 2});
  int attempts = 0;
  const absl::Time end = clock_.Now() + absl::Hours(1);
  for (; clock_.Now() < end; ++attempts)
    clock_.Advance(Settle().tickets.at(0).due - clock_.Now());
  EXPECT_LT(attempts, 100);
  EXPECT_EQ(Settle().tickets.at(0).due, clock_.Now() + kHopFailedPauseMax);
}

TEST_F(SettleTest, AReportOfManyDoesNotGrowByWhatARemoteSays) {
  for (int i = 0; i < 2000; ++i) {
    To(base::Cat("u", i, "@remote.test"));
    Says(550, base::Cat("5.1.1 ", std::string(8000, 'x')));
  }
  const Settled settled = Settle();
  EXPECT_LT(Text(settled).size(), 3u << 20);
  EXPECT_THAT(Text(settled), HasSubstr("Diagnostic-Code: smtp; 550 5.1.1"));
  EXPECT_THAT(Text(settled), HasSubstr("Final-Recipient: rfc822; u1999@remote.test"));
}

TEST_F(SettleTest, AHeldHopKeepsTheTicketDue) {
  To("bob@remote.test");
  Fails(smtp::Origin::kFrontEnd, absl::UnavailableError("no front end"), {4, 4, 0});
  EXPECT_EQ(Settle().tickets.at(0).due, clock_.Now());
}

TEST_F(SettleTest, RecipientsThatWaitDifferentlyGetTheirOwnTickets) {
  To("bob@remote.test");
  To("carol@remote.test");
  To("dave@remote.test");
  Says(250, "ok");
  Says(450, "later");
  outcome_.recipients.emplace_back();  // not tried
  const Settled settled = Settle();
  ASSERT_THAT(settled.tickets, SizeIs(2));
  EXPECT_THAT(settled.tickets[0].recipients, ElementsAre(1));
  EXPECT_THAT(settled.tickets[1].recipients, ElementsAre(2));
  EXPECT_EQ(settled.tickets[1].due, clock_.Now());
}

TEST_F(SettleTest, ALostAnswerAfterTheDotIsAmbiguousAndRetries) {
  To("bob@remote.test");
  Fails(smtp::Origin::kConnect, absl::UnavailableError("connection reset"), {4, 4, 2});
  outcome_.body_ended = outcome_.ambiguous = true;
  const Settled settled = Settle();
  EXPECT_EQ(settled.tickets.at(0).due, clock_.Now() + absl::Minutes(15));
}

TEST_F(SettleTest, JitterMovesTheRetryWithinItsPercent) {
  terms_.retry_jitter_percent = 10;
  To("bob@remote.test");
  Says(450, "later");
  const absl::Duration wait = Settle().tickets.at(0).due - clock_.Now();
  EXPECT_GE(wait, absl::Seconds(810));
  EXPECT_LE(wait, absl::Seconds(990));
}

TEST_F(SettleTest, AnExpiredMessageIsReturnedWithItsLastError) {
  To("bob@remote.test");
  batch_.message->recipients[0].last_error = "451 4.4.0 DNS query failed";
  const Settled settled = Expire();
  EXPECT_THAT(settled.tickets, IsEmpty());
  EXPECT_TRUE(batch_.message->settled());
  EXPECT_FALSE(store_.settled.at(0).in_hand);
  EXPECT_THAT(Text(settled), HasSubstr("Status: 5.4.7"));
  EXPECT_THAT(Text(settled), HasSubstr("550 4.4.7 QUEUE.Expired;message expired; last error: 451"));
}

TEST_F(SettleTest, ANoticeIsNeverReturned) {
  To("bob@remote.test");
  batch_.message->envelope.sender = "";
  batch_.message->notice = true;
  Says(550, "5.1.1 no");
  EXPECT_THAT(Settle().notices, IsEmpty());
  EXPECT_THAT(registry_.Text(), HasSubstr("postern_settle_double_bounce_total 1"));
}

TEST_F(SettleTest, AMessageOfTheNullSenderThatExpiresIsDropped) {
  To("bob@remote.test");
  batch_.message->envelope.sender = "";
  EXPECT_THAT(Expire().notices, IsEmpty());
  EXPECT_TRUE(batch_.message->settled());
  EXPECT_THAT(registry_.Text(), HasSubstr("postern_settle_double_bounce_total 1"));
}

TEST_F(SettleTest, ADelayIsToldOnceAndTheTicketWaitsOn) {
  To("bob@remote.test");
  const Settled settled = Delay();
  EXPECT_THAT(Text(settled), HasSubstr("Action: delayed"));
  EXPECT_THAT(Text(settled), HasSubstr("Will-Retry-Until:"));
  ASSERT_THAT(settled.tickets, SizeIs(1));
  EXPECT_EQ(settled.tickets[0].notify_delay_at, absl::InfiniteFuture());
  EXPECT_TRUE(State(0).delay_notified);
  EXPECT_THAT(Delay().notices, IsEmpty());
}

TEST_F(SettleTest, DelayReportsCanBeTurnedOff) {
  rules_.external.delay_dsn_enabled = false;
  To("bob@remote.test");
  EXPECT_THAT(Delay().notices, IsEmpty());
}

TEST_F(SettleTest, SendersOfTheOrganizationHaveTheirOwnRules) {
  rules_.is_internal = [](std::string_view address) { return address.ends_with("@example.test"); };
  rules_.internal.delay_dsn_enabled = false;
  rules_.internal.reporting_authority = "in.example.test";
  rules_.internal.send_html = false;
  rules_.external.reporting_authority = "out.example.test";
  To("bob@remote.test");
  EXPECT_THAT(Delay().notices, IsEmpty());
  Says(550, "5.1.1 no");
  const std::string internal = Text(Settle());
  EXPECT_THAT(internal, HasSubstr("From: postmaster@in.example.test\r\n"));
  EXPECT_THAT(internal, Not(HasSubstr("text/html")));
  batch_.message->envelope.sender = "eve@elsewhere.test";
  const std::string external = Text(Settle());
  EXPECT_THAT(external, HasSubstr("From: postmaster@out.example.test\r\n"));
  EXPECT_THAT(external, HasSubstr("text/html"));
}

TEST_F(SettleTest, RetAndSizeDecideHowMuchIsReturned) {
  struct Row {
    mail::Ret ret;
    std::uint64_t size;
    OriginalPart part;
  };

  const Row rows[] = {
      {mail::Ret::kUnspecified, 1000, OriginalPart::kWhole},
      {mail::Ret::kFull, 1000, OriginalPart::kWhole},
      {mail::Ret::kHeaders, 1000, OriginalPart::kHeaders},
      {mail::Ret::kUnspecified, kWholeOriginalMax + 1, OriginalPart::kHeaders},
      {mail::Ret::kFull, kWholeOriginalMax + 1, OriginalPart::kHeaders},
  };
  To("bob@remote.test");
  Says(550, "5.1.1 no");
  for (const Row& row : rows) {
    batch_.message->envelope.ret = row.ret;
    batch_.message->size = row.size;
    EXPECT_EQ(settler().Decide(batch_, TicketOf(), outcome_).original, row.part);
  }
}

TEST_F(SettleTest, NothingIsReadWhenNothingIsReported) {
  To("bob@remote.test");
  Says(450, "later");
  EXPECT_EQ(settler().Decide(batch_, TicketOf(), outcome_).original, OriginalPart::kNothing);
}

TEST_F(SettleTest, ANoticeIsRoutedBeforeItIsKept) {
  settler().OnNotice(
      [](model::Message& notice) { notice.recipients[0].next_hop.domain = "example.test"; });
  To("bob@remote.test");
  Says(550, "5.1.1 no");
  Settle();
  EXPECT_EQ(store_.settled.at(0).notices.at(0)->recipients[0].next_hop.domain, "example.test");
}

TEST_F(SettleTest, ARefusalOfOurOwnIsReturnedWithoutARemote) {
  To("bob@remote.test");
  const Settled settled = Commit(settler().Fail(
      batch_, TicketOf(), absl::FailedPreconditionError("message too big for system"), {5, 3, 4}));
  EXPECT_THAT(Text(settled), HasSubstr("Status: 5.3.4"));
  EXPECT_THAT(Text(settled), HasSubstr("550 5.3.4 message too big for system"));
  EXPECT_THAT(Text(settled), ::testing::Not(HasSubstr("Remote-MTA")));
}

TEST_F(SettleTest, AResultThatIsMissingIsARecipientNotTried) {
  To("bob@remote.test");
  const Settled settled = Settle();
  ASSERT_THAT(settled.tickets, SizeIs(1));
  EXPECT_EQ(settled.tickets[0].due, clock_.Now() + kNotTriedPause);
}

// Every NOTIFY value, every result, the peer with DSN and without: is there a report?
TEST_F(SettleTest, NotifyDecidesOverEveryResult) {
  To("bob@remote.test");
  for (int notify = 0; notify < 16; ++notify) {
    const bool never = (notify & mail::kNotifyNever) != 0;
    const bool failure = !never && (notify == 0 || (notify & mail::kNotifyFailure) != 0);
    const bool delay = !never && (notify == 0 || (notify & mail::kNotifyDelay) != 0);
    const bool success = !never && (notify & mail::kNotifySuccess) != 0;
    for (const bool peer : {false, true}) {
      SCOPED_TRACE(base::Cat("notify ", notify, " peer with DSN ", peer));
      batch_.message->envelope.recipients[0].notify = static_cast<std::uint8_t>(notify);
      batch_.message->recipients[0] = model::RecipientState();
      outcome_ = smtp::Outcome();
      if (peer) outcome_.keywords = {"PIPELINING", "DSN"};

      Says(250, "ok");
      const Settled done = Settle();
      EXPECT_EQ(done.notices.size(), success && !peer ? 1u : 0u);
      if (!done.notices.empty()) {
        EXPECT_THAT(Text(done), HasSubstr("Action: relayed"));
      }

      outcome_.recipients.clear();
      Says(550, "no");
      EXPECT_EQ(Settle().notices.size(), failure ? 1u : 0u);
      outcome_.recipients.clear();
      Says(450, "later");
      EXPECT_THAT(Settle().notices, IsEmpty());
      EXPECT_EQ(Delay().notices.size(), delay ? 1u : 0u);
      EXPECT_EQ(Expire().notices.size(), failure ? 1u : 0u);
    }
  }
}

TEST_F(SettleTest, ARemovedMessageIsReturnedWithTheReasonOfAnAdministrator) {
  To("bob@remote.test");
  const Settled settled = Commit(settler().Remove(batch_, TicketOf(), true));
  EXPECT_TRUE(settled.tickets.empty());
  EXPECT_TRUE(batch_.message->settled());
  EXPECT_THAT(Text(settled),
              HasSubstr("550 4.3.2 QUEUE.Admin;message deleted by administrative action"));
  EXPECT_THAT(Text(settled), HasSubstr("Status: 5.3.2"));
}

TEST_F(SettleTest, OrIsGoneWithoutAWord) {
  To("bob@remote.test");
  const Settled settled = Commit(settler().Remove(batch_, TicketOf(), false));
  EXPECT_TRUE(settled.notices.empty());
  EXPECT_TRUE(batch_.message->settled());
}

TEST_F(SettleTest, NobodyIsToldOfTheRemovalOfANotice) {
  To("bob@remote.test");
  batch_.message->notice = true;
  EXPECT_TRUE(Commit(settler().Remove(batch_, TicketOf(), true)).notices.empty());
}

}  // namespace
}  // namespace postern::settle
