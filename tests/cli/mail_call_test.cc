#include "cli/mail_call.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "cli/cmdlet_call.h"

namespace postern::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

absl::StatusOr<CmdletCall> CallOf(std::string_view cmdlet, std::vector<std::string> words) {
  return UnderstoodCall(*FindCmdlet(cmdlet), WordsOf(words));
}

template <typename Request>
Request RequestOf(std::string_view cmdlet, std::vector<std::string> words) {
  const auto call = CallOf(cmdlet, std::move(words));
  EXPECT_TRUE(call.ok()) << call.status();
  return call.ok() ? std::get<Request>(call->mail.request) : Request();
}

std::string FaultOf(std::string_view cmdlet, std::vector<std::string> words) {
  return std::string(CallOf(cmdlet, std::move(words)).status().message());
}

TEST(MailCall, QueuesAreAskedForWithEveryTerm) {
  const auto request = RequestOf<v1::GetQueueRequest>(
      "Get-Queue", {"-Filter", "Status -eq 'Retry'", "-Include", "External,Empty", "-Exclude",
                    "Internal", "-SortOrder", "-MessageCount,+Identity", "-ResultSize", "unlimited",
                    "-BookmarkObject", "mbx-0\\3", "-IncludeBookmark", "false", "-SearchForward",
                    "false", "-ReturnPageInfo", "true"});
  EXPECT_EQ(request.filter(), "Status -eq 'Retry'");
  EXPECT_THAT(request.include(), ElementsAre("External", "Empty"));
  EXPECT_THAT(request.exclude(), ElementsAre("Internal"));
  EXPECT_EQ(request.page().sort_order(), "-MessageCount,+Identity");
  EXPECT_EQ(request.page().result_size(), 250'000u);
  EXPECT_EQ(request.page().bookmark_object(), "mbx-0\\3");
  EXPECT_TRUE(request.page().exclude_bookmark());
  EXPECT_TRUE(request.page().search_backward());
  EXPECT_TRUE(request.page().return_page_info());
}

TEST(MailCall, AServerIsNamedByItsParameterOrByAnIdentity) {
  const auto server = [](std::string_view cmdlet, std::vector<std::string> words) {
    const auto call = CallOf(cmdlet, std::move(words));
    return call.ok() ? call->mail.server : std::string(call.status().message());
  };
  EXPECT_EQ(server("Get-Queue", {}), "");
  EXPECT_EQ(server("Get-Queue", {"-Server", "mbx-1"}), "mbx-1");
  EXPECT_EQ(server("Retry-Queue", {"mbx-1\\3"}), "mbx-1");
  EXPECT_EQ(server("Retry-Queue", {"3"}), "");
  EXPECT_EQ(server("Get-Message", {"-Queue", "mbx-1\\b.test"}), "mbx-1");
  EXPECT_EQ(server("Remove-Message", {"mbx-1\\3\\4711"}), "mbx-1");
  EXPECT_EQ(server("Remove-Message", {"3\\4711"}), "");
  EXPECT_EQ(server("Export-Message", {"mbx-1\\*\\4711"}), "mbx-1");
  EXPECT_THAT(server("Get-Queue", {"mbx-1\\3", "-Server", "mbx-0"}),
              HasSubstr("is not given beside an identity that names a server"));
}

TEST(MailCall, ActionsNameOneOrAFilter) {
  EXPECT_EQ(RequestOf<v1::QueueActionRequest>("Suspend-Queue", {"contoso.com"}).action(),
            v1::QUEUE_ACTION_SUSPEND);
  EXPECT_EQ(RequestOf<v1::QueueActionRequest>("Resume-Queue", {"3"}).action(),
            v1::QUEUE_ACTION_RESUME);
  EXPECT_EQ(RequestOf<v1::QueueActionRequest>("Retry-Queue", {"3"}).action(),
            v1::QUEUE_ACTION_RETRY);
  const auto again = RequestOf<v1::QueueActionRequest>(
      "Retry-Queue", {"-Filter", "Status -eq 'Retry'", "-Resubmit", "true", "-WhatIf"});
  EXPECT_EQ(again.action(), v1::QUEUE_ACTION_RESUBMIT);
  EXPECT_EQ(again.filter(), "Status -eq 'Retry'");
  EXPECT_TRUE(again.dry_run());
  EXPECT_EQ(RequestOf<v1::MessageActionRequest>("Suspend-Message", {"1"}).action(),
            v1::MESSAGE_ACTION_SUSPEND);
  EXPECT_EQ(RequestOf<v1::MessageActionRequest>("Resume-Message", {"1"}).action(),
            v1::MESSAGE_ACTION_RESUME);
  const auto removed =
      RequestOf<v1::MessageActionRequest>("Remove-Message", {"mbx-0\\3\\17", "-WithNDR", "$false"});
  EXPECT_EQ(removed.action(), v1::MESSAGE_ACTION_REMOVE);
  EXPECT_EQ(removed.identity(), "mbx-0\\3\\17");
  EXPECT_TRUE(removed.without_ndr());
  EXPECT_FALSE(RequestOf<v1::MessageActionRequest>("Remove-Message", {"17"}).without_ndr());
}

TEST(MailCall, DigestHasOneScope) {
  const auto request = RequestOf<v1::GetQueueDigestRequest>(
      "Get-QueueDigest", {"-Site", "berlin,paris", "-GroupBy", "servername", "-DetailsLevel",
                          "none", "-Timeout", "00:00:05"});
  EXPECT_THAT(request.sites(), ElementsAre("berlin", "paris"));
  EXPECT_EQ(request.group_by(), "ServerName");
  EXPECT_EQ(request.details_level(), "None");
  EXPECT_EQ(request.timeout_ms(), 5000u);
}

TEST(MailCall, MistakesAreNamed) {
  const struct {
    const char* cmdlet;
    std::vector<std::string> words;
    const char* fault;
  } rows[] = {
      {"Suspend-Queue", {}, "-Identity: give -Identity or -Filter"},
      {"Suspend-Queue", {"-Filter", " "}, "says which ones are meant"},
      {"Remove-Message", {"1", "-Filter", "Size -gt 1"}, "is not given beside -Identity"},
      {"Get-Message", {"-ResultSize", "0"}, "a number from 1 to 250000, or unlimited"},
      {"Get-Queue", {"-BookmarkIndex", "unlimited"}, "a number from 1 to 250000 is expected"},
      {"Remove-Message", {"1", "-WithNDR", "perhaps"}, "-WithNDR: \"perhaps\""},
      {"Get-QueueDigest", {"-Forest", "-Site", "x"}, "give one of -Server, -Site and -Forest"},
      {"Get-QueueDigest", {"-Dag", "x"}, "There are no groups of databases here"},
      {"Get-QueueDigest", {"-GroupBy", "Colour"}, "-GroupBy: \"Colour\""},
      {"Get-QueueDigest", {"-Timeout", "01:00:00"}, "00:00:01 to 00:05:00 is expected"},
      {"Export-Message", {}, "-Identity: is required"},
  };

  for (const auto& row : rows)
    EXPECT_THAT(FaultOf(row.cmdlet, row.words), HasSubstr(row.fault)) << row.cmdlet;
}

}  // namespace
}  // namespace postern::cli
