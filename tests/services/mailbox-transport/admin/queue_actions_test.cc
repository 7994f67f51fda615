#include "services/mailbox-transport/admin/queue_actions.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"
#include "tests/services/mailbox-transport/admin/pipeline_fixture.h"
#include "tests/support/await.h"

namespace postern::admin {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class QueueActionsTest : public PipelineFixture {
 protected:
  absl::Status Act(const v1::QueueActionRequest& request) {
    response_.Clear();
    QueueActions actions(*pipeline_);
    return testing::Await(first_, actions.Answer(request, response_, [] { return false; }));
  }

  absl::Status ActOn(const std::string& identity, v1::QueueAction action) {
    v1::QueueActionRequest request;
    request.set_identity(identity);
    request.set_action(action);
    return Act(request);
  }

  queue::QueueView View(const std::string& domain) {
    const auto state = testing::Await(first_, AskQueues(*pipeline_));
    for (const NamedQueue& queue : (*state)->queues()) {
      if (DomainOf(queue) == domain) return queue.view;
    }
    return {};
  }

  // A destination that does not resolve, in Retry.
  void Dead(const std::string& domain, int messages = 1) {
    for (int i = 0; i < messages; ++i)
      Accept({"x@" + domain});
    ASSERT_TRUE(Soon([&] {
      const queue::QueueView view = View(domain);
      return view.status == queue::QueueStatus::kRetry &&
             view.message_count == static_cast<std::size_t>(messages);
    }));
  }

