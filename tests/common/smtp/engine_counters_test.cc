#include "common/smtp/engine_counters.h"

#include <gtest/gtest.h>

namespace postern::smtp {
namespace {

TEST(EngineCountersTest, ReadingsFollowTheCounts) {
  EngineCounters counters;
  observe::Registry registry;
  AddReadings(registry, "postern_deliver", counters);
  counters.connections.Add(3);
  counters.tls_fallbacks.Add();
  const std::string text = registry.Text();
  EXPECT_NE(text.find("postern_deliver_connections_total 3"), std::string::npos) << text;
  EXPECT_NE(text.find("postern_deliver_tls_fallbacks_total 1"), std::string::npos) << text;
}

}  // namespace
}  // namespace postern::smtp
