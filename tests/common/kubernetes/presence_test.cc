#include "common/kubernetes/presence.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/kubernetes/json.h"
#include "common/kubernetes/lease.h"
#include "tests/support/kubernetes/api_server.h"

namespace postern::kubernetes {
namespace {

using testing::KubernetesObject;

class PresenceTest : public ::testing::Test {
 protected:
  PresenceTest() : settings_(api_.settings()) {
    settings_.site.value = "main";
    settings_.relay_address.value = "mbx-0.mbx:7172";
    settings_.lease_duration.value = absl::Seconds(1);
    report_.site_there = true;
  }

  Presence& Made() {
    access_ = *Access::Make(settings_);
    presence_ =
        std::make_unique<Presence>(settings_, *access_, "MBX-0", [this] { return report_; });
    return *presence_;
  }

  std::string LeaseText(Path path) const {
    const auto lease = api_.Get("leases", "postern-mbx-0");
    return lease ? TextAt(*lease, path) : "";
  }

  testing::ApiServer api_;
  KubernetesSettings settings_;
  Presence::Report report_;
  std::optional<Access> access_;
  std::unique_ptr<Presence> presence_;
};

TEST_F(PresenceTest, AServerRegistersItself) {
  ASSERT_TRUE(Made().Register().ok());
  const auto server = api_.Get("transportservers", "mbx-0");
  ASSERT_TRUE(server.has_value());
  EXPECT_EQ(TextAt(*server, {"spec", "site"}), "main");
  EXPECT_EQ(TextAt(*server, {"spec", "relayAddress"}), "mbx-0.mbx:7172");
  EXPECT_EQ(TextAt(*server, {"metadata", "labels", "app.kubernetes.io/managed-by"}), "postern");
}

TEST_F(PresenceTest, ANewAddressIsApplied) {
  ASSERT_TRUE(Made().Register().ok());
  settings_.relay_address.value = "mbx-0.other:7172";
  ASSERT_TRUE(Made().Register().ok());
  EXPECT_EQ(TextAt(*api_.Get("transportservers", "mbx-0"), {"spec", "relayAddress"}),
            "mbx-0.other:7172");
}

TEST_F(PresenceTest, WhatSomebodyElseHasWrittenStays) {
  api_.Put("transportservers",
           KubernetesObject("TransportServer", "mbx-0", R"({"site":"elsewhere"})"));
  EXPECT_TRUE(Made().Register().ok());
  EXPECT_EQ(TextAt(*api_.Get("transportservers", "mbx-0"), {"spec", "site"}), "elsewhere");
}

TEST_F(PresenceTest, ARefusalIsTold) {
  api_.Refuses(403);
  EXPECT_EQ(Made().Register().code(), absl::StatusCode::kPermissionDenied);
}

TEST_F(PresenceTest, TheLeaseIsRenewedAndSaysWhatTheServerHas) {
  report_.uid = "uid-7";
  report_.snapshot = "abc";
  report_.not_ready["internet"] = "SecretNotUsable: no secret";
  Made().Start();
  ASSERT_TRUE(api_.Await([&] { return !LeaseText({"spec", "renewTime"}).empty(); }));
  const std::string first = LeaseText({"spec", "renewTime"});
  EXPECT_EQ(LeaseText({"metadata", "labels", kServerLabel}), "mbx-0");
  EXPECT_EQ(LeaseText({"metadata", "annotations", kSnapshotAnnotation}), "abc");
  EXPECT_EQ(LeaseText({"metadata", "annotations", kNotReadyAnnotation}),
            R"({"internet":"SecretNotUsable: no secret"})");
  const auto lease = api_.Get("leases", "postern-mbx-0");
  const Json* const owners = Find(*lease, {"metadata", "ownerReferences"});
  ASSERT_EQ(owners->list_value().values_size(), 1);
  EXPECT_EQ(TextAt(owners->list_value().values(0), {"uid"}), "uid-7");
  EXPECT_TRUE(api_.Await([&] { return LeaseText({"spec", "renewTime"}) != first; }));
  EXPECT_GT(presence_->renewed(), absl::InfinitePast());
}

TEST_F(PresenceTest, TheLastWordIsWhatMailStays) {
  report_.messages = 3;
  Made().Start();
  const auto said = [&] { return LeaseText({"metadata", "annotations", kMessagesAnnotation}); };
  ASSERT_TRUE(api_.Await([&] { return said() == "3"; }));
  settings_.lease_duration.value = absl::Minutes(10);  // no renewal comes of itself
  report_.messages = std::nullopt;
  presence_->Stop();
  EXPECT_EQ(said(), "3") << "what is not known now is as it was";
}

TEST_F(PresenceTest, WithoutItsSiteAServerDoesNotRegister) {
  report_.site_there = false;
  Made().Start();
  ASSERT_TRUE(api_.Await([&] { return !LeaseText({"spec", "renewTime"}).empty(); }));
  EXPECT_FALSE(api_.Get("transportservers", "mbx-0").has_value());
}

TEST_F(PresenceTest, AServerThatWasDeletedComesBack) {
  Made().Start();
  const auto there = [&] { return api_.Get("transportservers", "mbx-0").has_value(); };
  ASSERT_TRUE(api_.Await(there));
  api_.Remove("transportservers", "mbx-0");
  EXPECT_TRUE(api_.Await(there));
}

TEST_F(PresenceTest, AnApiServerThatComesBackIsTold) {
  api_.Refuses(500);
  Made().Start();
  ASSERT_TRUE(api_.Await([&] { return api_.CountOf("PATCH") >= 3; }));
  EXPECT_EQ(presence_->renewed(), absl::InfinitePast());
  api_.Recovers();
  EXPECT_TRUE(api_.Await([&] { return presence_->renewed() > absl::InfinitePast(); }));
}

TEST_F(PresenceTest, AStopDoesNotWaitForAServerThatNeverAnswers) {
  api_.Stalls();
  Made().Start();
  ASSERT_TRUE(api_.Await([&] { return api_.CountOf("PATCH") >= 1; }));
  const absl::Time began = absl::Now();
  presence_->Stop();
  EXPECT_LT(absl::Now() - began, absl::Seconds(5));
}

}  // namespace
}  // namespace postern::kubernetes
