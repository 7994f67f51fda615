#include "common/rpc/proxy_client.h"

#include "gtest/gtest.h"

#include "tests/common/rpc/proxy_test_base.h"

namespace postern::rpc {
namespace {

using ProxyClientTest = ProxyTestBase;

TEST_F(ProxyClientTest, FramesGoBothWaysInOrder) {
  OpenAs("here/mailbox-transport");
  for (std::uint64_t delivery = 1; delivery <= 1000; ++delivery)
    Offer(delivery);
  ASSERT_TRUE(Soon([this] { return Offers(front_end_) == 1000; }));
  std::uint64_t expected = 0;
  for (const v1::ProxyToFrontEnd& frame : front_end_.frames()) {
    for (const v1::Offer& offer : frame.offers())
      EXPECT_EQ(offer.delivery(), ++expected);
  }
  executor_.Run([this] { to_mailbox_->Send(CreditOf(8)); });
  EXPECT_TRUE(Soon([this] { return mailbox_.frames().size() == 1; }));
}

TEST_F(ProxyClientTest, FramesOfOneTurnTravelTogether) {
  OpenAs("here/mailbox-transport");
  executor_.Run([this] {
    for (std::uint64_t delivery = 1; delivery <= 100; ++delivery)
      stream_->Send(OfferOf(delivery));
  });
  ASSERT_TRUE(Soon([this] { return Offers(front_end_) == 100; }));
  EXPECT_LE(front_end_.frames().size(), 2u);
}

TEST_F(ProxyClientTest, CloseEndsBothSidesPolitely) {
  OpenAs("here/mailbox-transport");
  Offer(1);
  ASSERT_TRUE(Arrived());
  executor_.Run([this] { stream_->Close(); });
  EXPECT_TRUE(Soon([this] { return mailbox_.closed() == 1 && front_end_.closed() == 1; }));
  EXPECT_TRUE(mailbox_.status().ok()) << mailbox_.status();
}

TEST_F(ProxyClientTest, AbortEndsAtOnce) {
  OpenAs("here/mailbox-transport");
  Offer(1);
  ASSERT_TRUE(Arrived());
  executor_.Run([this] { stream_->Abort(); });
  EXPECT_TRUE(Soon([this] { return mailbox_.closed() == 1 && front_end_.closed() == 1; }));
  EXPECT_EQ(mailbox_.status().code(), absl::StatusCode::kCancelled);
}

TEST_F(ProxyClientTest, ServerThatStopsEndsTheStream) {
  OpenAs("here/mailbox-transport");
  Offer(1);
  ASSERT_TRUE(Arrived());
  server_->Stop(absl::ZeroDuration());
  EXPECT_TRUE(Soon([this] { return mailbox_.closed() == 1 && front_end_.closed() == 1; }));
  EXPECT_FALSE(mailbox_.status().ok());
}

TEST_F(ProxyClientTest, FrontEndThatIsNotThereIsUnavailable) {
  OpenAs("here/mailbox-transport");
  server_->Stop(absl::ZeroDuration());
  ASSERT_TRUE(Soon([this] { return mailbox_.closed() == 1; }));
  executor_.Run([this] { stream_ = client_->Open(executor_, mailbox_); });
  EXPECT_TRUE(Soon([this] { return mailbox_.closed() == 2; }));
  EXPECT_FALSE(mailbox_.status().ok());
}

TEST_F(ProxyClientTest, ServerThatIsNoFrontEndIsNotBelieved) {
  Serve("here/reader");
  OpenAs("here/mailbox-transport");
  EXPECT_TRUE(Soon([this] { return mailbox_.closed() == 1; }));
  EXPECT_EQ(mailbox_.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(caller_, "");
}

TEST_F(ProxyClientTest, FrontEndOfAnotherSiteIsNotBelieved) {
  Serve("elsewhere/frontend-transport");
  OpenAs("here/mailbox-transport");
  EXPECT_TRUE(Soon([this] { return mailbox_.closed() == 1; }));
  EXPECT_EQ(mailbox_.status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace postern::rpc
