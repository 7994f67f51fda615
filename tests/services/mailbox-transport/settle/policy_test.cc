#include "services/mailbox-transport/settle/policy.h"

#include "gmock/gmock.h"

#include "common/base/text.h"

namespace postern::settle {
namespace {

using ::testing::HasSubstr;
using Kind = Verdict::Kind;
using Wait = Verdict::Wait;
using News = HopNews::Kind;
using Code = absl::StatusCode;
using smtp::Origin;
using smtp::Stage;

mail::EnhancedStatus Code3(std::string_view text) {
  return mail::EnhancedStatus::Parse(text).value_or(mail::EnhancedStatus());
}

mail::Reply MakeReply(int code, std::string text) {
  mail::Reply reply;
  reply.code = code;
  reply.lines.push_back(std::move(text));
  return reply;
}

struct ReplyRow {
  int code;
  const char* text;
  Kind kind;
  Wait wait;
  const char* status;
};

const ReplyRow kReplyRows[] = {
    {250, "2.0.0 queued", Kind::kDone, Wait::kAtOnce, "2.0.0"},
    {250, "2.1.5 ok", Kind::kDone, Wait::kAtOnce, "2.1.5"},
    {250, "OK", Kind::kDone, Wait::kAtOnce, "2.0.0"},
    {251, "will forward", Kind::kDone, Wait::kAtOnce, "2.0.0"},
    {252, "cannot verify", Kind::kDone, Wait::kAtOnce, "2.0.0"},
    {250, "5.1.1 contradicts itself", Kind::kDone, Wait::kAtOnce, "2.0.0"},
    {354, "go ahead", Kind::kRetry, Wait::kMessageInterval, "4.0.0"},
    {421, "4.3.2 closing", Kind::kRetry, Wait::kMessageInterval, "4.3.2"},
    {421, "try later", Kind::kRetry, Wait::kMessageInterval, "4.0.0"},
    {450, "4.2.0 greylisted", Kind::kRetry, Wait::kMessageInterval, "4.2.0"},
    {451, "4.7.1 later", Kind::kRetry, Wait::kMessageInterval, "4.7.1"},
    {452, "4.5.3 too many recipients", Kind::kRetry, Wait::kMessageInterval, "4.5.3"},
    {452, "4.3.1 disk full", Kind::kRetry, Wait::kMessageInterval, "4.3.1"},
    {454, "4.7.0 TLS not available", Kind::kRetry, Wait::kMessageInterval, "4.7.0"},
    {455, "parameters", Kind::kRetry, Wait::kMessageInterval, "4.0.0"},
    {499, "odd", Kind::kRetry, Wait::kMessageInterval, "4.0.0"},
    {450, "5.1.1 contradicts itself", Kind::kRetry, Wait::kMessageInterval, "4.0.0"},
    {500, "unknown command", Kind::kReturn, Wait::kAtOnce, "5.0.0"},
    {501, "5.5.4 syntax", Kind::kReturn, Wait::kAtOnce, "5.5.4"},
    {521, "no mail here", Kind::kReturn, Wait::kAtOnce, "5.0.0"},
    {530, "5.7.0 authenticate", Kind::kReturn, Wait::kAtOnce, "5.7.0"},
    {550, "5.1.1 no such user", Kind::kReturn, Wait::kAtOnce, "5.1.1"},
    {550, "5.7.1 relaying denied", Kind::kReturn, Wait::kAtOnce, "5.7.1"},
    {550, "no", Kind::kReturn, Wait::kAtOnce, "5.0.0"},
    {550, "4.2.0 contradicts itself", Kind::kReturn, Wait::kAtOnce, "5.0.0"},
    {551, "5.1.6 moved", Kind::kReturn, Wait::kAtOnce, "5.1.6"},
    {552, "5.2.2 mailbox full", Kind::kReturn, Wait::kAtOnce, "5.2.2"},
    {552, "5.3.4 message too big", Kind::kReturn, Wait::kAtOnce, "5.3.4"},
    {552, "5.5.3 recipients", Kind::kRetry, Wait::kMessageInterval, "4.5.3"},
    {552, "Too many recipients", Kind::kRetry, Wait::kMessageInterval, "4.5.3"},
    {553, "5.1.3 bad address", Kind::kReturn, Wait::kAtOnce, "5.1.3"},
    {554, "5.7.1 spam", Kind::kReturn, Wait::kAtOnce, "5.7.1"},
    {555, "parameters", Kind::kReturn, Wait::kAtOnce, "5.0.0"},
    {556, "5.1.10 null MX", Kind::kReturn, Wait::kAtOnce, "5.1.10"},
};

TEST(PolicyTest, EveryReplyHasItsVerdict) {
  for (const ReplyRow& row : kReplyRows) {
    const Verdict verdict = VerdictFor(MakeReply(row.code, row.text));
    SCOPED_TRACE(base::Cat(row.code, " ", std::string_view(row.text)));
    EXPECT_EQ(verdict.kind, row.kind);
    EXPECT_EQ(verdict.wait, row.wait);
    EXPECT_EQ(verdict.status.ToString(), row.status);
    EXPECT_TRUE(verdict.counted);
    const bool done = row.kind == Kind::kDone;
    EXPECT_EQ(verdict.error, done ? "" : base::Cat(row.code, " ", std::string_view(row.text)));
  }
}

struct ErrorRow {
  const char* fact;
  Origin origin;
  Code code;
  const char* enhanced;
  Stage stage;
  bool ambiguous;
  Kind kind;
  Wait wait;
  bool counted;
  News hop;
};

const ErrorRow kErrorRows[] = {
    {"servfail", Origin::kDns, Code::kUnavailable, "4.4.3", Stage::kLookup, false, Kind::kRetry,
     Wait::kAtOnce, false, News::kFailed},
    {"dns timeout", Origin::kDns, Code::kDeadlineExceeded, "4.4.3", Stage::kLookup, false,
     Kind::kRetry, Wait::kAtOnce, false, News::kFailed},
    {"dns without a code", Origin::kDns, Code::kUnavailable, "", Stage::kLookup, false,
     Kind::kRetry, Wait::kAtOnce, false, News::kFailed},
    {"nxdomain", Origin::kDns, Code::kNotFound, "5.4.4", Stage::kLookup, false, Kind::kReturn,
     Wait::kAtOnce, true, News::kNothing},
    {"null mx", Origin::kDns, Code::kNotFound, "5.1.10", Stage::kLookup, false, Kind::kReturn,
     Wait::kAtOnce, true, News::kNothing},
    {"refused", Origin::kConnect, Code::kUnavailable, "4.4.1", Stage::kConnect, false, Kind::kRetry,
     Wait::kAtOnce, false, News::kFailed},
    {"connect timeout", Origin::kConnect, Code::kDeadlineExceeded, "4.4.1", Stage::kConnect, false,
     Kind::kRetry, Wait::kAtOnce, false, News::kFailed},
    {"no greeting", Origin::kConnect, Code::kDeadlineExceeded, "4.4.2", Stage::kGreeting, false,
     Kind::kRetry, Wait::kAtOnce, false, News::kFailed},
    {"lost in hello", Origin::kConnect, Code::kUnavailable, "4.4.2", Stage::kHello, false,
     Kind::kRetry, Wait::kAtOnce, false, News::kFailed},
    {"lost in tls", Origin::kConnect, Code::kUnavailable, "4.4.2", Stage::kTls, false, Kind::kRetry,
     Wait::kAtOnce, false, News::kFailed},
    {"lost in mail", Origin::kConnect, Code::kUnavailable, "4.4.2", Stage::kMail, false,
     Kind::kRetry, Wait::kAtOnce, false, News::kFailed},
    {"lost in rcpt", Origin::kConnect, Code::kUnavailable, "4.4.2", Stage::kRecipient, false,
     Kind::kRetry, Wait::kAtOnce, false, News::kFailed},
    {"lost in data", Origin::kConnect, Code::kUnavailable, "4.4.2", Stage::kData, false,
     Kind::kRetry, Wait::kMessageInterval, true, News::kNothing},
    {"lost in the body", Origin::kConnect, Code::kUnavailable, "4.4.2", Stage::kBody, false,
     Kind::kRetry, Wait::kMessageInterval, true, News::kNothing},
    {"lost after the dot", Origin::kConnect, Code::kUnavailable, "4.4.2", Stage::kBody, true,
     Kind::kRetry, Wait::kMessageInterval, true, News::kWorked},
    {"silent after the dot", Origin::kConnect, Code::kDeadlineExceeded, "4.4.2", Stage::kBody, true,
     Kind::kRetry, Wait::kMessageInterval, true, News::kWorked},
    {"stopped after the dot", Origin::kConnect, Code::kCancelled, "4.4.2", Stage::kBody, true,
     Kind::kRetry, Wait::kMessageInterval, true, News::kWorked},
    {"front end lost after the dot", Origin::kFrontEnd, Code::kUnavailable, "4.4.2", Stage::kBody,
     true, Kind::kRetry, Wait::kMessageInterval, true, News::kWorked},
    {"nothing known after the dot", Origin::kNone, Code::kOk, "", Stage::kBody, true, Kind::kRetry,
     Wait::kMessageInterval, true, News::kWorked},
    {"host loops to itself", Origin::kConnect, Code::kFailedPrecondition, "5.4.6", Stage::kConnect,
     false, Kind::kReturn, Wait::kAtOnce, true, News::kNothing},
    {"no starttls", Origin::kTlsPolicy, Code::kFailedPrecondition, "4.7.5", Stage::kTls, false,
     Kind::kRetry, Wait::kAtOnce, false, News::kFailed},
    {"bad certificate", Origin::kTlsPolicy, Code::kFailedPrecondition, "5.7.5", Stage::kTls, false,
     Kind::kRetry, Wait::kAtOnce, false, News::kFailed},
    {"no front end", Origin::kFrontEnd, Code::kUnavailable, "4.4.0", Stage::kConnect, false,
     Kind::kRetry, Wait::kAtOnce, false, News::kHeld},
    {"no credit", Origin::kFrontEnd, Code::kResourceExhausted, "4.3.2", Stage::kConnect, false,
     Kind::kRetry, Wait::kAtOnce, false, News::kHeld},
    {"front end refuses for ever", Origin::kFrontEnd, Code::kUnavailable, "5.0.0", Stage::kConnect,
     false, Kind::kRetry, Wait::kAtOnce, false, News::kHeld},
    {"8-bit content", Origin::kLocal, Code::kFailedPrecondition, "5.6.3", Stage::kMail, false,
     Kind::kReturn, Wait::kMessageInterval, true, News::kNothing},
    {"too big", Origin::kLocal, Code::kFailedPrecondition, "5.3.4", Stage::kMail, false,
     Kind::kReturn, Wait::kMessageInterval, true, News::kNothing},
    {"no smtputf8", Origin::kLocal, Code::kFailedPrecondition, "5.6.7", Stage::kMail, false,
     Kind::kReturn, Wait::kMessageInterval, true, News::kNothing},
    {"store read failed", Origin::kLocal, Code::kUnavailable, "4.3.0", Stage::kBody, false,
     Kind::kRetry, Wait::kMessageInterval, true, News::kNothing},
    {"local without a code", Origin::kLocal, Code::kInternal, "", Stage::kBody, false, Kind::kRetry,
     Wait::kMessageInterval, true, News::kNothing},
    {"all our sessions in use", Origin::kLocal, Code::kResourceExhausted, "4.3.2", Stage::kConnect,
     false, Kind::kRetry, Wait::kPause, false, News::kNothing},
    {"stopping in connect", Origin::kConnect, Code::kCancelled, "4.4.1", Stage::kConnect, false,
     Kind::kRetry, Wait::kAtOnce, false, News::kNothing},
    {"stopping in dns", Origin::kDns, Code::kCancelled, "4.4.3", Stage::kLookup, false,
     Kind::kRetry, Wait::kAtOnce, false, News::kNothing},
    {"stopping in the body", Origin::kConnect, Code::kCancelled, "4.4.2", Stage::kBody, false,
     Kind::kRetry, Wait::kAtOnce, false, News::kNothing},
    {"nothing was tried", Origin::kNone, Code::kOk, "", Stage::kLookup, false, Kind::kRetry,
     Wait::kPause, false, News::kNothing},
};

smtp::RecipientResult ErrorResult(Origin origin, Code code, std::string_view enhanced) {
  smtp::RecipientResult result;
  result.origin = origin;
  result.error = absl::Status(code, code == Code::kOk ? "" : "it went wrong");
  result.enhanced = Code3(enhanced);
  return result;
}

smtp::RecipientResult ReplyResult(int code, std::string text) {
  smtp::RecipientResult result;
  result.origin = Origin::kRemote;
  result.reply = MakeReply(code, std::move(text));
  return result;
}

smtp::HostTried HostAt(std::string address, Stage stage, absl::Status error) {
  smtp::HostTried host;
  host.host = "mx.test";
  host.address = std::move(address);
  host.stage = stage;
  host.error = std::move(error);
  return host;
}

TEST(PolicyTest, EveryErrorHasItsVerdict) {
  for (const ErrorRow& row : kErrorRows) {
    SCOPED_TRACE(row.fact);
    smtp::Outcome outcome;
    outcome.recipients.push_back(ErrorResult(row.origin, row.code, row.enhanced));
    outcome.hosts.push_back(HostAt("192.0.2.1:25", row.stage, absl::UnavailableError("x")));
    outcome.ambiguous = row.ambiguous;
    const Verdicts verdicts = VerdictsFor(outcome);
    ASSERT_EQ(verdicts.recipients.size(), 1u);
    EXPECT_EQ(verdicts.recipients[0].kind, row.kind);
    EXPECT_EQ(verdicts.recipients[0].wait, row.wait);
    EXPECT_EQ(verdicts.recipients[0].counted, row.counted);
    EXPECT_EQ(verdicts.hop.kind, row.hop);
  }
}

TEST(PolicyTest, EachRecipientHasItsOwnVerdict) {
  smtp::Outcome outcome;
  outcome.recipients = {ReplyResult(250, "ok"), ReplyResult(450, "later"), ReplyResult(550, "no")};
  const Verdicts verdicts = VerdictsFor(outcome);
  EXPECT_EQ(verdicts.recipients[0].kind, Kind::kDone);
  EXPECT_EQ(verdicts.recipients[1].kind, Kind::kRetry);
  EXPECT_EQ(verdicts.recipients[2].kind, Kind::kReturn);
  EXPECT_EQ(verdicts.hop.kind, News::kWorked);
}

TEST(PolicyTest, ARecipientLeftForTheNextTransactionIsDueAtOnce) {
  smtp::Outcome outcome;
  outcome.recipients = {ReplyResult(250, "ok"), ErrorResult(Origin::kNone, Code::kOk, "")};
  const Verdicts verdicts = VerdictsFor(outcome);
  EXPECT_EQ(verdicts.recipients[1].kind, Kind::kRetry);
  EXPECT_EQ(verdicts.recipients[1].wait, Wait::kAtOnce);
  EXPECT_FALSE(verdicts.recipients[1].counted);
}

TEST(PolicyTest, ARecipientCutOffBesideAnAnswerWaitsAlone) {
  smtp::Outcome outcome;
  outcome.recipients = {ReplyResult(550, "no"),
                        ErrorResult(Origin::kConnect, Code::kUnavailable, "4.4.2")};
  const Verdicts verdicts = VerdictsFor(outcome);
  EXPECT_EQ(verdicts.hop.kind, News::kWorked);
  EXPECT_EQ(verdicts.recipients[1].wait, Wait::kMessageInterval);
}

struct NewsRow {
  const char* fact;
  std::vector<int> replies;  // of the recipients; 0: the connection was lost
  int last_words;            // of the host, 0: none
  Stage stage;
  News hop;
};

const NewsRow kNewsRows[] = {
    {"taken", {250}, 250, Stage::kBody, News::kWorked},
    {"refused", {550}, 550, Stage::kRecipient, News::kWorked},
    {"greylisted", {451}, 451, Stage::kRecipient, News::kDeferred},
    {"too many, says an old server", {552}, 552, Stage::kRecipient, News::kWorked},
    {"put off, all of them", {450, 451}, 451, Stage::kBody, News::kDeferred},
    {"put off, but for one that is taken", {450, 250}, 250, Stage::kBody, News::kWorked},
    {"put off, but for one that is refused", {450, 550}, 450, Stage::kRecipient, News::kWorked},
    {"put off, and then lost", {450, 0}, 0, Stage::kRecipient, News::kDeferred},
    {"421 after the dot", {421}, 421, Stage::kBody, News::kFailed},
    {"421 after the dot, one was refused before", {550, 421}, 421, Stage::kBody, News::kFailed},
    {"421 to DATA", {421}, 421, Stage::kData, News::kFailed},
    {"421 to DATA, and the next host does not answer", {421}, 0, Stage::kConnect, News::kFailed},
    {"421 to DATA, and the next host takes it", {250}, 250, Stage::kBody, News::kWorked},
    {"421 to RCPT", {0}, 421, Stage::kRecipient, News::kFailed},
    {"421 to RCPT, the content beside it", {0}, 421, Stage::kData, News::kFailed},
    {"421 to RCPT, one was refused before", {550, 0}, 421, Stage::kRecipient, News::kFailed},
    {"421 to MAIL", {0}, 421, Stage::kMail, News::kFailed},
    {"421 to the second transaction", {250, 0}, 421, Stage::kMail, News::kWorked},
    {"451 to MAIL, 421 from the next host", {451}, 421, Stage::kMail, News::kFailed},
    {"421 to MAIL, 451 from the next host", {451}, 451, Stage::kMail, News::kDeferred},
};

TEST(PolicyTest, WhatTheHopLearnsOfAnswers) {
  for (const NewsRow& row : kNewsRows) {
    SCOPED_TRACE(row.fact);
    smtp::Outcome outcome;
    for (const int code : row.replies) {
      outcome.recipients.push_back(code == 0
                                       ? ErrorResult(Origin::kConnect, Code::kUnavailable, "4.4.2")
                                       : ReplyResult(code, "words"));
    }
    outcome.hosts.push_back(HostAt("192.0.2.1:25", row.stage, absl::OkStatus()));
    if (row.last_words != 0) outcome.hosts[0].reply = MakeReply(row.last_words, "words");
    const Verdicts verdicts = VerdictsFor(outcome);
    EXPECT_EQ(verdicts.hop.kind, row.hop);
    EXPECT_EQ(verdicts.hop.error.empty(), row.hop != News::kFailed);
    for (std::size_t i = 0; i < row.replies.size(); ++i) {
      const bool with_hop = row.replies[i] == 0 && row.hop == News::kFailed;
      const bool retries = verdicts.recipients[i].kind == Kind::kRetry;
      const bool alone = verdicts.recipients[i].wait == Wait::kMessageInterval;
      EXPECT_EQ(alone, retries && !with_hop);
      EXPECT_EQ(verdicts.recipients[i].counted, !with_hop);
    }
  }
}

TEST(PolicyTest, ARefusalThatTheConnectorMakesTransientIsADeferral) {
  connector::ErrorPolicies policies;
  policies.downgrade_custom_failures = true;
  smtp::Outcome outcome;
  outcome.recipients = {ReplyResult(550, "5.7.1 listed")};
  EXPECT_EQ(VerdictsFor(outcome, policies).hop.kind, News::kDeferred);
  EXPECT_EQ(VerdictsFor(outcome).hop.kind, News::kWorked);
}

TEST(PolicyTest, AHopErrorHasExchangesForm) {
  smtp::Outcome outcome;
  outcome.recipients.push_back(ErrorResult(Origin::kConnect, Code::kUnavailable, "4.4.1"));
  outcome.hosts.push_back(
      HostAt("192.0.2.1:25", Stage::kConnect, absl::DeadlineExceededError("too slow")));
  outcome.hosts.push_back(HostAt("192.0.2.2:25", Stage::kConnect, absl::UnavailableError("no")));
  EXPECT_EQ(VerdictsFor(outcome).hop.error,
            "451 4.4.0 Primary target IP address responded with: \"421 4.4.1 Connection timed "
            "out.\" Attempted failover to alternate host, but that did not succeed. Either there "
            "are no alternate hosts, or delivery failed to all alternate hosts. The last endpoint "
            "attempted was 192.0.2.2:25");
}

TEST(PolicyTest, AHopErrorQuotesThePeer) {
  smtp::Outcome outcome;
  outcome.recipients.push_back(ErrorResult(Origin::kConnect, Code::kUnavailable, "4.4.1"));
  smtp::HostTried host = HostAt("192.0.2.1:25", Stage::kGreeting, absl::OkStatus());
  host.reply = MakeReply(421, "4.7.0 too many connections");
  outcome.hosts.push_back(host);
  EXPECT_THAT(VerdictsFor(outcome).hop.error, HasSubstr("\"421 4.7.0 too many connections.\""));
}

TEST(PolicyTest, ADnsErrorSaysSo) {
  smtp::Outcome outcome;
  outcome.recipients.push_back(ErrorResult(Origin::kDns, Code::kUnavailable, "4.4.3"));
  EXPECT_THAT(VerdictsFor(outcome).hop.error, ::testing::StartsWith("451 4.4.0 DNS query failed"));
}

TEST(PolicyTest, WhatIsNotSecureEnoughHasItsOwnCode) {
  const std::pair<std::string, std::string> rows[] = {
      {"4.7.5", "454 4.7.5 why"}, {"4.7.8", "454 4.7.8 why"}, {"", "454 4.7.5 why"}};
  for (const auto& [enhanced, shown] : rows) {
    smtp::Outcome outcome;
    outcome.recipients.push_back(
        ErrorResult(Origin::kTlsPolicy, Code::kFailedPrecondition, enhanced));
    outcome.recipients[0].error = absl::FailedPreconditionError("why");
    const Verdicts verdicts = VerdictsFor(outcome);
    EXPECT_EQ(verdicts.hop.error, shown);
    EXPECT_EQ(verdicts.recipients[0].error, shown);
    EXPECT_EQ(verdicts.recipients[0].kind, Kind::kRetry);
  }
}

TEST(PolicyTest, AnAddressOfOursThatIsWrongIsSaid) {
  smtp::Outcome outcome;
  outcome.recipients.push_back(ErrorResult(Origin::kConnect, Code::kFailedPrecondition, "4.4.1"));
  outcome.hosts.push_back(HostAt("192.0.2.1:25", Stage::kConnect,
                                 absl::FailedPreconditionError("source address is not of us")));
  EXPECT_THAT(VerdictsFor(outcome).hop.error,
              HasSubstr("\"421 4.2.1 Unable to connect: source address is not of us.\""));
}

TEST(PolicyTest, VerdictsHaveTheirNames) {
  EXPECT_EQ(NameOf(Kind::kDone), "done");
  EXPECT_EQ(NameOf(Kind::kRetry), "retry");
  EXPECT_EQ(NameOf(Kind::kReturn), "return");
}

}  // namespace
}  // namespace postern::settle
