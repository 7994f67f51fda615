#include "services/mailbox-transport/pipeline/tracking_fields.h"

#include "gtest/gtest.h"

namespace postern::pipeline {
namespace {

TEST(TrackingFields, ThereAreAsManyAsExchangeHas) {
  EXPECT_EQ(kTrackingFields, 27u);
}

TEST(TrackingFields, WhatIsWrittenIsAmongExchangesWords) {
  for (const TrackingEvent event :
       {TrackingEvent::kReceive, TrackingEvent::kSend, TrackingEvent::kDefer, TrackingEvent::kFail,
        TrackingEvent::kDsn, TrackingEvent::kResubmit}) {
    EXPECT_TRUE(IsTrackingEvent(NameOf(event))) << NameOf(event);
  }
  for (const TrackingSource source :
       {TrackingSource::kSmtp, TrackingSource::kGateway, TrackingSource::kDns, TrackingSource::kDsn,
        TrackingSource::kQueue, TrackingSource::kRouting}) {
    EXPECT_TRUE(IsTrackingSource(NameOf(source))) << NameOf(source);
  }
  EXPECT_TRUE(IsTrackingEvent("poisonMessage"));
  EXPECT_FALSE(IsTrackingEvent("SENT"));
  EXPECT_FALSE(IsTrackingSource(""));
}

}  // namespace
}  // namespace postern::pipeline
