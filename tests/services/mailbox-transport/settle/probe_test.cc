#include "services/mailbox-transport/settle/probe.h"

#include "gmock/gmock.h"

namespace postern::settle {
namespace {

using ::testing::HasSubstr;

TEST(SettleProbeTest, VerdictsAndDsnsAreCountedByKind) {
  observe::Registry registry;
  Probe probe(registry);
  probe.Judged(Verdict::Kind::kReturn);
  probe.Sent(DsnKind::kDelayed);
  const std::string text = registry.Text();
  EXPECT_THAT(text, HasSubstr("postern_settle_verdicts_total{verdict=\"return\"} 1"));
  EXPECT_THAT(text, HasSubstr("postern_settle_verdicts_total{verdict=\"done\"} 0"));
  EXPECT_THAT(text, HasSubstr("postern_settle_dsn_total{kind=\"delayed\"} 1"));
}

}  // namespace
}  // namespace postern::settle
