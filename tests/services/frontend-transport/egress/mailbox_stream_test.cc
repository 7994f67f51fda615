#include "services/frontend-transport/egress/mailbox_stream.h"

#include <thread>

#include "common/base/text.h"
#include "common/smtp/wire.h"
#include "services/frontend-transport/egress/egress.h"
#include "tests/support/await.h"
#include "tests/support/engine_fixture.h"
#include "tests/support/memory_frames.h"

namespace postern::egress {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// The mailbox side: remembers credit, outcomes and what was asked of it.
class Caller final : public rpc::ToFrontEnd::Handler {
 public:
  void OnFrame(v1::ProxyToMailbox frame) override {
    if (frame.has_credit()) credit = frame.credit().slots();
    if (frame.has_go_away()) told_to_leave = true;
    for (const v1::Ready& ready : frame.ready())
      rounds.push_back(ready.round());
    for (const v1::Ask& ask : frame.asks())
      asks.push_back(ask);
    for (const v1::DeliveryOutcome& outcome : frame.outcomes())
      outcomes.emplace_back(outcome.delivery(), outcome.outcome());
  }

  void OnClosed(absl::Status) override { closed = true; }

  std::uint32_t credit = 0;
  bool told_to_leave = false;
  bool closed = false;
  std::vector<std::uint32_t> rounds;
  std::vector<v1::Ask> asks;
  std::vector<std::pair<std::uint64_t, v1::Outcome>> outcomes;
};

class MailboxStreamTest : public testing::EngineFixture {
 protected:
  MailboxStreamTest() {
    settings_.slots_per_stream_max.value = 4;
    executor_.Run([this] {
      engine_ = std::make_unique<smtp::Engine>(
          smtp::Engine::Parts{executor_, dialer_, resolver_, *tls_, "fe.test", limits_});
      egress_ = std::make_unique<Egress>(executor_, *engine_, settings_, probe_, 4);
      auto* handler = egress_->Open(frames_.front_end(), "mbx-0");
      frames_.Connect(caller_, *handler);
      to_front_end_ = frames_.mailbox_end();
    });
  }

  ~MailboxStreamTest() override {
    if (egress_ == nullptr) return;
    io::RunTask(executor_, egress_->Drain(absl::ZeroDuration()));
    executor_.Run([this] { egress_.reset(); });
  }

  void Offer(std::uint64_t number,
             std::string body,
             std::uint64_t size = 0,
             const std::optional<std::string>& mx_set = std::nullopt) {
    smtp::Delivery delivery = delivery_;
    mail::Recipient bob;
    bob.address = "bob@example.test";
    delivery.envelope.recipients = {bob};
    delivery.size = size == 0 ? body.size() : size;
    v1::ProxyToFrontEnd frame;
    smtp::ToWire(delivery, *frame.add_offers());
    frame.mutable_offers(0)->set_delivery(number);
    frame.mutable_offers(0)->set_first(std::move(body));
    if (mx_set.has_value()) frame.mutable_offers(0)->set_mx_set(*mx_set);
    Send(frame);
  }

  // One whose caller may be asked; `mx_set`: in which it has a place.
  void OfferOf(std::uint64_t number, const std::string& mx_set) {
    Offer(number, "Subject: x\r\n\r\nhello\r\n", 0, mx_set);
  }

  void Admit(std::uint64_t number, bool admitted) {
    v1::ProxyToFrontEnd frame;
    frame.add_admissions()->set_delivery(number);
    frame.mutable_admissions(0)->set_admitted(admitted);
    Send(frame);
  }

  bool Asked(std::size_t count) {
    return Soon([this, count] { return caller_.asks.size() >= count; });
  }

  const v1::RecipientResult& ResultOf(std::size_t outcome) {
    return caller_.outcomes[outcome].second.recipients(0);
  }

  void Send(const v1::ProxyToFrontEnd& frame) {
    executor_.Run([&] { to_front_end_->Send(frame); });
  }

  void Cancel(std::uint64_t number) {
    v1::ProxyToFrontEnd frame;
    frame.add_cancels()->set_delivery(number);
    Send(frame);
  }

  bool Soon(const std::function<bool()>& holds) { return testing::Soon(executor_, holds); }

  static io::Task<void> DrainFor(Egress* egress, absl::Duration within) {
    co_await egress->Drain(within);
  }

  bool Answered(std::size_t count) {
    return Soon([this, count] { return caller_.outcomes.size() >= count; });
  }

