#include "services/mailbox-transport/pipeline/tracking_fields.h"

#include "gtest/gtest.h"

#include "common/base/text.h"

namespace postern::pipeline {
namespace {

TEST(TrackingFields, NamesStandAtThePlacesOfTheirFields) {
  const auto names = base::Split(kTrackingFieldNames, ',');
  ASSERT_EQ(names.size(), kTrackingFields);
  const auto at = [&](TrackingField field) { return names[static_cast<std::size_t>(field)]; };
  EXPECT_EQ(at(TrackingField::kDateTime), "date-time");
  EXPECT_EQ(at(TrackingField::kEventId), "event-id");
  EXPECT_EQ(at(TrackingField::kRecipientStatus), "recipient-status");
  EXPECT_EQ(at(TrackingField::kMessageInfo), "message-info");
  EXPECT_EQ(at(TrackingField::kCustomData), "custom-data");
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
