#include "cli/mail_print.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/cli/fake_service.h"

namespace postern::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(MailPrint, EmptyAnswersSaySo) {
  StringShell shell;
  Shell to = shell.shell();
  ASSERT_TRUE(Print(v1::GetMessageResponse(), Asked::kAll, {}, to).ok());
  EXPECT_EQ(shell.out.str(), "");
  EXPECT_EQ(shell.err.str(), "no messages are queued\n");
  StringShell narrowed;
  Shell some = narrowed.shell();
  ASSERT_TRUE(Print(v1::GetMessageResponse(), Asked::kSome, {}, some).ok());
  EXPECT_EQ(narrowed.err.str(), "no message is so\n");
}

TEST(MailPrint, OneMessageShowsItsRecipients) {
  v1::GetMessageResponse response;
  v1::MessageInfo& message = *response.add_messages();
  message.set_identity("mbx-0\\3\\4711");
  v1::RecipientInfo& recipient = *message.add_recipients();
  recipient.set_address("bob@b.test");
  recipient.set_type("External");
  recipient.set_status("Retry");
  recipient.set_last_error("451 later");
  StringShell shell;
  Shell to = shell.shell();
  ASSERT_TRUE(Print(response, Asked::kOne, {}, to).ok());
  EXPECT_THAT(shell.out.str(), HasSubstr("Identity          : mbx-0\\3\\4711\n"));
  EXPECT_THAT(shell.out.str(), HasSubstr("bob@b.test External Retry"));
  EXPECT_THAT(shell.out.str(), HasSubstr("451 later\n"));
  EXPECT_THAT(shell.out.str(), Not(HasSubstr("Recipients ")));
}

TEST(MailPrint, ListsOfMessagesNameTheirRecipients) {
  v1::GetMessageResponse response;
  response.add_messages()->set_identity("mbx-0\\3\\1");
  v1::MessageInfo& message = *response.add_messages();
  message.set_identity("mbx-0\\3\\2");
  for (const char* address : {"bob@b.test", "joe@b.test"}) {
    v1::RecipientInfo& recipient = *message.add_recipients();
    recipient.set_address(address);
    recipient.set_status("Retry");
  }
  constexpr char kBoth[] = "Recipients        : {bob@b.test: Retry, joe@b.test: Retry}\n";
  StringShell all;
  Shell to = all.shell();
  ASSERT_TRUE(Print(response, Asked::kAll, {.form = View::Form::kList}, to).ok());
  EXPECT_THAT(all.out.str(), HasSubstr("Recipients        :\n"));
  EXPECT_THAT(all.out.str(), HasSubstr(kBoth));
  StringShell usual;
  Shell columns = usual.shell();
  ASSERT_TRUE(Print(response, Asked::kAll, {}, columns).ok());
  EXPECT_THAT(usual.out.str(), HasSubstr("{bob@b.test: Retry, joe@b.test: Retry}\n"));
  StringShell some;
  Shell table = some.shell();
  const View view{.properties = {"Identity", "Recipients"}};
  ASSERT_TRUE(Print(response, Asked::kAll, view, table).ok());
  EXPECT_THAT(some.out.str(), HasSubstr("mbx-0\\3\\2 {bob@b.test: Retry, joe@b.test: Retry}\n"));
}

TEST(MailPrint, OneQueueShowsEverything) {
  v1::GetQueueResponse response;
  v1::QueueInfo& queue = *response.add_queues();
  queue.set_identity("mbx-0\\3");
  queue.set_velocity(-1.5);
  for (const std::uint64_t count : {1, 20, 3})
    queue.add_message_counts_per_priority(count);
  for (const std::uint64_t count : {0, 15, 0})
    queue.add_deferred_message_counts_per_priority(count);
  StringShell shell;
  Shell to = shell.shell();
  ASSERT_TRUE(Print(response, Asked::kOne, {}, to).ok());
  EXPECT_THAT(shell.out.str(), HasSubstr("Velocity                         : -1.50\n"));
  EXPECT_THAT(shell.out.str(), HasSubstr("DeferredMessageCountsPerPriority : {0, 15, 0}\n"));
  EXPECT_THAT(shell.out.str(), HasSubstr("\nMessageCountsPerPriority         : {1, 20, 3}\n"));
}

TEST(MailPrint, PagesTellOfTheRest) {
  v1::GetMessageResponse response;
  response.add_messages()->set_identity("mbx-0\\3\\4711");
  response.set_truncated(true);
  response.mutable_page_info()->set_first(5);
  response.mutable_page_info()->set_total(1000);
  StringShell shell;
  Shell to = shell.shell();
  ASSERT_TRUE(Print(response, Asked::kAll, {}, to).ok());
  EXPECT_THAT(shell.err.str(), HasSubstr("messages 5 and on, 1 of 1000\n"));
  EXPECT_THAT(shell.err.str(), HasSubstr("raise -ResultSize, or go on with -BookmarkObject"));
}

TEST(MailPrint, DigestsNameWhoDidNotAnswer) {
  v1::GetQueueDigestResponse response;
  v1::QueueDigest& digest = *response.add_digests();
  digest.set_group_by_value("b.test");
  digest.set_message_count(50);
  digest.add_details()->set_identity("mbx-0\\3");
  response.add_unanswered("mbx-1: deadline exceeded");
  StringShell shell;
  Shell to = shell.shell();
  ASSERT_TRUE(Print(response, {}, to).ok());
  EXPECT_THAT(shell.out.str(), HasSubstr("b.test                 50"));
  EXPECT_THAT(shell.out.str(), HasSubstr("b.test:\nIdentity Status"));
  EXPECT_EQ(shell.err.str(), "WARNING: mbx-1: deadline exceeded\n");
}

}  // namespace
}  // namespace postern::cli
