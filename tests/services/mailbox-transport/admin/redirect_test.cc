#include "services/mailbox-transport/admin/redirect.h"

#include "gmock/gmock.h"

namespace postern::admin {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RedirectTest : public ::testing::Test {
 protected:
  RedirectTest() : snapshot_(Parts()) {}

  static directory::SnapshotParts Parts() {
    directory::SnapshotParts parts;
    parts.sites = {{"main"}, {"far"}};
    parts.servers = {{"far-0", "far", "far-0:7172"},
                     {"mbx-0", "main", "mbx-0:7172"},
                     {"mbx-1", "main", "mbx-1:7172"},
                     {"mbx-2", "main", ""},
                     {"mbx-3", "main", "mbx-3:7172"}};
    return parts;
  }

  absl::StatusOr<model::RelayPlan> Plan(const std::vector<std::string>& targets,
                                        std::string_view server = "mbx-0") {
    v1::RedirectMessageRequest request;
    for (const std::string& target : targets)
      request.add_targets(target);
    return PlanOf(request, snapshot_, server);
  }

  static std::vector<std::string> Names(const model::RelayPlan& plan) {
    std::vector<std::string> names;
    for (const model::RelayServer& server : plan.groups.at(0)) {
      EXPECT_TRUE(server.source) << "what came from there may go back";
      names.push_back(server.name);
    }
    return names;
  }

  std::string Why(const std::vector<std::string>& targets, std::string_view server = "mbx-0") {
    return std::string(Plan(targets, server).status().message());
  }

  directory::Snapshot snapshot_;
};

TEST_F(RedirectTest, WithoutTargetsItIsTheOthersOfTheSite) {
  EXPECT_THAT(Names(*Plan({})), ElementsAre("mbx-1", "mbx-3"));
  EXPECT_THAT(Names(*Plan({}, "MBX-1")), ElementsAre("mbx-0", "mbx-3"));
  EXPECT_THAT(Why({}, "far-0"), HasSubstr("the site \"far\" has no other server"));
}

TEST_F(RedirectTest, TargetsMayBeOfAnySite) {
  EXPECT_THAT(Names(*Plan({"far-0", "mbx-3"})), ElementsAre("far-0", "mbx-3"));
}

TEST_F(RedirectTest, ATargetIsAnotherServerWithAnAddress) {
  EXPECT_EQ(Why({"nobody"}), "target: \"nobody\" is no server of the directory");
  EXPECT_EQ(Why({"mbx-0"}), "target: \"mbx-0\" is the server itself");
  EXPECT_EQ(Why({"mbx-2"}), "target: \"mbx-2\" has no relayAddress");
}

}  // namespace
}  // namespace postern::admin
