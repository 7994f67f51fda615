#include "common/kubernetes/stateful_set.h"

#include <filesystem>
#include <fstream>

#include "gtest/gtest.h"
#include <unistd.h>

#include "common/base/text.h"
#include "tests/support/kubernetes/api_server.h"

namespace postern::kubernetes {
namespace {

using testing::KubernetesObject;

class StatefulSetTest : public ::testing::Test {
 protected:
  StatefulSetTest() : access_(*Access::Make(api_.settings())) {}

  void Has(std::string_view spec) {
    api_.Put("statefulsets", KubernetesObject("StatefulSet", "mbx", spec));
  }

  testing::ApiServer api_;
  Access access_;
};

TEST_F(StatefulSetTest, APodIsASetAndAnOrdinal) {
  const auto pod = PodOfSetFrom("mailbox-transport-12");
  ASSERT_TRUE(pod.ok());
  EXPECT_EQ(pod->set, "mailbox-transport");
  EXPECT_EQ(pod->ordinal, 12u);
  for (const char* other : {"", "mbx", "mbx-", "-1", "mbx-x", "mbx-1x"})
    EXPECT_FALSE(PodOfSetFrom(other).ok()) << other;
}

TEST_F(StatefulSetTest, OnlyPodsBehindTheReplicasAreScaledIn) {
  Has(R"({"replicas":2})");
  EXPECT_FALSE(*IsScaledIn(access_, "mbx-0"));
  EXPECT_FALSE(*IsScaledIn(access_, "mbx-1"));
  EXPECT_TRUE(*IsScaledIn(access_, "mbx-2"));
  Has(R"({"replicas":0})");
  EXPECT_FALSE(*IsScaledIn(access_, "mbx-0")) << "all stop";
}

TEST_F(StatefulSetTest, OrdinalsMayStartElsewhere) {
  Has(R"({"replicas":2,"ordinals":{"start":5}})");
  EXPECT_FALSE(*IsScaledIn(access_, "mbx-6"));
  EXPECT_TRUE(*IsScaledIn(access_, "mbx-7"));
}

TEST_F(StatefulSetTest, ItIsInThePodsNamespaceAlsoWhereTheDirectoryIsInAnother) {
  const std::string file = base::Cat("/tmp/postern-namespace-", ::getpid());
  std::ofstream(file) << "of-the-pod\n";
  kubernetes::KubernetesSettings settings = api_.settings();
  settings.namespace_file.value = file;
  EXPECT_FALSE(IsScaledIn(*Access::Make(settings), "mbx-0").ok());
  EXPECT_EQ(api_.CountOf("GET /apis/apps/v1/namespaces/of-the-pod/statefulsets/mbx"), 1u);
  std::filesystem::remove(file);
}

TEST_F(StatefulSetTest, WithoutAnAnswerNobodyKnows) {
  EXPECT_EQ(IsScaledIn(access_, "mbx-0").status().code(), absl::StatusCode::kNotFound);
  Has("{}");
  EXPECT_EQ(IsScaledIn(access_, "mbx-0").status().code(), absl::StatusCode::kUnavailable);
  api_.Refuses(403);
  EXPECT_EQ(IsScaledIn(access_, "mbx-0").status().code(), absl::StatusCode::kPermissionDenied);
}

}  // namespace
}  // namespace postern::kubernetes