  v1::ActionResponse response_;
};

TEST_F(QueueActionsTest, QueueInRetryIsTriedNow) {
  resolver_.ServFail("b.test");
  Directory("Some b.test");
  Dead("b.test");
  const std::uint32_t failures = View("b.test").retry_count;
  ASSERT_TRUE(ActOn("b.test", v1::QUEUE_ACTION_RETRY).ok());
  EXPECT_EQ(response_.changed(), 1u);
  EXPECT_TRUE(Soon([&] { return View("b.test").retry_count > failures; }));
}

TEST_F(QueueActionsTest, FilterKnowsTheDomainsThatAreDomainSecured) {
  resolver_.ServFail("b.test");
  resolver_.ServFail("c.test");
  directory::SnapshotParts parts;
  parts.sites = {{"here", {}, ""}};
  parts.servers = {{"ours", "here", "ours:7172", ""}};
  parts.connectors = {route::testing::ConnectorOf("Some b.test,c.test")};
  parts.connectors.front().domain_secure_enabled = true;
  parts.config.tls_send_domain_secure_list = {"b.test"};
  pipeline_->SetDirectory(directory::MakeSnapshot(std::move(parts)));
  ASSERT_TRUE(pipeline_->Restore().ok());
  Dead("b.test");
  Dead("c.test");
  v1::QueueActionRequest request;
  request.set_action(v1::QUEUE_ACTION_SUSPEND);
  request.set_filter("TlsDomain -eq 'b.test'");
  ASSERT_TRUE(Act(request).ok());
  EXPECT_EQ(response_.changed(), 1u);
  EXPECT_EQ(View("b.test").status, queue::QueueStatus::kSuspended);
  EXPECT_EQ(View("c.test").status, queue::QueueStatus::kRetry);
}

TEST_F(QueueActionsTest, FilterActsOnThoseThatFitAndTriesNothingWhenDry) {
  resolver_.ServFail("b.test");
  resolver_.ServFail("c.test");
  Directory("Some b.test,c.test");
  Dead("b.test");
  Dead("c.test");
  v1::QueueActionRequest request;
  request.set_action(v1::QUEUE_ACTION_RETRY);
  request.set_filter("NextHopDomain -like '*.test'");
  request.set_dry_run(true);
  const absl::Time next = View("b.test").next_retry_time;
  ASSERT_TRUE(Act(request).ok());
  EXPECT_EQ(response_.changed(), 2u);
  EXPECT_EQ(response_.identities_size(), 2);
  EXPECT_EQ(View("b.test").next_retry_time, next);
  request.set_filter("MessageCount -ge 0");
  ASSERT_TRUE(Act(request).ok());
  EXPECT_EQ(response_.changed(), 2u);
  EXPECT_EQ(response_.unchanged(), 1u);  // Submission
}

TEST_F(QueueActionsTest, QueueThatIsInNoStateForItIsNamed) {
  Directory("Some b.test");
  ASSERT_TRUE(ActOn("Unreachable", v1::QUEUE_ACTION_RETRY).ok());
  EXPECT_EQ(response_.failed(), 1u);
  EXPECT_EQ(response_.failures(0).identity(), "ours\\Unreachable");
  EXPECT_EQ(response_.failures(0).reason(), "it is Ready, not in Retry");
  ASSERT_TRUE(ActOn("Submission", v1::QUEUE_ACTION_RESUBMIT).ok());
  EXPECT_THAT(response_.failures(0).reason(), HasSubstr("no next hop yet"));
}

TEST_F(QueueActionsTest, ResubmittedMessagesTakeTheirRouteAnew) {
  Directory("Some b.test");
  for (int i = 0; i < 3 * static_cast<int>(kResubmitSlice) + 1; ++i)
    Accept({"x@nowhere.test"});
  const auto waiting = [this] { return View("Unreachable Domain").message_count; };
  ASSERT_TRUE(Soon([&] { return waiting() == 3 * kResubmitSlice + 1; }));
  ASSERT_TRUE(ActOn("Unreachable", v1::QUEUE_ACTION_RESUBMIT).ok());
  EXPECT_EQ(response_.changed(), 1u);
  std::uint64_t messages = response_.messages();
  while (response_.has_next()) {
    v1::QueueActionRequest request;
    request.set_identity("Unreachable");
    request.set_action(v1::QUEUE_ACTION_RESUBMIT);
    *request.mutable_resume() = response_.next();
    ASSERT_TRUE(Act(request).ok());
    EXPECT_EQ(response_.changed(), 0u);
    messages += response_.messages();
  }
  // There is still no way for them: each was taken up once and waits again.
  EXPECT_EQ(messages, 3 * kResubmitSlice + 1);
  EXPECT_TRUE(Soon([&] { return waiting() == 3 * kResubmitSlice + 1; }));
}

TEST_F(QueueActionsTest, SuspendedQueueKeepsItsMessagesUntilItIsResumed) {
  resolver_.ServFail("b.test");
  Directory("Some b.test");
  Dead("b.test");
  ASSERT_TRUE(ActOn("b.test", v1::QUEUE_ACTION_SUSPEND).ok());
  EXPECT_EQ(response_.changed(), 1u);
  EXPECT_EQ(View("b.test").status, queue::QueueStatus::kSuspended);
  ASSERT_TRUE(ActOn("b.test", v1::QUEUE_ACTION_SUSPEND).ok());
  EXPECT_EQ(response_.unchanged(), 1u);
  for (const v1::QueueAction action : {v1::QUEUE_ACTION_RETRY, v1::QUEUE_ACTION_RESUBMIT}) {
    ASSERT_TRUE(ActOn("b.test", action).ok());
    EXPECT_EQ(response_.failed(), 1u);
    EXPECT_THAT(response_.failures(0).reason(), HasSubstr("Suspended"));
  }
  ASSERT_TRUE(ActOn("b.test", v1::QUEUE_ACTION_RESUME).ok());
  EXPECT_EQ(response_.changed(), 1u);
  EXPECT_TRUE(Soon([&] { return View("b.test").status == queue::QueueStatus::kRetry; }));
  ASSERT_TRUE(ActOn("b.test", v1::QUEUE_ACTION_RESUME).ok());
  EXPECT_EQ(response_.unchanged(), 1u);
}

TEST_F(QueueActionsTest, NothingIsDoneToAllByLeavingAWordOut) {
  Directory("Some b.test");
  for (const char* identity : {"", "*", "ours\\*"}) {
    EXPECT_EQ(ActOn(identity, v1::QUEUE_ACTION_RETRY).code(), absl::StatusCode::kInvalidArgument)
        << identity;
  }
  EXPECT_EQ(ActOn("b.test", v1::QUEUE_ACTION_UNSPECIFIED).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ActOn("nowhere.test", v1::QUEUE_ACTION_RETRY).code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace postern::admin
