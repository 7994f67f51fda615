#include "services/mailbox-transport/pipeline/resource_monitor.h"

#include "gmock/gmock.h"

namespace postern::pipeline {
namespace {

using ::testing::HasSubstr;

constexpr std::uint64_t kGiB = 1ULL << 30;

class ResourceMonitorTest : public ::testing::Test {
 protected:
  ResourceMonitorTest() {
    settings_.resource_monitoring_enabled.value = false;  // the test polls
    ResourceMonitor::Sources sources;
    sources.store_path = "/store";
    sources.log_path = "/logs";
    sources.submission_length = [this] { return waiting_; };
    sources.commit_latency = [this] { return latency_; };
    sources.disk = [this](const std::string& path) -> absl::StatusOr<observe::DiskUse> {
      if (path == "/logs") return logs_;
      return store_;
    };
    sources.memory = [this] { return memory_; };
    monitor_.emplace(settings_, std::move(sources), registry_, pressure_);
  }

  bool Takes() {
    monitor_->Poll();
    return pressure_.Admit(model::Submitter::kApplication).ok();
  }

  observe::Registry registry_;
  Pressure pressure_;
  PressureSettings settings_;
  observe::DiskUse store_{100 * kGiB, 50 * kGiB};
  absl::StatusOr<observe::DiskUse> logs_{observe::DiskUse{100 * kGiB, 50 * kGiB}};
  observe::MemoryUse memory_{kGiB / 4, kGiB};
  std::size_t waiting_ = 0;
  absl::Duration latency_ = absl::ZeroDuration();
  std::optional<ResourceMonitor> monitor_;
};

TEST_F(ResourceMonitorTest, EachSpaceThatIsShortRefusesMailUntilItIsBack) {
  EXPECT_TRUE(Takes());
  store_.available = kGiB;
  EXPECT_FALSE(Takes());
  EXPECT_THAT(registry_.Text(),
              HasSubstr("postern_accept_pressure_level{resource=\"store disk\"} 1"));
  store_.available = 10 * kGiB;
  EXPECT_TRUE(Takes());
  logs_->available = 0;
  EXPECT_FALSE(Takes());
  logs_->available = 50 * kGiB;
  EXPECT_TRUE(Takes());
  memory_.used = kGiB / 100 * 76;
  EXPECT_FALSE(Takes());
  EXPECT_FALSE(pressure_.Admit(model::Submitter::kServer).ok());
  memory_.used = kGiB / 2;
  EXPECT_TRUE(Takes());
}

TEST_F(ResourceMonitorTest, TheMarksAreTold) {
  monitor_->Poll();
  const std::string text = registry_.Text();
  const auto mark = [&text](const std::string& labels) {
    const std::string name = "postern_accept_pressure_mark{" + labels + "} ";
    const std::size_t at = text.find(name);
    return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size()));
  };
  const PressureMarks disk = DiskMarks(100 * kGiB, settings_.disk_reserve->bytes);
  EXPECT_NEAR(mark(R"(level="normal",resource="store disk")"), disk.normal, 1e6);
  EXPECT_NEAR(mark(R"(level="medium",resource="store disk")"), disk.medium, 1e6);
  EXPECT_NEAR(mark(R"(level="high",resource="log disk")"), disk.high, 1e6);
  EXPECT_EQ(mark(R"(level="medium",resource="submission length")"), 4000);
}

TEST_F(ResourceMonitorTest, SlowCommitsHoldMailBack) {
  latency_ = absl::Seconds(5);
  EXPECT_TRUE(Takes());
  EXPECT_EQ(pressure_.hold(), kHoldFirst);
  latency_ = absl::ZeroDuration();
  waiting_ = 4000;
  EXPECT_TRUE(Takes());
  EXPECT_EQ(pressure_.hold(), kHoldFirst);
  waiting_ = 1999;
  EXPECT_TRUE(Takes());
  EXPECT_EQ(pressure_.hold(), absl::ZeroDuration());
}

TEST_F(ResourceMonitorTest, ADiskThatCannotBeReadKeepsItsLevel) {
  logs_ = absl::NotFoundError("gone");
  EXPECT_TRUE(Takes());
  logs_ = observe::DiskUse{100 * kGiB, 0};
  EXPECT_FALSE(Takes());
  logs_ = absl::NotFoundError("gone");
  EXPECT_FALSE(Takes());
}

TEST_F(ResourceMonitorTest, ItPollsByItself) {
  settings_.resource_monitoring_enabled.value = true;
  settings_.resource_monitoring_interval.value = absl::Milliseconds(100);
  std::atomic<int> polls{0};
  ResourceMonitor::Sources sources;
  sources.store_path = "/";
  sources.submission_length = [&] { return static_cast<std::size_t>(++polls); };
  sources.commit_latency = [] { return absl::ZeroDuration(); };
  const ResourceMonitor running(settings_, std::move(sources), registry_, pressure_);
  for (int i = 0; i < 100 && polls < 3; ++i)
    absl::SleepFor(absl::Milliseconds(50));
  EXPECT_GE(polls, 3);
}

}  // namespace
}  // namespace postern::pipeline
