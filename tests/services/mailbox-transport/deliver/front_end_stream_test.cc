#include "services/mailbox-transport/deliver/front_end_stream.h"

#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"
#include "common/dns/mx_set.h"
#include "common/io/scope.h"
#include "tests/services/mailbox-transport/deliver/scripted_front_end.h"
#include "tests/support/await.h"
#include "tests/support/memory_frames.h"

namespace postern::deliver {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A body that is not in memory, in parts of 256 KiB; it may break off.
class StreamedBody final : public smtp::BodySource {
 public:
  explicit StreamedBody(std::string content) : content_(std::move(content)) {}

  std::uint64_t size() const override { return content_.size(); }

  io::Task<absl::Status> Rewind() override {
    at_ = 0;
    co_return absl::OkStatus();
  }

  io::Task<absl::StatusOr<std::string_view>> Next() override {
    if (at_ >= fails_at) co_return absl::DataLossError("the chunk is damaged");
    const std::string_view part = std::string_view(content_).substr(at_, 256 * 1024);
    at_ += part.size();
    co_return part;
  }

  std::size_t fails_at = SIZE_MAX;

 private:
  std::string content_;
  std::size_t at_ = 0;
};

class FrontEndStreamTest : public ::testing::Test {
 protected:
  FrontEndStreamTest() {
    executor_.Start();
    delivery_.envelope.sender = "ann@a.test";
    mail::Recipient bob;
    bob.address = "bob@b.test";
    delivery_.envelope.recipients = {bob};
    executor_.Run([this] {
      frames_.Connect(stream_, front_end_);
      front_end_.Uses(frames_.front_end());
      stream_.Attach(frames_.mailbox_end());
      front_end_.Credit(8);
    });
    Soon([this] { return stream_.usable(); });
  }

  ~FrontEndStreamTest() override {
    executor_.Run([this] {
      frames_.Break();
      scope_.Stop();
    });
    io::RunTask(executor_, scope_.Join());
    Soon([this] { return stream_.closed(); });
    executor_.Stop();
  }

  static io::Task<void> Go(FrontEndStreamTest* test, smtp::Delivery delivery, std::string hop) {
    smtp::Outcome outcome = co_await test->stream_.Deliver(delivery, std::move(hop), *test->body_);
    test->outcomes_.push_back(std::move(outcome));
  }

  void Offer(std::string content, const std::string& hop = "Internet b.test") {
    executor_.Run([&] {
      body_ = std::make_unique<StreamedBody>(std::move(content));
      delivery_.size = body_->size();
      scope_.Spawn(Go(this, delivery_, hop));
    });
  }

  static io::Task<bool> Say(bool admitted) { co_return admitted; }

  void AdmitsIf(bool admitted) {
    delivery_.admits = [this, admitted](std::string mx_set, absl::Duration ttl) {
      asked_.push_back(base::Cat(mx_set, " for ", absl::FormatDuration(ttl)));
      return Say(admitted);
    };
  }

  void Do(std::function<void()> fn) {
    executor_.Run([&] { fn(); });
  }

  bool Soon(const std::function<bool()>& holds) { return testing::Soon(executor_, holds); }

  bool Ended() {
    return Soon([this] { return outcomes_.size() == 1; });
  }

  const smtp::RecipientResult& Result() { return outcomes_.at(0).recipients.at(0); }

