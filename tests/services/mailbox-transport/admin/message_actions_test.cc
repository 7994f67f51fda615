#include "services/mailbox-transport/admin/message_actions.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"
#include "tests/services/mailbox-transport/admin/pipeline_fixture.h"
#include "tests/support/await.h"

namespace postern::admin {
namespace {

using ::testing::HasSubstr;

class MessageActionsTest : public PipelineFixture {
 protected:
  absl::Status Act(v1::MessageAction action,
                   const std::string& identity,
                   const std::string& filter = "",
                   bool dry_run = false) {
    v1::MessageActionRequest request;
    request.set_action(action);
    request.set_identity(identity);
    request.set_filter(filter);
    request.set_without_ndr(without_ndr_);
    request.set_dry_run(dry_run);
    response_.Clear();
    MessageActions actions(*pipeline_, disk_, base::Clock::System());
    return testing::Await(first_, actions.Answer(request, response_, [] { return false; }));
  }

  v1::GetMessageResponse Messages(const std::string& filter = "") {
    v1::GetMessageRequest request;
    request.set_filter(filter);
    v1::GetMessageResponse messages;
    MessageQuery query(*pipeline_, disk_, base::Clock::System());
    EXPECT_TRUE(testing::Await(first_, query.Answer(request, messages, [] { return false; })).ok());
    return messages;
  }

  bool Holds(int count, const std::string& filter) {
    return Soon([&] { return Messages(filter).messages_size() == count; });
  }

  // Messages without a way.
  std::vector<std::string> Lost(int count) {
    std::vector<std::string> ids;
    for (int i = 0; i < count; ++i)
      ids.push_back(Accept({"x@nowhere.test"}, base::Cat("m", i)).ToString());
    EXPECT_TRUE(Holds(count, "Queue -eq 'ours\\Unreachable'"));
    return ids;
  }

