#include "common/rpc/proxy_server.h"

#include "gtest/gtest.h"

#include "tests/common/rpc/proxy_test_base.h"

namespace postern::rpc {
namespace {

using ProxyServerTest = ProxyTestBase;

TEST_F(ProxyServerTest, MailboxTransportOfTheSiteIsServed) {
  OpenAs("here/mailbox-transport");
  Offer(1);
  ASSERT_TRUE(Arrived());
  EXPECT_EQ(caller_, "spiffe://postern.local/here/mailbox-transport");
}

TEST_F(ProxyServerTest, OtherCallersNeverReachTheHandler) {
  for (const char* who :
       {"elsewhere/mailbox-transport", "here/frontend-transport", "here/reader"}) {
    const int closed = mailbox_.closed();
    OpenAs(who);
    EXPECT_TRUE(Soon([&] { return mailbox_.closed() == closed + 1; })) << who;
    EXPECT_EQ(mailbox_.status().code(), absl::StatusCode::kPermissionDenied) << who;
  }
  EXPECT_EQ(caller_, "");
  EXPECT_EQ(to_mailbox_, nullptr);
}

TEST_F(ProxyServerTest, AbortEndsTheStreamForTheCaller) {
  OpenAs("here/mailbox-transport");
  Offer(1);
  ASSERT_TRUE(Arrived());
  executor_.Run([this] { to_mailbox_->Abort(); });
  EXPECT_TRUE(Soon([this] { return mailbox_.closed() == 1 && front_end_.closed() == 1; }));
  EXPECT_EQ(mailbox_.status().code(), absl::StatusCode::kAborted);
}

TEST_F(ProxyServerTest, CloseSendsWhatWaitsFirst) {
  OpenAs("here/mailbox-transport");
  Offer(1);
  ASSERT_TRUE(Arrived());
  executor_.Run([this] {
    to_mailbox_->Send(CreditOf(8));
    to_mailbox_->Close();
  });
  EXPECT_TRUE(Soon([this] { return mailbox_.closed() == 1; }));
  EXPECT_TRUE(mailbox_.status().ok()) << mailbox_.status();
  ASSERT_EQ(mailbox_.frames().size(), 1u);
}

}  // namespace
}  // namespace postern::rpc
