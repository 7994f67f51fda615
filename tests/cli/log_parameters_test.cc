#include "cli/log_parameters.h"

#include <algorithm>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace postern::cli {
namespace {

TEST(LogParameters, TablesAreInTheOrderOfTheirNames) {
  for (const char* name : {"Get-MessageTrackingLog", "Get-TlsReport"}) {
    const auto table = LogParameters(FindCmdlet(name)->action);
    EXPECT_FALSE(table.empty()) << name;
    EXPECT_TRUE(std::is_sorted(table.begin(), table.end(), [](const auto& a, const auto& b) {
      return a.name < b.name;
    })) << name;
  }
  EXPECT_TRUE(LogParameters(FindCmdlet("Get-Queue")->action).empty());
}

}  // namespace
}  // namespace postern::cli
