#include "services/frontend-transport/egress/probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postern::egress {
namespace {

using ::testing::HasSubstr;

TEST(EgressProbeTest, AnOfferIsOpenUntilItIsSettled) {
  observe::Registry registry;
  Probe probe(registry, "site-a");
  probe.OfferTaken();
  probe.OfferTaken();
  smtp::Outcome outcome;
  outcome.recipients.resize(1);
  outcome.recipients[0].reply = mail::Reply{451, {"later"}};
  outcome.ambiguous = true;
  probe.Settled(outcome, absl::Milliseconds(5));
  const std::string text = registry.Text();
  EXPECT_THAT(text, HasSubstr("postern_egress_deliveries_open{site=\"site-a\"} 1"));
  EXPECT_THAT(text, HasSubstr("result=\"deferred\",site=\"site-a\"} 1"));
  EXPECT_THAT(text, HasSubstr("postern_egress_ambiguous_total{site=\"site-a\"} 1"));
}

}  // namespace
}  // namespace postern::egress
