#include "common/rpc/frame_stream.h"

#include "gtest/gtest.h"

namespace postern::rpc {
namespace {

TEST(Merge, OffersDataAndCancelsKeepTheirOrder) {
  v1::ProxyToFrontEnd first;
  first.add_offers()->set_delivery(1);
  first.add_data()->set_delivery(7);
  v1::ProxyToFrontEnd second;
  second.add_offers()->set_delivery(2);
  second.add_data()->set_bytes("xyz");
  second.add_cancels()->set_delivery(3);
  second.add_admissions()->set_delivery(4);
  v1::ProxyToFrontEnd into;
  Merge(first, into);
  Merge(second, into);
  ASSERT_EQ(into.offers_size(), 2);
  EXPECT_EQ(into.offers(0).delivery(), 1u);
  EXPECT_EQ(into.offers(1).delivery(), 2u);
  ASSERT_EQ(into.data_size(), 2);
  EXPECT_EQ(into.data(1).bytes(), "xyz");
  ASSERT_EQ(into.cancels_size(), 1);
  ASSERT_EQ(into.admissions_size(), 1);
  EXPECT_EQ(into.admissions(0).delivery(), 4u);
}

TEST(Merge, LaterCreditReplacesTheEarlier) {
  v1::ProxyToMailbox first;
  first.mutable_credit()->set_slots(8);
  first.add_ready()->set_delivery(1);
  v1::ProxyToMailbox second;
  second.mutable_credit()->set_slots(16);
  second.add_windows()->set_bytes(4096);
  second.add_outcomes();
  second.add_destinations();
  second.add_asks();
  second.mutable_go_away();
  v1::ProxyToMailbox into;
  Merge(first, into);
  Merge(second, into);
  EXPECT_EQ(into.credit().slots(), 16u);
  EXPECT_EQ(into.ready_size(), 1);
  EXPECT_EQ(into.windows_size(), 1);
  EXPECT_EQ(into.outcomes_size(), 1);
  EXPECT_EQ(into.destinations_size(), 1);
  EXPECT_EQ(into.asks_size(), 1);
  EXPECT_TRUE(into.has_go_away());
}

TEST(Merge, FrameWithoutCreditKeepsWhatWasSaid) {
  v1::ProxyToMailbox into;
  into.mutable_credit()->set_slots(8);
  v1::ProxyToMailbox nothing;
  Merge(nothing, into);
  EXPECT_EQ(into.credit().slots(), 8u);
}

}  // namespace
}  // namespace postern::rpc
