#include "common/directory/remote_source.h"

#include <atomic>
#include <filesystem>
#include <functional>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <unistd.h>

#include "tests/common/directory/small_snapshot.h"

namespace postern::directory {
namespace {

using ::testing::HasSubstr;
using testing::WithServer;

// A keeper that tells what `script` says, and nothing afterwards.
class ScriptedSource final : public RemoteSource {
 public:
  using Script = std::function<void(ScriptedSource& source)>;

  ScriptedSource(const std::string& file, absl::Duration wait, Script script)
      : RemoteSource({.name = "its keeper",
                      .field = "keeper",
                      .address = "keeper.test:1",
                      .wait = wait,
                      .wait_with_copy = absl::Milliseconds(20),
                      .advice = ": start the keeper"},
                     DiskCopy(file, "the keeper", absl::ZeroDuration())),
        script_(std::move(script)) {}

  ~ScriptedSource() override { Stop(); }

  void Tell(SnapshotPtr snapshot) { Publish(std::move(snapshot)); }

  void Fail(const std::string& error) {
    const std::lock_guard lock(mutex_);
    readings_.last_error = error;
  }

  std::string copy;  // the server in the copy that was taken
  std::atomic<int> interrupts = 0;

 private:
  void TakeCopy(const SnapshotPtr& taken) override { copy = taken->servers().front().name; }

  void Run() override {
    script_(*this);
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return stopping_; });
  }

  void Interrupt() override { ++interrupts; }

  const Script script_;
};

class RemoteSourceTest : public ::testing::Test {
 protected:
  ~RemoteSourceTest() override { std::filesystem::remove(file_); }

  void WriteCopy(const std::string& server) {
    DiskCopy copy(file_, "the keeper", absl::ZeroDuration());
    copy.Keep(WithServer(server));
    copy.Write();
  }

  const std::string file_ =
      ::testing::TempDir() + "postern-remote-source-" + std::to_string(getpid()) + ".cache";
};

TEST_F(RemoteSourceTest, TheStartTakesTheFirstSnapshotAndTellsOfThoseBehindIt) {
  ScriptedSource source(file_, absl::Seconds(30), [](ScriptedSource& told) {
    absl::SleepFor(absl::Milliseconds(10));
    told.Tell(WithServer("mbx-0"));
  });
  std::vector<std::string> changes;
  ASSERT_TRUE(
      source.Start([&](SnapshotPtr now) { changes.push_back(now->servers().front().name); }).ok());
  EXPECT_EQ(source.current()->servers().front().name, "mbx-0");
  EXPECT_EQ(source.readings().generation, 1u);
  EXPECT_THAT(changes, ::testing::IsEmpty());
  source.Tell(WithServer("mbx-1"));
  EXPECT_THAT(changes, ::testing::ElementsAre("mbx-1"));
  EXPECT_EQ(source.readings().generation, 2u);
}

TEST_F(RemoteSourceTest, WithoutTheKeeperItStartsFromTheCopyMarkedStale) {
  WriteCopy("mbx-7");
  ScriptedSource source(file_, absl::Seconds(30), [](ScriptedSource&) {});
  const absl::Time before = absl::Now();
  ASSERT_TRUE(source.Start([](SnapshotPtr) {}).ok());
  EXPECT_LT(absl::Now() - before, absl::Seconds(10));
  EXPECT_EQ(source.copy, "mbx-7");
  EXPECT_EQ(source.current()->servers().front().name, "mbx-7");
  EXPECT_TRUE(source.readings().stale);
  EXPECT_GE(source.readings().stale_since, before);
}

TEST_F(RemoteSourceTest, WithNeitherItSaysWhyAndWhatToDo) {
  ScriptedSource source(file_, absl::Milliseconds(50),
                        [](ScriptedSource& told) { told.Fail("it is asleep"); });
  const absl::Status status = source.Start([](SnapshotPtr) {});
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.message(),
              HasSubstr("there is no directory: its keeper keeper.test:1: it is asleep; and no "
                        "copy: "));
  EXPECT_THAT(status.message(), HasSubstr(": start the keeper"));
  EXPECT_EQ(source.interrupts, 1);
}

TEST_F(RemoteSourceTest, AStopInterruptsTheThread) {
  ScriptedSource source(file_, absl::Seconds(30),
                        [](ScriptedSource& told) { told.Tell(WithServer("mbx-0")); });
  ASSERT_TRUE(source.Start([](SnapshotPtr) {}).ok());
  source.Stop();
  EXPECT_EQ(source.interrupts, 1);
}

}  // namespace
}  // namespace postern::directory
