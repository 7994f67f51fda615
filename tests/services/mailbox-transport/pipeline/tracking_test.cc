#include "services/mailbox-transport/pipeline/tracking.h"

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/observe/log_time.h"
#include "tests/services/mailbox-transport/pipeline/tracking_folder.h"

namespace postern::pipeline {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::SizeIs;
using Kind = settle::Verdict::Kind;

class TrackingTest : public ::testing::Test {
 protected:
  TrackingTest() {
    Open();
    message_ = std::make_shared<model::Message>();
    message_->id = {4711};
    message_->internet_message_id = "<1@a.test>";
    message_->subject = "Lunch, \"today\"";
    message_->envelope.sender = "ann@a.test";
    message_->size = 1000;
    message_->source_name = "SMTP:relay";
    message_->source_ip = "192.0.2.9";
    message_->accepted = absl::Now() - absl::Milliseconds(1500);
    hop_ = {model::DeliveryType::kDnsConnectorDelivery, "b.test", "Internet"};
  }

  void Open() { tracking_ = *Tracking::Open(settings_, "mbx-0", folder_.path()); }

  void To(const std::string& address) {
    mail::Recipient recipient;
    recipient.address = address;
    message_->envelope.recipients.push_back(recipient);
    message_->recipients.emplace_back().next_hop = hop_;
  }

  // The recipients in turn: what the attempt brought, and the verdict on it.
  void Judge(Kind kind, smtp::Origin origin, const std::string& words) {
    const auto place = static_cast<std::uint32_t>(decision_.verdicts.size());
    decision_.message = message_;
    decision_.ticket.recipients.push_back(place);
    settle::Verdict verdict;
    verdict.kind = kind;
    smtp::RecipientResult result;
    result.origin = origin;
    result.host = "mx.b.test";
    if (origin == smtp::Origin::kRemote) {
      result.reply = mail::Reply{kind == Kind::kDone ? 250 : 550, {words}};
    }
    if (kind != Kind::kDone) verdict.error = words;
    decision_.verdicts.push_back(verdict);
    decision_.results.push_back(result);
  }

  TrackedWork Work() {
    smtp::HostTried host;
    host.host = "mx.b.test";
    host.address = "[2001:db8::1]:25";
    outcome_.hosts = {host};
    return {hop_, TrackingSource::kQueue, &outcome_, "direct"};
  }

  std::vector<Row> Rows() {
    tracking_->Flush();
    return folder_.Rows(kTrackingPrefix);
  }

