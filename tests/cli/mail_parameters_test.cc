#include "cli/mail_parameters.h"

#include <algorithm>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace postern::cli {
namespace {

TEST(MailParameters, TablesAreInTheOrderOfTheirNames) {
  for (const Cmdlet& cmdlet : Cmdlets()) {
    const auto table = MailParameters(cmdlet.action);
    EXPECT_TRUE(std::is_sorted(table.begin(), table.end(), [](const auto& a, const auto& b) {
      return a.name < b.name;
    })) << cmdlet.name;
  }
}

TEST(MailParameters, EveryCmdletReadsOrActsOrDoesNeither) {
  for (const Cmdlet& cmdlet : Cmdlets()) {
    const bool mail = !MailParameters(cmdlet.action).empty();
    EXPECT_EQ(ReadsMail(cmdlet.action) || ActsOnMail(cmdlet.action), mail) << cmdlet.name;
    EXPECT_FALSE(ReadsMail(cmdlet.action) && ActsOnMail(cmdlet.action)) << cmdlet.name;
  }
  EXPECT_TRUE(ReadsMail(FindCmdlet("Get-QueueDigest")->action));
  EXPECT_TRUE(ActsOnMail(FindCmdlet("Retry-Queue")->action));
}

}  // namespace
}  // namespace postern::cli
