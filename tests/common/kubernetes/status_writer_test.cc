#include "common/kubernetes/status_writer.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/kubernetes/probe.h"
#include "tests/support/kubernetes/api_server.h"

namespace postern::kubernetes {
namespace {

using testing::KubernetesObject;

class StatusWriterTest : public ::testing::Test {
 protected:
  StatusWriterTest() : settings_(api_.settings()), access_(*Access::Make(settings_)) {
    settings_.status_interval.value = absl::Milliseconds(20);
    settings_.lease_duration.value = absl::Seconds(1);
    directory_.quiet_time.value = absl::Milliseconds(5);
    api_.Put("sites", KubernetesObject("Site", "main", "{}"));
    api_.Put("transportservers",
             KubernetesObject("TransportServer", "mbx-0", R"({"site":"main"})"));
    source_ = std::make_unique<KubernetesSource>(directory_, settings_, access_);
    EXPECT_TRUE(source_->Start(nullptr).ok());
  }

  std::unique_ptr<StatusWriter> Writer(const std::string& server) {
    auto writer =
        std::make_unique<StatusWriter>(settings_, access_, *source_, server,
                                       [](const connector::SendConnector&,
                                          const directory::Snapshot&) { return v1::Condition(); });
    writer->Start();
    return writer;
  }

  void Renew(const std::string& server, absl::Time now) {
    Json lease = LeaseJson("postern-" + server, server, absl::Seconds(1), now);
    SetText(lease, {"metadata", "labels", kServerLabel}, server);
    api_.Put("leases", lease);
  }

  std::string ReasonOf(std::string_view plural, const std::string& name) const {
    const auto object = api_.Get(plural, name);
    const Json* const conditions = object ? Find(*object, {"status", "conditions"}) : nullptr;
    return conditions == nullptr ? "" : TextAt(conditions->list_value().values(0), {"reason"});
  }

  bool Comes(std::string_view plural, const std::string& name, std::string_view reason) const {
    return api_.Await([&] { return ReasonOf(plural, name) == reason; });
  }

  testing::ApiServer api_;
  KubernetesSettings settings_;
  directory::DirectorySettings directory_;
  const Access access_;
  std::unique_ptr<KubernetesSource> source_;
};

TEST_F(StatusWriterTest, ConditionsAreWrittenAndFollowWhatChanges) {
  const auto writer = Writer("mbx-0");
  EXPECT_TRUE(Comes("sites", "main", "InForce"));
  EXPECT_TRUE(Comes("transportservers", "mbx-0", "NoLease"));
  EXPECT_TRUE(api_.Await([&] { return writer->holds(); }));
  Renew("mbx-0", absl::Now());
  EXPECT_TRUE(Comes("transportservers", "mbx-0", "Ready"));
  // It is not renewed any more.
  EXPECT_TRUE(Comes("transportservers", "mbx-0", "NoLease"));
  api_.Put("sites", KubernetesObject("Site", "bad", R"({"frontEnds":["nowhere"]})"));
  EXPECT_TRUE(Comes("sites", "bad", "Invalid"));
}

TEST_F(StatusWriterTest, WhatIsAsItShouldBeIsNotWrittenAgain) {
  const auto writer = Writer("mbx-0");
  ASSERT_TRUE(Comes("transportservers", "mbx-0", "NoLease"));
  absl::SleepFor(absl::Milliseconds(200));
  const std::uint64_t before = writer->written();
  absl::SleepFor(absl::Milliseconds(300));
  EXPECT_EQ(writer->written(), before);
  EXPECT_LE(before, 4u);
}

TEST_F(StatusWriterTest, OfTwoWritersOneWritesAndTheOtherTakesOver) {
  auto first = Writer("mbx-0");
  ASSERT_TRUE(api_.Await([&] { return first->holds(); }));
  const auto second = Writer("mbx-1");
  ASSERT_TRUE(Comes("sites", "main", "InForce"));
  EXPECT_FALSE(second->holds());
  EXPECT_EQ(second->written(), 0u);
  first.reset();
  EXPECT_TRUE(api_.Await([&] { return second->holds(); }));
}

TEST_F(StatusWriterTest, AStopDoesNotWaitForAServerThatNeverAnswers) {
  const auto writer = Writer("mbx-0");
  ASSERT_TRUE(Comes("sites", "main", "InForce"));
  api_.Stalls();
  absl::SleepFor(absl::Milliseconds(50));
  const absl::Time began = absl::Now();
  writer->Stop();
  EXPECT_LT(absl::Now() - began, absl::Seconds(5));
}

TEST_F(StatusWriterTest, TheMetricsSayWhoWrites) {
  observe::Registry registry;
  const auto writer = Writer("mbx-0");
  AddReadings(registry, nullptr, writer.get());
  EXPECT_TRUE(api_.Await([&] {
    return registry.Text().find("postern_directory_status_holder 1") != std::string::npos;
  }));
}

}  // namespace
}  // namespace postern::kubernetes