  EgressSettings settings_;
  observe::Registry registry_;
  Probe probe_{registry_, "main"};
  testing::MemoryFrames frames_{executor_};
  Caller caller_;
  std::unique_ptr<Egress> egress_;
  std::shared_ptr<rpc::ToFrontEnd> to_front_end_;
};

TEST_F(MailboxStreamTest, OfferIsDeliveredAndAnswered) {
  Peer("192.0.2.1");
  Offer(1, "Subject: x\r\n\r\nhello\r\n");
  ASSERT_TRUE(Answered(1));
  EXPECT_EQ(caller_.credit, 4u);
  EXPECT_EQ(caller_.outcomes[0].second.recipients(0).reply().code(), 250u);
  EXPECT_THAT(Peer("192.0.2.1").mails(), SizeIs(1));
}

TEST_F(MailboxStreamTest, OffersBeyondTheCreditAreRefused) {
  Peer("192.0.2.1").Stalls("MAIL");
  for (std::uint64_t number = 1; number <= 5; ++number)
    Offer(number, "Subject: x\r\n\r\nhello\r\n");
  ASSERT_TRUE(Answered(1));
  EXPECT_EQ(caller_.outcomes[0].first, 5u);
  const v1::RecipientResult& result = caller_.outcomes[0].second.recipients(0);
  EXPECT_EQ(result.origin(), v1::ORIGIN_FRONT_END);
  EXPECT_THAT(result.error().message(), HasSubstr("more than 4 deliveries"));
}

TEST_F(MailboxStreamTest, OfferThatContradictsItselfIsRefused) {
  Offer(1, "longer than it says", 3);
  ASSERT_TRUE(Answered(1));
  EXPECT_EQ(caller_.outcomes[0].second.recipients(0).origin(), v1::ORIGIN_FRONT_END);
}

TEST_F(MailboxStreamTest, EveryOfferHasOneOutcomeAlsoAfterCancel) {
  Peer("192.0.2.1");
  Offer(1, "Sub", 100'000);
  ASSERT_TRUE(Soon([this] { return caller_.rounds.size() == 1; }));
  Cancel(1);
  ASSERT_TRUE(Answered(1));
  Cancel(1);
  Offer(2, "Subject: x\r\n\r\nhello\r\n");
  ASSERT_TRUE(Answered(2));
  EXPECT_THAT(caller_.outcomes, SizeIs(2));
  EXPECT_NE(caller_.outcomes[0].second.recipients(0).reply().code(), 250u);
  EXPECT_THAT(Peer("192.0.2.1").mails(), SizeIs(1)) << "the cancelled one got no dot";
}

TEST_F(MailboxStreamTest, CallerIsAskedBeforeTheFirstConnectionToAnMxSetItDidNotName) {
  Peer("192.0.2.1");
  OfferOf(1, "");
  ASSERT_TRUE(Asked(1));
  EXPECT_EQ(caller_.asks[0].delivery(), 1u);
  EXPECT_EQ(caller_.asks[0].mx_set(), "1 mx1.test");
  EXPECT_EQ(Peer("192.0.2.1").connections(), 0);
  Admit(1, true);
  ASSERT_TRUE(Answered(1));
  EXPECT_EQ(ResultOf(0).reply().code(), 250u);
}

TEST_F(MailboxStreamTest, CallerIsNotAskedAboutTheMxSetThatItNamedNorWhenItNamesNone) {
  Peer("192.0.2.1");
  OfferOf(1, "1 mx1.test");
  ASSERT_TRUE(Answered(1));
  Offer(2, "Subject: x\r\n\r\nhello\r\n");
  ASSERT_TRUE(Answered(2));
  EXPECT_THAT(caller_.asks, IsEmpty());
  EXPECT_THAT(Peer("192.0.2.1").mails(), SizeIs(2));
}

TEST_F(MailboxStreamTest, WhatItsCallerDoesNotAdmitIsNotTriedAndAnsweredAllTheSame) {
  Peer("192.0.2.1");
  OfferOf(1, "");
  OfferOf(2, "");
  ASSERT_TRUE(Asked(2));
  Admit(1, false);
  ASSERT_TRUE(Answered(1));
  Cancel(2);
  ASSERT_TRUE(Answered(2));
  for (const std::size_t outcome : {0u, 1u}) {
    EXPECT_EQ(ResultOf(outcome).origin(), v1::ORIGIN_FRONT_END);
    EXPECT_THAT(ResultOf(outcome).error().message(), HasSubstr("not admitted"));
  }
  EXPECT_EQ(Peer("192.0.2.1").connections(), 0);
  EXPECT_EQ(egress_->deliveries_open(), 0u);
  EXPECT_THAT(registry_.Text(), HasSubstr("postern_egress_deliveries_open{site=\"main\"} 0"));
}

TEST_F(MailboxStreamTest, StreamThatIsLostEndsWhatWaitsForItsCaller) {
  Peer("192.0.2.1");
  OfferOf(1, "");
  ASSERT_TRUE(Asked(1));
  executor_.Run([this] { frames_.Break(); });
  EXPECT_TRUE(Soon([this] { return egress_->deliveries_open() == 0 && caller_.closed; }));
  EXPECT_EQ(Peer("192.0.2.1").connections(), 0);
}

TEST_F(MailboxStreamTest, LostStreamClosesConversationsWithoutADot) {
  Peer("192.0.2.1");
  Offer(1, "Sub", 100'000);
  ASSERT_TRUE(Soon([this] { return caller_.rounds.size() == 1; }));
  executor_.Run([this] { frames_.Break(); });
  EXPECT_TRUE(Soon([this] { return egress_->deliveries_open() == 0 && caller_.closed; }));
  EXPECT_TRUE(Soon([this] { return engine_->sessions_open() == 0; }));
  EXPECT_THAT(Peer("192.0.2.1").mails(), IsEmpty());
  EXPECT_THAT(caller_.outcomes, IsEmpty());
}

TEST_F(MailboxStreamTest, GoAwayRefusesNewOffersAndWaitsForOldOnes) {
  Peer("192.0.2.1").Stalls(".", 1);
  Offer(1, "Subject: x\r\n\r\nhello\r\n");
  ASSERT_TRUE(Soon([this] { return Peer("192.0.2.1").Heard("DATA") == 1; }));
  executor_.Run([this] { scope_.Spawn(DrainFor(egress_.get(), absl::Milliseconds(50))); });
  ASSERT_TRUE(Soon([this] { return caller_.told_to_leave; }));
  Offer(2, "Subject: x\r\n\r\nhello\r\n");
  ASSERT_TRUE(Answered(1));
  EXPECT_EQ(caller_.outcomes[0].first, 2u);
  EXPECT_THAT(caller_.outcomes[0].second.recipients(0).error().message(), HasSubstr("going away"));
  EXPECT_TRUE(Soon([this] { return caller_.closed; })) << "the grace ends";
}

TEST_F(MailboxStreamTest, OfferThatCrossesGoAwayIsAnsweredThoughNothingIsLeft) {
  executor_.Run([this] { scope_.Spawn(DrainFor(egress_.get(), absl::Seconds(20))); });
  ASSERT_TRUE(Soon([this] { return caller_.told_to_leave; }));
  Offer(1, "Subject: x\r\n\r\nhello\r\n");
  ASSERT_TRUE(Answered(1));
  EXPECT_THAT(caller_.outcomes[0].second.recipients(0).error().message(), HasSubstr("going away"));
  EXPECT_FALSE(caller_.closed) << "that is for the caller to do";
  EXPECT_TRUE(Soon([this] { return caller_.closed; })) << "but not for ever";
}

TEST_F(MailboxStreamTest, DrainedStreamEndsAfterItsLastOutcome) {
  Peer("192.0.2.1");
  Offer(1, "Subject: x\r\n\r\nhello\r\n");
  executor_.Run([this] { scope_.Spawn(DrainFor(egress_.get(), absl::Seconds(20))); });
  ASSERT_TRUE(Soon([this] { return caller_.closed; }));
  EXPECT_THAT(caller_.outcomes, SizeIs(1));
}

TEST_F(MailboxStreamTest, SlotsAreDividedAmongTheStreams) {
  Caller second;
  testing::MemoryFrames more(executor_);
  executor_.Run([&] { more.Connect(second, *egress_->Open(more.front_end(), "mbx-1")); });
  EXPECT_TRUE(Soon([&] { return caller_.credit == 2 && second.credit == 2; }));
  executor_.Run([&] { more.mailbox_end()->Close(); });
  EXPECT_TRUE(Soon([&] { return caller_.credit == 4 && second.closed; }));
}

}  // namespace
}  // namespace postern::egress
