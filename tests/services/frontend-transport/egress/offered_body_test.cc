#include "services/frontend-transport/egress/offered_body.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/await.h"

namespace postern::egress {
namespace {

constexpr std::size_t kPart = 64 * 1024;

class OfferedBodyTest : public ::testing::Test {
 protected:
  OfferedBodyTest() { executor_.Start(); }

  ~OfferedBodyTest() override {
    executor_.Run([this] { body_.reset(); });
    executor_.Stop();
  }

  void Offer(std::uint64_t size, std::string first, absl::Duration stall = absl::Seconds(20)) {
    body_ = std::make_unique<OfferedBody>(7, size, std::move(first), stall,
                                          [this](v1::ProxyToMailbox frame) {
                                            for (const v1::Ready& ready : frame.ready())
                                              round_ = ready.round();
                                            for (const v1::Window& window : frame.windows())
                                              opened_ += window.bytes();
                                          });
  }

  absl::Status Rewind() { return testing::Await(executor_, body_->Rewind()); }

  std::string Next() {
    auto part = testing::Await(executor_, Copied(body_.get()));
    return part.ok() ? *part : part.status().ToString();
  }

  static io::Task<absl::StatusOr<std::string>> Copied(OfferedBody* body) {
    const auto part = co_await body->Next();
    if (!part.ok()) co_return part.status();
    co_return std::string(*part);
  }

  void Add(std::string bytes, bool last, std::uint32_t round) {
    v1::Data data;
    data.set_delivery(7);
    data.set_bytes(std::move(bytes));
    data.set_last(last);
    data.set_round(round);
    executor_.Run([&] { body_->Add(std::move(data)); });
  }

  void Add(std::string bytes, bool last = false) { Add(std::move(bytes), last, round_); }

  io::Executor executor_{"body"};
  std::unique_ptr<OfferedBody> body_;
  std::uint32_t round_ = 0;
  std::uint64_t opened_ = 0;
};

TEST_F(OfferedBodyTest, TheBeginningIsThereWithoutAskingForTheContent) {
  Offer(100'000, "Subject: x\r\n\r\nbegins");
  EXPECT_TRUE(testing::Await(executor_, body_->Begin()).ok());
  EXPECT_EQ(body_->beginning(), "Subject: x\r\n\r\nbegins");
  EXPECT_EQ(body_->whole(), "");
  EXPECT_EQ(round_, 0u);
}

TEST_F(OfferedBodyTest, SmallBodyIsAtHandAsOftenAsItIsWanted) {
  Offer(5, "hello");
  EXPECT_EQ(body_->whole(), "hello");
  for (int host = 0; host < 3; ++host) {
    EXPECT_TRUE(Rewind().ok());
    EXPECT_EQ(Next(), "hello");
    EXPECT_EQ(Next(), "");
  }
  EXPECT_EQ(round_, 0u) << "nothing is asked for";
}

TEST_F(OfferedBodyTest, EmptyBodyIsAtHandToo) {
  Offer(0, "");
  EXPECT_TRUE(Rewind().ok());
  EXPECT_EQ(Next(), "");
}

TEST_F(OfferedBodyTest, LargeBodyIsAskedForInRounds) {
  Offer(10, "hel");
  EXPECT_EQ(body_->whole(), "");
  EXPECT_TRUE(Rewind().ok());
  EXPECT_EQ(round_, 1u);
  Add("01234");
  EXPECT_EQ(Next(), "01234");

  EXPECT_TRUE(Rewind().ok());
  EXPECT_EQ(round_, 2u);
  Add("56789", true, 1);  // of the host that failed
  Add("abcdefghij", true);
  EXPECT_EQ(Next(), "abcdefghij");
  EXPECT_EQ(Next(), "");
}

TEST_F(OfferedBodyTest, WindowOpensInSteps) {
  Offer(8 * kPart, "");
  EXPECT_TRUE(Rewind().ok());
  for (int i = 0; i < 4; ++i)
    Add(std::string(kPart / 2, 'x'));
  Next();
  EXPECT_EQ(opened_, 0u);
  Next();
  EXPECT_EQ(opened_, kPart);
}

TEST_F(OfferedBodyTest, MoreThanTheWindowIsABreach) {
  Offer(8 * kPart, "");
  EXPECT_TRUE(Rewind().ok());
  for (int i = 0; i < 4; ++i)
    Add(std::string(kPart, 'x'));
  EXPECT_EQ(Next().size(), kPart);
  Add(std::string(kPart, 'x'));
  EXPECT_EQ(Next().size(), kPart);
  for (int i = 0; i < 2; ++i)
    Add(std::string(kPart, 'x'));
  EXPECT_THAT(Next(), ::testing::HasSubstr("breaks its window"));
}

TEST_F(OfferedBodyTest, BodyThatIsNotAsLongAsItSaidIsABreach) {
  Offer(10, "");
  EXPECT_TRUE(Rewind().ok());
  Add("12345", /*last=*/true);
  EXPECT_THAT(Next(), ::testing::HasSubstr("its size"));

  Offer(10, "");
  EXPECT_TRUE(Rewind().ok());
  Add("12345678901");
  EXPECT_THAT(Next(), ::testing::HasSubstr("its size"));
}

TEST_F(OfferedBodyTest, BodyThatDoesNotComeStalls) {
  Offer(10, "", absl::Milliseconds(5));
  EXPECT_TRUE(Rewind().ok());
  EXPECT_THAT(Next(), ::testing::HasSubstr("stalled"));
}

TEST_F(OfferedBodyTest, CancelEndsItForEveryFurtherHost) {
  Offer(10, "");
  EXPECT_TRUE(Rewind().ok());
  Add("12345");
  executor_.Run([this] { body_->Cancel(absl::CancelledError("stream lost")); });
  EXPECT_THAT(Next(), ::testing::HasSubstr("stream lost"));
  EXPECT_TRUE(absl::IsCancelled(Rewind()));
}

}  // namespace
}  // namespace postern::egress
