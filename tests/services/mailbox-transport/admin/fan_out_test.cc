#include "services/mailbox-transport/admin/fan_out.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "postern/v1/admin.grpc.pb.h"

namespace postern::admin {
namespace {

using ::testing::HasSubstr;
using Question = FanOut::Question<v1::GetQueueRequest>;
using Answers = std::vector<FanOut::Answer<v1::GetQueueResponse>>;

class FanOutTest : public ::testing::Test {
 protected:
  FanOutTest() {
    settings_.insecure_plaintext.value = true;
    executor_.Start();
  }

  ~FanOutTest() override { executor_.Stop(); }

  static directory::SnapshotPtr Directory() {
    directory::SnapshotParts parts;
    parts.sites.push_back({"here", {}, ""});
    parts.servers.push_back({"down", "here", "127.0.0.1:1", ""});
    parts.servers.push_back({"far", "here", "192.0.2.1:7172", ""});
    parts.servers.push_back({"mute", "here", "", ""});
    return directory::MakeSnapshot(std::move(parts));
  }

  static io::Task<void> Put(FanOut* fan_out, std::vector<Question> questions, Answers* answers) {
    *answers = co_await fan_out->Ask<v1::Admin, v1::GetQueueRequest, v1::GetQueueResponse>(
        std::move(questions), absl::Seconds(5), &v1::Admin::Stub::async::GetQueue);
  }

  Answers Ask(const std::vector<std::string>& servers) {
    FanOut fan_out({executor_, settings_, [] { return Directory(); }});
    std::vector<Question> questions;
    for (const std::string& server : servers)
      questions.push_back({server, {}});
    Answers answers;
    io::RunTask(executor_, Put(&fan_out, std::move(questions), &answers));
    return answers;
  }

  io::Executor executor_{"fan-out"};
  rpc::RpcSettings settings_;
};

TEST_F(FanOutTest, WhoCannotBeAskedIsNamedWithTheReasonAndInItsPlace) {
  const Answers answers = Ask({"mute", "down", "nobody", "far"});
  ASSERT_EQ(answers.size(), 4u);
  EXPECT_EQ(answers[0].server, "mute");
  EXPECT_EQ(answers[0].status.message(), "mute: its TransportServer has no relayAddress");
  EXPECT_TRUE(absl::IsUnavailable(answers[1].status)) << answers[1].status;
  EXPECT_THAT(answers[1].status.ToString(), HasSubstr("down: "));
  EXPECT_TRUE(absl::IsNotFound(answers[2].status));
  EXPECT_TRUE(absl::IsFailedPrecondition(answers[3].status)) << "plain text stays on this machine";
}

TEST_F(FanOutTest, NoQuestionIsNoAnswer) {
  EXPECT_TRUE(Ask({}).empty());
}

}  // namespace
}  // namespace postern::admin