  TrackingFolder folder_;
  TrackingSettings settings_;
  std::unique_ptr<Tracking> tracking_;
  model::MessagePtr message_;
  model::NextHop hop_;
  settle::Decision decision_;
  smtp::Outcome outcome_;
};

TEST_F(TrackingTest, AMessageThatIsReceivedHasALineWithAllOfIt) {
  To("bob@b.test");
  To("eve@b.test");
  tracking_->Received(*message_);
  const auto rows = Rows();
  ASSERT_THAT(rows, SizeIs(1));
  const Row expected = {{"client-ip", "192.0.2.9"},
                        {"server-hostname", "mbx-0"},
                        {"connector-id", "mbx-0\\relay"},
                        {"source", "SMTP"},
                        {"event-id", "RECEIVE"},
                        {"internal-message-id", "4711"},
                        {"message-id", "<1@a.test>"},
                        {"recipient-address", "bob@b.test;eve@b.test"},
                        {"total-bytes", "1000"},
                        {"recipient-count", "2"},
                        {"message-subject", "Lunch, \"today\""},
                        {"sender-address", "ann@a.test"},
                        {"return-path", "ann@a.test"},
                        {"directionality", "Originating"},
                        {"original-client-ip", "192.0.2.9"}};
  for (const auto& [name, value] : rows[0]) {
    if (name == "date-time") continue;
    const auto want = expected.find(name);
    EXPECT_EQ(value, want == expected.end() ? "" : want->second) << name;
  }
}

TEST_F(TrackingTest, SourcesOfMailAreToldApart) {
  To("bob@b.test");
  message_->source_name = "gRPC";
  tracking_->Received(*message_);
  message_->servers = {"mbx-8", "mbx-9"};
  tracking_->Received(*message_);
  const auto rows = Rows();
  ASSERT_THAT(rows, SizeIs(2));
  EXPECT_EQ(rows[0].at("source"), "GATEWAY");
  EXPECT_EQ(rows[0].at("connector-id"), "mbx-0\\gRPC");
  EXPECT_EQ(rows[1].at("source"), "SMTP");
  EXPECT_EQ(rows[1].at("client-hostname"), "mbx-9");
  EXPECT_EQ(rows[1].at("source-context"), "relay");
  EXPECT_EQ(rows[1].at("custom-data"), "S:RelayedBy=mbx-8|mbx-9");
}

TEST_F(TrackingTest, WithoutAWayItIsDeferredByRouting) {
  To("bob@b.test");
  To("eve@nowhere.test");
  message_->recipients[1].next_hop = {model::DeliveryType::kUnreachable, "", ""};
  message_->recipients[1].last_error = "no connector";
  tracking_->Received(*message_);
  const auto rows = Rows();
  ASSERT_THAT(rows, SizeIs(2));
  EXPECT_EQ(rows[1].at("event-id"), "DEFER");
  EXPECT_EQ(rows[1].at("source"), "ROUTING");
  EXPECT_EQ(rows[1].at("recipient-address"), "eve@nowhere.test");
  EXPECT_EQ(rows[1].at("recipient-status"), "no connector");
  EXPECT_EQ(rows[1].at("client-hostname"), "mbx-0");
  EXPECT_EQ(rows[1].at("server-hostname"), "");
}

TEST_F(TrackingTest, WhatIsRoutedAgainAndStillHasNoWayIsDeferredAgain) {
  To("bob@b.test");
  To("eve@nowhere.test");
  message_->recipients[1].next_hop = model::UnreachableHop();
  tracking_->Rerouted(*message_, {{1}}, model::UnreachableHop());
  tracking_->Routed(*message_, {{0, 1}});
  const auto rows = Rows();
  ASSERT_THAT(rows, SizeIs(2));
  EXPECT_EQ(rows[0].at("event-id"), "RESUBMIT");
  EXPECT_EQ(rows[0].at("source-context"), "Unreachable");
  EXPECT_EQ(rows[1].at("event-id"), "DEFER");
  EXPECT_EQ(rows[1].at("recipient-address"), "eve@nowhere.test");
}

TEST_F(TrackingTest, RecipientsOfOneStatusShareALine) {
  for (const char* name : {"a@b.test", "b@b.test", "c@b.test", "d@b.test", "e@b.test"})
    To(name);
  Judge(Kind::kDone, smtp::Origin::kRemote, "2.0.0 as 7; thanks");
  Judge(Kind::kReturn, smtp::Origin::kRemote, "550 5.1.1 no; never");
  Judge(Kind::kDone, smtp::Origin::kRemote, "2.0.0 as 7; thanks");
  Judge(Kind::kRetry, smtp::Origin::kDns, "451 4.4.3 servfail");
  Judge(Kind::kRetry, smtp::Origin::kNone, "");
  tracking_->Judged(decision_, Work());
  const auto rows = Rows();
  ASSERT_THAT(rows, SizeIs(3)) << "who was not tried has no line";
  EXPECT_EQ(rows[0].at("event-id"), "SEND");
  EXPECT_EQ(rows[0].at("recipient-address"), "a@b.test;c@b.test");
  EXPECT_EQ(rows[0].at("recipient-status"), "250 2.0.0 as 7; thanks");
  EXPECT_EQ(rows[0].at("server-ip"), "2001:db8::1");
  EXPECT_EQ(rows[0].at("server-hostname"), "mx.b.test");
  EXPECT_EQ(rows[0].at("client-hostname"), "mbx-0");
  EXPECT_EQ(rows[0].at("connector-id"), "Internet");
  EXPECT_EQ(rows[0].at("source-context"), "DnsConnectorDelivery b.test");
  EXPECT_THAT(rows[0].at("custom-data"), MatchesRegex("S:Latency=[1-9]\\.[0-9]{3};S:Way=direct"));
  EXPECT_EQ(rows[0].at("message-info"), observe::LogTime(message_->accepted));
  EXPECT_EQ(rows[1].at("event-id"), "DEFER");
  EXPECT_EQ(rows[1].at("source"), "DNS");
  EXPECT_EQ(rows[2].at("event-id"), "FAIL");
  EXPECT_EQ(rows[2].at("recipient-status"), "550 5.1.1 no; never");
}

TEST_F(TrackingTest, ManyRecipientsAreSplitOverLines) {
  for (std::size_t i = 0; i < kRecipientsPerLine + 1; ++i)
    To(base::Cat("r", i, "@b.test"));
  tracking_->Received(*message_);
  const auto rows = Rows();
  ASSERT_THAT(rows, SizeIs(2));
  EXPECT_EQ(rows[0].at("recipient-count"), base::Cat(kRecipientsPerLine));
  EXPECT_EQ(rows[1].at("recipient-address"), base::Cat("r", kRecipientsPerLine, "@b.test"));
}

TEST_F(TrackingTest, ADsnRefersToWhatItIsAbout) {
  To("bob@b.test");
  Judge(Kind::kReturn, smtp::Origin::kRemote, "550 5.1.1 no");
  decision_.reports.push_back({settle::DsnKind::kFailed, {0}});
  const auto notice = std::make_shared<model::Message>();
  notice->id = {4712};
  notice->internet_message_id = "<dsn@mbx.test>";
  mail::Recipient to;
  to.address = "ann@a.test";
  notice->envelope.recipients.push_back(to);
  notice->recipients.resize(1);
  tracking_->Reported(*message_, Tracking::ReportsOf(decision_), {notice});
  const auto rows = Rows();
  ASSERT_THAT(rows, SizeIs(1));
  EXPECT_EQ(rows[0].at("source"), "DSN");
  EXPECT_EQ(rows[0].at("event-id"), "DSN");
  EXPECT_EQ(rows[0].at("internal-message-id"), "4712");
  EXPECT_EQ(rows[0].at("reference"), "<1@a.test>");
  EXPECT_EQ(rows[0].at("related-recipient-address"), "bob@b.test");
  EXPECT_EQ(rows[0].at("recipient-address"), "ann@a.test");
  EXPECT_EQ(rows[0].at("return-path"), "<>");
}

TEST_F(TrackingTest, WhatIsRoutedAgainIsResubmitted) {
  To("bob@b.test");
  To("eve@b.test");
  const std::vector<std::uint32_t> second = {1};
  tracking_->Rerouted(*message_, second, hop_);
  const auto rows = Rows();
  ASSERT_THAT(rows, SizeIs(1));
  EXPECT_EQ(rows[0].at("event-id"), "RESUBMIT");
  EXPECT_EQ(rows[0].at("recipient-address"), "eve@b.test");
  EXPECT_EQ(rows[0].at("connector-id"), "Internet");
}

TEST_F(TrackingTest, SubjectsMayBeLeftOutAndStrangersCannotBreakALine) {
  settings_.subject_logging_enabled.value = false;
  Open();
  To("bob@b.test");
  message_->internet_message_id = base::Cat("<a\r\n,\"b\xff", std::string(5000, 'x'));
  tracking_->Received(*message_);
  const auto rows = Rows();
  ASSERT_THAT(rows, SizeIs(1));
  EXPECT_EQ(rows[0].count("damaged"), 0u);
  EXPECT_EQ(rows[0].at("message-subject"), "");
  EXPECT_THAT(rows[0].at("message-id"), HasSubstr("<a  ,\"b?xxx"));
  EXPECT_EQ(rows[0].at("message-id").size(), kTrackedBytesMax);
}

TEST_F(TrackingTest, ALogThatIsOffIsNull) {
  settings_.enabled.value = false;
  EXPECT_EQ(*Tracking::Open(settings_, "mbx-0", folder_.path()), nullptr);
}

}  // namespace
}  // namespace postern::pipeline
