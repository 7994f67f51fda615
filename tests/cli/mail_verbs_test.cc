#include "cli/mail_verbs.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/cli/fake_service.h"

namespace postern::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class MailVerbsTest : public ::testing::Test {
 protected:
  int Line(std::vector<std::string> words) {
    shell_.out.str("");
    shell_.err.str("");
    for (const std::string& word :
         {std::string("--insecure-plaintext"), std::string("--server"), service_.address()})
      words.push_back(word);
    return shell_.Run(std::move(words));
  }

  FakeService service_;
  StringShell shell_;
};

TEST_F(MailVerbsTest, AnswersOfALongWalkAreOnePage) {
  service_.messages.add_messages()->set_subject("one of each");
  service_.message_answers = 3;
  ASSERT_EQ(Line({"Get-Message", "-Filter", "Size -gt 1KB"}), 0) << shell_.err.str();
  ASSERT_THAT(service_.message_requests, SizeIs(3));
  EXPECT_FALSE(service_.message_requests[0].has_resume());
  EXPECT_EQ(service_.message_requests[2].resume().examined(), 1000u);
  EXPECT_EQ(service_.message_requests[2].filter(), "Size -gt 1KB");
  ASSERT_EQ(Line({"Get-Message", "--output", "json"}), 0);
  EXPECT_THAT(shell_.out.str(), HasSubstr("\"subject\": \"one of each\""));
}

TEST_F(MailVerbsTest, RowsOfABackwardSearchAreShownInTheirOrder) {
  service_.queues.add_queues()->set_identity("mbx-0\\9");
  service_.queues.add_queues()->set_identity("mbx-0\\8");
  ASSERT_EQ(Line({"Get-Queue", "-SearchForward", "false"}), 0);
  EXPECT_LT(shell_.out.str().find("mbx-0\\8"), shell_.out.str().find("mbx-0\\9"));
}

TEST_F(MailVerbsTest, CountsOfAllAnswersAreAddedUp) {
  service_.action.set_changed(700);
  service_.action.set_unchanged(1);
  service_.action.set_pending(2);
  service_.action_answers = 2;
  ASSERT_EQ(Line({"Suspend-Message", "-Filter", "Size -gt 1"}), 0) << shell_.err.str();
  ASSERT_THAT(service_.message_actions, SizeIs(2));
  EXPECT_EQ(service_.message_actions[1].resume().message(), 1u);
  EXPECT_EQ(shell_.out.str(),
            "1,400 messages suspended\n"
            "of these, 4 are under way: it takes effect if they are not delivered now\n"
            "2 messages left as it is: nothing to do there\n");
}

TEST_F(MailVerbsTest, WhatCannotBeDoneToAnyThatAFilterChoseIsAFailure) {
  service_.action.set_unchanged(3);
  service_.action.set_refused(3);
  service_.action.mutable_refusal()->set_identity("mbx-0\\Submission\\17");
  service_.action.mutable_refusal()->set_reason("it has no next hop");
  ASSERT_EQ(Line({"Remove-Message", "-Filter", "Size -gt 1", "-Confirm:false"}), 1);
  EXPECT_EQ(shell_.out.str(),
            "0 messages removed\n"
            "3 messages cannot be removed; the first, mbx-0\\Submission\\17: it has no next hop\n");
  EXPECT_THAT(shell_.err.str(), HasSubstr("nothing was removed: it has no next hop"));
}

TEST_F(MailVerbsTest, WhatCannotBeDoneToSomeIsTold) {
  service_.action.set_changed(1);
  service_.action.set_unchanged(2);
  service_.action.set_refused(1);
  service_.action.mutable_refusal()->set_identity("mbx-0\\3");
  service_.action.mutable_refusal()->set_reason("it is Ready, not in Retry");
  ASSERT_EQ(Line({"Retry-Queue", "-Filter", "MessageCount -gt 0"}), 0) << shell_.err.str();
  EXPECT_EQ(shell_.out.str(),
            "1 queue tried now\n"
            "1 queue left as it is: nothing to do there\n"
            "1 queue cannot be tried now; the first, mbx-0\\3: it is Ready, not in Retry\n");
}

TEST_F(MailVerbsTest, WhatIfNamesWhatWouldChange) {
  service_.action.set_changed(2);
  service_.action.add_identities("mbx-0\\3");
  ASSERT_EQ(Line({"Retry-Queue", "-Filter", "Status -eq 'Retry'", "-WhatIf"}), 0);
  EXPECT_TRUE(service_.queue_actions[0].dry_run());
  EXPECT_EQ(shell_.out.str(), "What if: 2 queues would be tried now\n  mbx-0\\3\n  and 1 more\n");
}

TEST_F(MailVerbsTest, RemovalIsConfirmed) {
  service_.action.set_changed(1);
  EXPECT_EQ(Line({"Remove-Message", "17"}), 1);
  EXPECT_THAT(shell_.err.str(), HasSubstr("Remove message 17? nobody is there to answer"));
  EXPECT_THAT(service_.message_actions, SizeIs(0));
  EXPECT_EQ(Line({"Remove-Message", "17", "-Confirm:false"}), 0) << shell_.err.str();
  EXPECT_EQ(shell_.out.str(), "1 message removed\n");
}

TEST_F(MailVerbsTest, WhatFailedIsNamedAndFailsTheCommand) {
  service_.action.set_failed(1);
  v1::ActionFailure& failure = *service_.action.add_failures();
  failure.set_identity("mbx-0\\Submission");
  failure.set_reason("it cannot be suspended");
  EXPECT_EQ(Line({"Suspend-Queue", "Submission"}), 1);
  EXPECT_THAT(shell_.err.str(), HasSubstr("mbx-0\\Submission: it cannot be suspended\n"));
  EXPECT_THAT(shell_.err.str(), HasSubstr("1 of them could not be suspended"));
}

TEST_F(MailVerbsTest, RoleIsNamedWhenItIsMissing) {
  service_.answer = grpc::Status(grpc::PERMISSION_DENIED, "no");
  EXPECT_EQ(Line({"Suspend-Queue", "3"}), 1);
  EXPECT_THAT(shell_.err.str(), HasSubstr("role operate"));
  EXPECT_EQ(Line({"Get-QueueDigest", "-Forest"}), 1);
  EXPECT_THAT(shell_.err.str(), HasSubstr("role read"));
}

}  // namespace
}  // namespace postern::cli
