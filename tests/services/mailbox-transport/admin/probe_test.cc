#include "services/mailbox-transport/admin/probe.h"

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace postern::admin {
namespace {

using ::testing::HasSubstr;

TEST(DirectoryProbeTest, ChangesAreCountedByKindAndOutcome) {
  observe::Registry registry;
  DirectoryProbe probe(registry);
  probe.Changed(directory::Kind::kSite, ChangeOutcome::kConflict);
  probe.WatcherCame();
  probe.WatcherCame();
  probe.WatcherWent();
  probe.WatcherDropped();
  const std::string text = registry.Text();
  EXPECT_THAT(text,
              HasSubstr("postern_directory_changes_total{kind=\"Site\",outcome=\"conflict\"} 1"));
  EXPECT_THAT(text, HasSubstr("postern_directory_changes_total{kind=\"Site\",outcome=\"done\"} 0"));
  EXPECT_THAT(text, HasSubstr("postern_directory_watchers 1"));
  EXPECT_THAT(text, HasSubstr("postern_directory_watchers_dropped_total 1"));
}

TEST(DirectoryProbeTest, TheSourceTellsOfItself) {
  observe::Registry registry;
  directory::DirectoryReadings readings;
  readings.stale = true;
  readings.generation = 7;
  AddReadings(registry, [&] { return readings; });
  EXPECT_THAT(registry.Text(), HasSubstr("postern_directory_writer_silence_seconds 0\n"));
  EXPECT_THAT(registry.Text(), HasSubstr("postern_directory_stale 1\n"));
  EXPECT_THAT(registry.Text(), HasSubstr("postern_directory_generation 7\n"));
  readings.writer_heard = absl::Now() - absl::Hours(1);
  EXPECT_THAT(registry.Text(), HasSubstr("postern_directory_writer_silence_seconds 36"));
  readings.writer_heard = absl::Now() + absl::Hours(1);
  EXPECT_THAT(registry.Text(), HasSubstr("postern_directory_writer_silence_seconds 0\n"))
      << "a clock that was set back makes no negative time";
}

}  // namespace
}  // namespace postern::admin