  v1::ActionResponse response_;
  bool without_ndr_ = false;
};

TEST_F(MessageActionsTest, OneMessageIsSuspendedAndResumed) {
  Directory("Some b.test");
  const auto ids = Lost(2);
  ASSERT_TRUE(Act(v1::MESSAGE_ACTION_SUSPEND, ids[0]).ok());
  EXPECT_EQ(response_.changed(), 1u);
  EXPECT_TRUE(Holds(1, "Status -eq 'Suspended'"));
  ASSERT_TRUE(Act(v1::MESSAGE_ACTION_SUSPEND, ids[0]).ok());
  EXPECT_EQ(response_.unchanged(), 1u);
  ASSERT_TRUE(Act(v1::MESSAGE_ACTION_RESUME, base::Cat("ours\\Unreachable\\", ids[0])).ok());
  EXPECT_EQ(response_.changed(), 1u);
  EXPECT_TRUE(Holds(0, "Status -eq 'Suspended'"));
  ASSERT_TRUE(Act(v1::MESSAGE_ACTION_RESUME, ids[1]).ok());
  EXPECT_EQ(response_.unchanged(), 1u);
}

TEST_F(MessageActionsTest, FilterActsOnThoseThatFit) {
  Directory("Some b.test");
  Lost(30);
  ASSERT_TRUE(Act(v1::MESSAGE_ACTION_SUSPEND, "", "Subject -like 'm1*'", true).ok());
  EXPECT_EQ(response_.changed(), 11u);
  EXPECT_THAT(response_.identities(0), HasSubstr("ours\\Unreachable\\"));
  EXPECT_TRUE(Holds(0, "Status -eq 'Suspended'"));
  ASSERT_TRUE(Act(v1::MESSAGE_ACTION_SUSPEND, "", "Subject -like 'm1*'").ok());
  EXPECT_EQ(response_.changed(), 11u);
  EXPECT_TRUE(Holds(11, "Status -eq 'Suspended'"));
  ASSERT_TRUE(Act(v1::MESSAGE_ACTION_RESUME, "", "Size -gt 0").ok());
  EXPECT_EQ(response_.changed(), 11u);
  EXPECT_EQ(response_.unchanged(), 19u);
}

TEST_F(MessageActionsTest, OneThatIsHeldInSubmissionKeepsNoOtherFromIt) {
  Directory("Some b.test");
  Lost(2);
  ASSERT_TRUE(testing::Await(first_, pipeline_->SuspendQueue(model::SubmissionHop())).ok());
  const std::string held = Accept({"x@nowhere.test"}, "held").ToString();
  EXPECT_TRUE(Holds(1, "Queue -eq 'ours\\Submission'"));
  ASSERT_TRUE(Act(v1::MESSAGE_ACTION_SUSPEND, "", "Size -gt 0").ok());
  EXPECT_EQ(response_.changed(), 2u);
  EXPECT_EQ(response_.unchanged(), 1u);
  EXPECT_EQ(response_.refused(), 1u);
  EXPECT_THAT(response_.refusal().identity(), HasSubstr(held));
  EXPECT_THAT(response_.refusal().reason(), HasSubstr("Resume-Queue Submission"));
  ASSERT_TRUE(Act(v1::MESSAGE_ACTION_REMOVE, held).ok());
  ASSERT_EQ(response_.failures_size(), 1);
  EXPECT_THAT(response_.failures(0).reason(), HasSubstr("Resume-Queue Submission"));
}

TEST_F(MessageActionsTest, FilterKnowsAQueueByItsDomain) {
  resolver_.ServFail("b.test");
  Directory("Some b.test");
  Lost(1);
  Accept({"x@b.test"}, "z");
  EXPECT_TRUE(Holds(1, "Subject -eq 'z' -and Status -eq 'Retry'"));
  ASSERT_TRUE(Act(v1::MESSAGE_ACTION_SUSPEND, "", "Queue -eq 'ours\\b.test'").ok());
  EXPECT_EQ(response_.changed(), 1u);
  EXPECT_TRUE(Holds(1, "Subject -eq 'z' -and Status -eq 'Suspended'"));
}

TEST_F(MessageActionsTest, RemovedMessageIsGoneAndItsSenderIsToldUnlessNot) {
  Directory("Some b.test");
  const auto ids = Lost(3);
  without_ndr_ = true;
  ASSERT_TRUE(Act(v1::MESSAGE_ACTION_REMOVE, ids[0]).ok());
  EXPECT_EQ(response_.changed(), 1u);
  EXPECT_TRUE(Holds(2, ""));
  without_ndr_ = false;
  ASSERT_TRUE(Act(v1::MESSAGE_ACTION_REMOVE, ids[1]).ok());
  // The sender is unreachable too, so that the notice is seen.
  EXPECT_TRUE(Holds(1, "FromAddress -eq '<>'"));
  EXPECT_TRUE(Holds(1, "Subject -eq 'm2'"));
  EXPECT_EQ(Messages().messages_size(), 2);
}

TEST_F(MessageActionsTest, NothingIsDoneToAllByLeavingAWordOut) {
  Directory("Some b.test");
  EXPECT_EQ(Act(v1::MESSAGE_ACTION_REMOVE, "").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Act(v1::MESSAGE_ACTION_REMOVE, "", " ").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Act(v1::MESSAGE_ACTION_UNSPECIFIED, "1").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Act(v1::MESSAGE_ACTION_REMOVE, "1").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Act(v1::MESSAGE_ACTION_REMOVE, "1", "Size -gt 1").code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(MessageActionsTest, DamagedRecordIsNamed) {
  Directory("Some b.test");
  const auto ids = Lost(1);
  store_.Damage(*base::MessageId::Parse(ids[0]));
  ASSERT_TRUE(Act(v1::MESSAGE_ACTION_SUSPEND, ids[0]).ok());
  EXPECT_EQ(response_.failed(), 1u);
  EXPECT_THAT(response_.failures(0).reason(), HasSubstr("damaged"));
}

}  // namespace
}  // namespace postern::admin
