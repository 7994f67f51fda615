#include "services/mailbox-transport/deliver/probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postern::deliver {
namespace {

using ::testing::HasSubstr;

TEST(DeliverProbeTest, ResultsAreCountedByConnectorAndWay) {
  observe::Registry registry;
  Probe probe(registry, "site-a");
  smtp::Outcome outcome;
  outcome.recipients.resize(3);
  outcome.recipients[0].reply = mail::Reply{250, {"ok"}};
  outcome.recipients[1].reply = mail::Reply{550, {"no"}};
  outcome.recipients[2].error = absl::UnavailableError("gone");
  outcome.bytes_sent = 77;
  probe.Attempted("Contoso", Way::kProxy, outcome, absl::Seconds(1));
  const std::string text = registry.Text();
  for (const char* result : {"delivered", "refused", "failed"}) {
    EXPECT_THAT(text, HasSubstr("postern_deliver_recipients_total{connector=\"Contoso\",result=\"" +
                                std::string(result) + "\",site=\"site-a\",way=\"proxy\"} 1"));
  }
  EXPECT_THAT(text, HasSubstr("way=\"proxy\"} 77"));
  probe.Attempted("site/hub", Way::kRelay, outcome, absl::Seconds(1));
  EXPECT_THAT(registry.Text(), HasSubstr("postern_deliver_attempts_total{connector=\"site/hub\","
                                         "site=\"site-a\",way=\"relay\"} 1"));
}

TEST(DeliverProbeTest, FrontEndsOfAllThreadsAreAddedUp) {
  observe::Registry registry;
  Probe probe(registry, "site-a");
  Probe other(registry, "site-a");
  probe.FrontEnds(2, 2);
  other.FrontEnds(2, 1);
  EXPECT_THAT(registry.Text(), HasSubstr("postern_deliver_front_ends{site=\"site-a\"} 4"));
  EXPECT_THAT(registry.Text(), HasSubstr("postern_deliver_front_ends_usable{site=\"site-a\"} 3"));
  probe.FrontEnds(1, 0);
  EXPECT_THAT(registry.Text(), HasSubstr("postern_deliver_front_ends{site=\"site-a\"} 3"));
  EXPECT_THAT(registry.Text(), HasSubstr("postern_deliver_front_ends_usable{site=\"site-a\"} 1"));
}

TEST(DeliverProbeTest, DoublesAreCountedByReason) {
  observe::Registry registry;
  Probe probe(registry, "site-a");
  probe.Ambiguous(AmbiguousReason::kConnectionLost);
  EXPECT_THAT(registry.Text(),
              HasSubstr("postern_deliver_ambiguous_total{reason=\"connection-lost\"} 1"));
  EXPECT_THAT(registry.Text(), HasSubstr("postern_deliver_ambiguous_total{reason=\"restart\"} 0"));
}

}  // namespace
}  // namespace postern::deliver