  io::Executor executor_{"stream"};
  io::Scope scope_{executor_};
  testing::MemoryFrames frames_{executor_};
  ScriptedFrontEnd front_end_;
  int changes_ = 0;
  FrontEndStream stream_{"fe:7170", [this] { ++changes_; }};
  smtp::Delivery delivery_;
  std::unique_ptr<StreamedBody> body_;
  std::vector<smtp::Outcome> outcomes_;
  std::vector<std::string> asked_;
};

TEST_F(FrontEndStreamTest, SmallBodyTravelsInTheOffer) {
  Offer("hello");
  ASSERT_TRUE(Soon([this] { return front_end_.offers.size() == 1; }));
  EXPECT_EQ(front_end_.offers[0].first(), "hello");
  EXPECT_EQ(front_end_.offers[0].size(), 5u);
  Do([this] { front_end_.Answer(1, 250); });
  ASSERT_TRUE(Ended());
  EXPECT_EQ(Result().reply->code, 250);
  EXPECT_EQ(stream_.in_use(), 0u);
}

TEST_F(FrontEndStreamTest, OneHopHasAQuarterOfTheSlots) {
  Offer("one", "a");
  EXPECT_TRUE(stream_.HasSlot("a"));
  Offer("two", "a");
  EXPECT_FALSE(stream_.HasSlot("a"));
  EXPECT_TRUE(stream_.HasSlot("b"));
  Do([this] { front_end_.GoAway(); });
  EXPECT_TRUE(Soon([this] { return !stream_.HasSlot("b") && !stream_.usable(); }));
}

TEST_F(FrontEndStreamTest, StreamOfAFrontEndThatGoesAwayEndsWithItsLastDelivery) {
  Offer("one", "a");
  ASSERT_TRUE(Soon([this] { return front_end_.offers.size() == 1; }));
  Do([this] { front_end_.GoAway(); });
  ASSERT_TRUE(Soon([this] { return !stream_.usable(); }));
  EXPECT_FALSE(front_end_.closed);
  Do([this] { front_end_.Answer(1, 250); });
  ASSERT_TRUE(Ended());
  EXPECT_EQ(Result().reply->code, 250);
  EXPECT_TRUE(Soon([this] { return front_end_.closed; }));
}

TEST_F(FrontEndStreamTest, LargeBodyIsSentWhenAskedForAndWithinItsWindow) {
  Offer(std::string(1 << 20, 'x'));
  ASSERT_TRUE(Soon([this] { return front_end_.offers.size() == 1; }));
  EXPECT_EQ(front_end_.offers[0].first().size(), kOfferBodyBytesMax);
  EXPECT_THAT(front_end_.content, IsEmpty());

  Do([this] { front_end_.Ready(1, 1); });
  ASSERT_TRUE(Soon([this] { return front_end_.content[1].size() == rpc::kBodyWindowBytes; }));
  Do([this] { front_end_.Window(1, 64 * 1024); });
  ASSERT_TRUE(
      Soon([this] { return front_end_.content[1].size() == rpc::kBodyWindowBytes + 64 * 1024; }));
  EXPECT_FALSE(front_end_.ended);
  Do([this] { front_end_.Window(1, 1 << 20); });
  ASSERT_TRUE(Soon([this] { return front_end_.ended; }));
  EXPECT_EQ(front_end_.content[1].size(), 1u << 20);
}

TEST_F(FrontEndStreamTest, NewRoundStartsTheBodyAgain) {
  const std::string content = std::string(200 * 1024, 'x') + "the end";
  Offer(content);
  Do([this] { front_end_.Ready(1, 1); });
  ASSERT_TRUE(Soon([this] { return front_end_.ended; }));
  front_end_.ended = false;
  Do([this] { front_end_.Ready(1, 2); });
  ASSERT_TRUE(Soon([this] { return front_end_.ended; }));
  EXPECT_TRUE(front_end_.content[2] == content);
  Do([this] { front_end_.Answer(1, 250); });
  EXPECT_TRUE(Ended());
}

TEST_F(FrontEndStreamTest, AWindowBesideANewRoundIsOfTheRoundBefore) {
  Offer(std::string(1 << 20, 'x'));
  Do([this] { front_end_.Ready(1, 1); });
  ASSERT_TRUE(Soon([this] { return front_end_.content[1].size() == 256 * 1024; }));
  Do([this] { front_end_.Ready(1, 2, 64 * 1024); });
  ASSERT_TRUE(Soon([this] { return front_end_.content[2].size() >= 256 * 1024; }));
  Do([] {});
  EXPECT_EQ(front_end_.content[2].size(), 256u * 1024) << "no more than its window";
}

TEST_F(FrontEndStreamTest, LostStreamIsAmbiguousOnceTheBodyWasHandedOver) {
  Offer("hello");
  ASSERT_TRUE(Soon([this] { return front_end_.offers.size() == 1; }));
  Do([this] { frames_.Break(); });
  ASSERT_TRUE(Ended());
  EXPECT_EQ(Result().origin, smtp::Origin::kFrontEnd);
  EXPECT_TRUE(outcomes_[0].ambiguous);
  EXPECT_THAT(std::string(Result().error.message()), HasSubstr("fe:7170"));
}

TEST_F(FrontEndStreamTest, LostStreamIsNotAmbiguousInTheMiddleOfTheBody) {
  Offer(std::string(1 << 20, 'x'));
  Do([this] { front_end_.Ready(1, 1); });
  ASSERT_TRUE(Soon([this] { return front_end_.content[1].size() == rpc::kBodyWindowBytes; }));
  Do([this] { frames_.Break(); });
  ASSERT_TRUE(Ended());
  EXPECT_FALSE(outcomes_[0].ambiguous);
}

TEST_F(FrontEndStreamTest, SecondRoundMakesALostStreamUnambiguousAgain) {
  Offer(std::string(100 * 1024, 'x'));
  Do([this] { front_end_.Ready(1, 1); });
  ASSERT_TRUE(Soon([this] { return front_end_.ended; }));
  body_->fails_at = 0;  // nothing of the second round goes out
  Do([this] { front_end_.Ready(1, 2); });
  ASSERT_TRUE(Ended());
  EXPECT_FALSE(outcomes_[0].ambiguous);
}

TEST_F(FrontEndStreamTest, SomeOfSeveralMayHaveHadItInARoundBefore) {
  delivery_.envelope.recipients.push_back(delivery_.envelope.recipients.front());
  Offer(std::string(100 * 1024, 'x'));
  Do([this] { front_end_.Ready(1, 1); });
  ASSERT_TRUE(Soon([this] { return front_end_.ended; }));
  Do([this] {
    front_end_.Ready(1, 2);
    frames_.Break();
  });
  ASSERT_TRUE(Ended());
  EXPECT_TRUE(outcomes_[0].ambiguous);
}

TEST_F(FrontEndStreamTest, ALongHeaderGoesWithTheOffer) {
  delivery_.header_bytes = 100 * 1024;
  Offer(std::string(200 * 1024, 'x'));
  ASSERT_TRUE(Soon([this] { return front_end_.offers.size() == 1; }));
  EXPECT_EQ(front_end_.offers[0].first().size(), 100u * 1024);
  Do([this] { frames_.Break(); });
  ASSERT_TRUE(Ended());
}

TEST_F(FrontEndStreamTest, AWindowThatStaysShutIsWaitedForUntilTheDeadline) {
  delivery_.deadline = absl::Milliseconds(300) - absl::Seconds(30);  // the grace is half a minute
  Offer(std::string(1 << 20, 'x'));
  Do([this] { front_end_.Ready(1, 1); });
  ASSERT_TRUE(Ended());
  EXPECT_TRUE(absl::IsDeadlineExceeded(Result().error));
  EXPECT_EQ(Result().origin, smtp::Origin::kFrontEnd);
  EXPECT_FALSE(outcomes_[0].ambiguous);
}

TEST_F(FrontEndStreamTest, ContentThatCannotBeReadIsCancelledAndOurOwnFault) {
  Offer(std::string(1 << 20, 'x'));
  body_->fails_at = 256 * 1024;
  Do([this] { front_end_.Ready(1, 1); });
  ASSERT_TRUE(Soon([this] { return front_end_.content[1].size() == rpc::kBodyWindowBytes; }));
  Do([this] { front_end_.Window(1, 1 << 20); });
  ASSERT_TRUE(Ended());
  EXPECT_EQ(Result().origin, smtp::Origin::kLocal);
  EXPECT_TRUE(Soon([this] { return front_end_.cancelled.size() == 1; }));
}

TEST_F(FrontEndStreamTest, DeliveryWithoutAnOutcomeIsGivenUpAfterItsDeadline) {
  delivery_.deadline = absl::Milliseconds(5) - absl::Seconds(30);  // the grace is half a minute
  Offer("hello");
  ASSERT_TRUE(Ended());
  EXPECT_TRUE(absl::IsDeadlineExceeded(Result().error));
  EXPECT_TRUE(outcomes_[0].ambiguous);
  EXPECT_TRUE(Soon([this] { return front_end_.cancelled.size() == 1; }));
  Do([this] { front_end_.Answer(1, 250); });  // too late
  EXPECT_TRUE(Soon([this] { return stream_.in_use() == 0; }));
  EXPECT_THAT(outcomes_, SizeIs(1));
}

TEST_F(FrontEndStreamTest, OutcomeOfAnotherLengthIsNotBelieved) {
  Offer("hello");
  Do([this] { front_end_.Answer(1, 250, /*recipients=*/2); });
  ASSERT_TRUE(Ended());
  EXPECT_EQ(Result().origin, smtp::Origin::kFrontEnd);
  EXPECT_TRUE(outcomes_[0].ambiguous);
}

TEST_F(FrontEndStreamTest, StopEndsADeliveryThatWaitsForItsWindow) {
  Offer(std::string(1 << 20, 'x'));
  Do([this] { front_end_.Ready(1, 1); });
  ASSERT_TRUE(Soon([this] { return front_end_.content[1].size() == rpc::kBodyWindowBytes; }));
  Do([this] { scope_.Stop(); });
  ASSERT_TRUE(Ended());
  EXPECT_TRUE(absl::IsCancelled(Result().error));
  EXPECT_TRUE(Soon([this] { return front_end_.cancelled.size() == 1; }));
}

TEST_F(FrontEndStreamTest, OfferNamesTheMxSetInWhichItHasAPlace) {
  AdmitsIf(true);
  delivery_.mx_set = "10 mx.test";
  Offer("hello");
  ASSERT_TRUE(Soon([this] { return front_end_.offers.size() == 1; }));
  EXPECT_EQ(front_end_.offers[0].mx_set(), "10 mx.test");
  Do([this] { front_end_.Answer(1, 250); });
  ASSERT_TRUE(Ended());
  EXPECT_THAT(asked_, IsEmpty());
}

TEST_F(FrontEndStreamTest, WhatIsAdmittedGoesOn) {
  AdmitsIf(true);
  Offer("hello");
  Do([this] { front_end_.Ask(1, "10 mx.test", 600); });
  ASSERT_TRUE(Soon([this] { return front_end_.admitted.size() == 1; }));
  EXPECT_TRUE(front_end_.admitted[0]);
  EXPECT_THAT(asked_, ElementsAre("10 mx.test for 10m"));
  Do([this] { front_end_.Answer(1, 250); });
  ASSERT_TRUE(Ended());
  EXPECT_EQ(Result().reply->code, 250);
}

TEST_F(FrontEndStreamTest, WhatIsNotAdmittedIsPutOffAndKeepsItsSlotUntilItsOutcome) {
  AdmitsIf(false);
  Offer("hello");
  Do([this] { front_end_.Ask(1, "10 mx.test"); });
  ASSERT_TRUE(Soon([this] { return front_end_.admitted.size() == 1; }));
  EXPECT_FALSE(front_end_.admitted[0]);
  EXPECT_EQ(stream_.in_use(), 1u);
  Do([this] { front_end_.Fail(1); });
  ASSERT_TRUE(Ended());
  EXPECT_TRUE(outcomes_[0].put_off);
  EXPECT_EQ(Result().origin, smtp::Origin::kNone);
  EXPECT_EQ(stream_.in_use(), 0u);
}

TEST_F(FrontEndStreamTest, WhatIsNotAdmittedIsNotAmbiguousWhenItsStreamIsLost) {
  AdmitsIf(false);
  Offer("hello");
  Do([this] { front_end_.Ask(1, "10 mx.test"); });
  ASSERT_TRUE(Soon([this] { return front_end_.admitted.size() == 1; }));
  Do([this] { frames_.Break(); });
  ASSERT_TRUE(Ended());
  EXPECT_TRUE(outcomes_[0].put_off);
  EXPECT_FALSE(outcomes_[0].ambiguous);
}

TEST_F(FrontEndStreamTest, ANameThatIsTooLongIsOfNoSet) {
  AdmitsIf(true);
  Offer("hello");
  Do([this] { front_end_.Ask(1, std::string(dns::kMxSetNameMax + 1, 'x')); });
  ASSERT_TRUE(Soon([this] { return front_end_.admitted.size() == 1; }));
  EXPECT_THAT(asked_, ElementsAre(" for 5m"));
  Do([this] { front_end_.Answer(1, 250); });
  ASSERT_TRUE(Ended());
}

TEST_F(FrontEndStreamTest, WithoutSomebodyToAskAllIsAdmitted) {
  Offer("hello");
  ASSERT_TRUE(Soon([this] { return front_end_.offers.size() == 1; }));
  EXPECT_FALSE(front_end_.offers[0].has_mx_set());
  Do([this] { front_end_.Ask(1, "10 mx.test"); });
  ASSERT_TRUE(Soon([this] { return front_end_.admitted.size() == 1; }));
  EXPECT_TRUE(front_end_.admitted[0]);
  Do([this] { front_end_.Answer(1, 250); });
  ASSERT_TRUE(Ended());
}

TEST_F(FrontEndStreamTest, FramesForUnknownDeliveriesAreDropped) {
  Do([this] {
    front_end_.Ask(77, "10 mx.test");
    front_end_.Ready(77, 1);
    front_end_.Window(77, 1000);
    front_end_.Answer(77, 250);
  });
  Offer("hello");
  Do([this] { front_end_.Answer(1, 250); });
  EXPECT_TRUE(Ended());
}

}  // namespace
}  // namespace postern::deliver
