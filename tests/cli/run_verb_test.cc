#include "cli/run_verb.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/cli/fake_service.h"

namespace postern::cli {
namespace {

using ::testing::HasSubstr;

struct RoleRow {
  std::vector<std::string> words;
  const char* role;
};

TEST(RunVerb, ARefusalNamesTheRoleThatTheVerbNeeds) {
  FakeService service;
  service.answer = grpc::Status(grpc::PERMISSION_DENIED, "ann may not");
  const RoleRow rows[] = {
      {{"Get-Queue"}, "role read"},
      {{"Test-Route", "joe@contoso.com"}, "role read"},
      // The site of the server is asked for with Get-Queue.
      {{"New-SendConnector", "x", "-AddressSpaces", "*"}, "role administer"},
  };
  for (const RoleRow& row : rows) {
    StringShell strings;
    std::vector<std::string> words = row.words;
    words.insert(words.end(), {"--insecure-plaintext", "--server", service.address()});
    EXPECT_EQ(strings.Run(words), 1);
    EXPECT_THAT(strings.err.str(), HasSubstr(row.role)) << row.words.front();
  }
}

TEST(RunVerb, SendMessageGoesToTheSubmissionPort) {
  FakeService service;
  StringShell strings;
  strings.in.str("Subject: x\r\n\r\nhello\r\n");
  EXPECT_EQ(strings.Run({"Send-Message", "-", "--from", "a@b.test", "--to", "c@d.test",
                         "--insecure-plaintext", "--server", "127.0.0.1:1", "--submission",
                         service.address()}),
            0)
      << strings.err.str();
  EXPECT_EQ(service.content, "Subject: x\r\n\r\nhello\r\n");
}

}  // namespace
}  // namespace postern::cli
