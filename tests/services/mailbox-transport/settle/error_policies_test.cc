#include "services/mailbox-transport/settle/error_policies.h"

#include "gtest/gtest.h"

#include "common/base/text.h"
#include "services/mailbox-transport/settle/policy.h"
#include "services/mailbox-transport/settle/settle.h"
#include "tests/support/fake_clock.h"
#include "tests/support/memory_store.h"

namespace postern::settle {
namespace {

using connector::ErrorPolicies;

ErrorPolicies All() {
  ErrorPolicies policies;
  policies.downgrade_dns_failures = true;
  policies.downgrade_custom_failures = true;
  policies.upgrade_custom_failures = true;
  return policies;
}

smtp::RecipientResult Said(int code, std::string text) {
  smtp::RecipientResult result;
  result.origin = smtp::Origin::kRemote;
  result.reply.emplace();
  result.reply->code = code;
  result.reply->lines.push_back(std::move(text));
  return result;
}

smtp::RecipientResult Failed(smtp::Origin origin, mail::EnhancedStatus enhanced) {
  smtp::RecipientResult result;
  result.origin = origin;
  result.error = absl::UnavailableError("why");
  result.enhanced = enhanced;
  return result;
}

std::string Judged(const ErrorPolicies& policies, const smtp::RecipientResult& result) {
  const auto status = JudgedBy(policies, result);
  return status ? status->ToString() : "as it is";
}

// proves: ErrorPolicies
TEST(ErrorPoliciesTest, WhatSomebodyWillMendIsTransient) {
  struct Row {
    int code;
    std::string text;
    std::string judged;
  };

  const Row rows[] = {
      {550, "5.7.1 blocked by our list", "4.7.1"},
      {554, "5.7.0 policy", "4.7.0"},
      {550, "5.7.23 SPF", "4.7.23"},
      {550, "5.7.26 unauthenticated", "4.7.26"},
      {550, "5.7.606 banned sending IP", "4.7.606"},
      {550, "5.7.64 TenantAttribution; Relay Access Denied", "4.7.64"},
      {554, "5.3.2 not accepting messages", "4.3.2"},
      {550, "5.4.4 no route", "4.4.4"},
      // Of the mailbox, the message or for ever:
      {550, "5.1.1 unknown", "as it is"},
      {550, "5.4.1 Recipient address rejected: Access denied", "as it is"},
      {550, "5.2.1 disabled", "as it is"},
      {552, "5.2.2 full", "as it is"},
      {552, "5.3.4 too big", "as it is"},
      {554, "5.4.6 loop", "as it is"},
      {554, "5.6.0 content", "as it is"},
      {550, "5.7.13 account disabled", "as it is"},
      {550, "5.7.30 REQUIRETLS", "as it is"},
      {550, "5.7.133 not allowed to the group", "as it is"},
      // Nothing but words: it may be an unknown mailbox.
      {550, "blocked by policy", "as it is"},
      // The class of the code contradicts the reply.
      {550, "4.7.1 blocked", "as it is"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(Judged(All(), Said(row.code, row.text)), row.judged) << row.text;
    EXPECT_EQ(Judged(ErrorPolicies(), Said(row.code, row.text)), "as it is") << row.text;
  }
}

// proves: ErrorPolicies
TEST(ErrorPoliciesTest, WhatNoWaitingChangesIsPermanent) {
  struct Row {
    int code;
    std::string text;
    std::string judged;
  };

  const Row rows[] = {
      {450, "4.1.1 unknown for now", "5.1.1"},
      {452, "4.2.2 mailbox full", "5.2.2"},
      {452, "4.3.4 too big", "5.3.4"},
      {451, "4.6.1 media not supported", "5.6.1"},
      // Greylisting, rates, trouble:
      {450, "4.7.1 greylisted", "as it is"},
      {421, "4.7.0 too many", "as it is"},
      {450, "4.2.1 receiving too quickly", "as it is"},
      {450, "4.1.8 sender's domain not found", "as it is"},
      {451, "4.3.0 trouble", "as it is"},
      {452, "4.5.3 too many recipients", "as it is"},
      {451, "later", "as it is"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(Judged(All(), Said(row.code, row.text)), row.judged) << row.text;
    EXPECT_EQ(Judged(ErrorPolicies(), Said(row.code, row.text)), "as it is") << row.text;
  }
}

// proves: ErrorPolicies
TEST(ErrorPoliciesTest, AFailureOfTheDnsIsTransientAndANullMxIsNone) {
  ErrorPolicies policies;
  policies.downgrade_dns_failures = true;
  EXPECT_EQ(Judged(policies, Failed(smtp::Origin::kDns, {5, 4, 4})), "4.4.4");
  EXPECT_EQ(Judged(policies, Failed(smtp::Origin::kDns, {5, 1, 2})), "4.1.2");
  EXPECT_EQ(Judged(policies, Failed(smtp::Origin::kDns, {5, 1, 10})), "as it is");
  EXPECT_EQ(Judged(policies, Failed(smtp::Origin::kDns, {4, 4, 3})), "as it is");
  EXPECT_EQ(Judged(ErrorPolicies(), Failed(smtp::Origin::kDns, {5, 4, 4})), "as it is");
}

TEST(ErrorPoliciesTest, EachPolicyActsAlone) {
  ErrorPolicies downgrade;
  downgrade.downgrade_custom_failures = true;
  EXPECT_EQ(Judged(downgrade, Said(550, "5.7.1 no")), "4.7.1");
  EXPECT_EQ(Judged(downgrade, Said(452, "4.2.2 full")), "as it is");
  EXPECT_EQ(Judged(downgrade, Failed(smtp::Origin::kDns, {5, 4, 4})), "as it is");
  ErrorPolicies upgrade;
  upgrade.upgrade_custom_failures = true;
  EXPECT_EQ(Judged(upgrade, Said(452, "4.2.2 full")), "5.2.2");
  EXPECT_EQ(Judged(upgrade, Said(550, "5.7.1 no")), "as it is");
}

TEST(ErrorPoliciesTest, WhatWeDecideOurselvesStays) {
  for (const auto origin : {smtp::Origin::kLocal, smtp::Origin::kConnect, smtp::Origin::kTlsPolicy,
                            smtp::Origin::kFrontEnd}) {
    EXPECT_EQ(Judged(All(), Failed(origin, {5, 7, 1})), "as it is");
    EXPECT_EQ(Judged(All(), Failed(origin, {4, 2, 2})), "as it is");
  }
}

TEST(ErrorPoliciesTest, NoCodeIsInBothTablesAndEachHasItsReason) {
  for (const StatusRange& down : DowngradedCodes()) {
    EXPECT_FALSE(down.why.empty());
    EXPECT_LE(down.first, down.last);
    for (const StatusRange& up : UpgradedCodes()) {
      EXPECT_FALSE(down.subject == up.subject && down.first <= up.last && up.first <= down.last);
    }
  }
}

// The verdicts that follow: the words stay the remote's.
TEST(ErrorPoliciesTest, VerdictsGoByTheJudgedStatus) {
  smtp::Outcome outcome;
  outcome.recipients = {Said(550, "5.7.1 blocked"), Said(452, "4.2.2 full"), Said(250, "ok")};
  const Verdicts verdicts = VerdictsFor(outcome, All());
  EXPECT_EQ(verdicts.recipients[0].kind, Verdict::Kind::kRetry);
  EXPECT_EQ(verdicts.recipients[0].wait, Verdict::Wait::kMessageInterval);
  EXPECT_EQ(verdicts.recipients[0].error, "550 5.7.1 blocked");
  EXPECT_EQ(verdicts.recipients[1].kind, Verdict::Kind::kReturn);
  EXPECT_EQ(verdicts.recipients[1].status.ToString(), "5.2.2");
  EXPECT_EQ(verdicts.recipients[2].kind, Verdict::Kind::kDone);

  smtp::Outcome dns;
  dns.recipients = {Failed(smtp::Origin::kDns, {5, 4, 4})};
  EXPECT_EQ(VerdictsFor(dns, ErrorPolicies()).recipients[0].kind, Verdict::Kind::kReturn);
  const Verdicts later = VerdictsFor(dns, All());
  EXPECT_EQ(later.recipients[0].kind, Verdict::Kind::kRetry);
  EXPECT_EQ(later.hop.kind, HopNews::Kind::kFailed);
}

TEST(ErrorPoliciesTest, ASettlementObeysThoseOfTheConnector) {
  testing::MemoryStore store;
  testing::FakeClock clock;
  base::SeededRandom random(1);
  observe::Registry registry;
  Probe probe(registry);
  Settler settler(store, clock, random, SenderRules(), probe, Terms());
  model::Batch batch;
  batch.message = std::make_shared<model::Message>();
  batch.message->envelope.sender = "ann@a.test";
  batch.message->envelope.recipients.resize(2);
  batch.message->recipients.resize(2);
  batch.recipients = {0, 1};
  smtp::Outcome outcome;
  outcome.recipients = {Said(452, "4.2.2 full"), Said(550, "5.7.1 blocked")};
  const Decision plain = settler.Decide(batch, model::Ticket(), outcome);
  EXPECT_EQ(plain.verdicts[0].kind, Verdict::Kind::kRetry);
  EXPECT_EQ(plain.verdicts[1].kind, Verdict::Kind::kReturn);
  const Decision judged = settler.Decide(batch, model::Ticket(), outcome, All());
  EXPECT_EQ(judged.verdicts[0].kind, Verdict::Kind::kReturn);
  EXPECT_EQ(judged.verdicts[1].kind, Verdict::Kind::kRetry);
}

}  // namespace
}  // namespace postern::settle
