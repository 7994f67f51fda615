#include "services/mailbox-transport/admin/queue_digests.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/services/mailbox-transport/admin/pipeline_fixture.h"
#include "tests/support/await.h"

namespace postern::admin {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class QueueDigestsTest : public PipelineFixture {
 protected:
  QueueDigestsTest() {
    rpc_settings_.insecure_plaintext.value = true;
    authority_ = *rpc::Authority::Make(rpc_settings_);
    directory::SnapshotParts parts;
    for (const char* site : {"here", "there"})
      parts.sites.push_back({site, {}, ""});
    parts.servers.push_back({"ours", "here", "127.0.0.1:2", ""});
    parts.servers.push_back({"down", "here", "127.0.0.1:1", ""});
    parts.servers.push_back({"mute", "there", "", ""});
    known_ = directory::MakeSnapshot(std::move(parts));
    const auto directory = [this] { return known_; };
    queries_ = std::make_unique<Queries>(
        AdminService::Parts{*authority_, *pipeline_, disk_, rpc_settings_, directory});
    first_.Run([&] {
      digests_ = std::make_unique<QueueDigests>(FanOut::Parts{first_, rpc_settings_, directory},
                                                "ours", *queries_);
    });
  }

  ~QueueDigestsTest() override {
    first_.Run([this] { digests_.reset(); });
  }

  absl::Status Ask(const v1::GetQueueDigestRequest& request) {
    response_.Clear();
    return testing::Await(first_, digests_->Answer(request, response_));
  }

  std::unique_ptr<rpc::Authority> authority_;
  directory::SnapshotPtr known_;
  std::unique_ptr<Queries> queries_;
  std::unique_ptr<QueueDigests> digests_;
  v1::GetQueueDigestResponse response_;
};

TEST_F(QueueDigestsTest, OwnQueuesNeedNobodyElse) {
  Directory("Some b.test");
  Accept({"x@nowhere.test"});
  ASSERT_TRUE(Soon([this] { return Ask({}).ok() && response_.digests_size() == 1; }));
  EXPECT_EQ(response_.digests(0).group_by_value(), "Unreachable Domain");
  EXPECT_THAT(response_.unanswered(), ElementsAre());
}

TEST_F(QueueDigestsTest, ServersThatDoNotAnswerAreNamed) {
  Directory("Some b.test");
  v1::GetQueueDigestRequest request;
  request.set_forest(true);
  request.set_timeout_ms(2000);
  ASSERT_TRUE(Ask(request).ok());
  EXPECT_THAT(response_.unanswered(), ElementsAre(HasSubstr("down: "), HasSubstr("mute: ")));
  request.set_forest(false);
  request.add_sites("HERE");
  ASSERT_TRUE(Ask(request).ok());
  EXPECT_THAT(response_.unanswered(), ElementsAre(HasSubstr("down: ")));
}

TEST_F(QueueDigestsTest, ScopesAndWordsAreChecked) {
  Directory("Some b.test");
  v1::GetQueueDigestRequest request;
  request.add_sites("nowhere");
  EXPECT_EQ(Ask(request).code(), absl::StatusCode::kNotFound);
  request.set_forest(true);
  EXPECT_EQ(Ask(request).code(), absl::StatusCode::kInvalidArgument);
  request.Clear();
  request.add_servers("nobody");
  EXPECT_EQ(Ask(request).code(), absl::StatusCode::kNotFound);
  request.Clear();
  request.set_filter("Colour -eq 'red'");
  EXPECT_EQ(Ask(request).code(), absl::StatusCode::kInvalidArgument);
  request.Clear();
  request.set_timeout_ms(3'600'000);
  EXPECT_EQ(Ask(request).code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace postern::admin
