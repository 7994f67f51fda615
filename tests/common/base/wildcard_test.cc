#include "common/base/wildcard.h"

#include "gtest/gtest.h"

namespace postern::base {
namespace {

TEST(Wildcard, StarsStandForAnyText) {
  const struct {
    const char* text;
    const char* pattern;
    bool fits;
  } rows[] = {{"Invoice 12", "invoice*", true},
              {"Invoice 12", "*12", true},
              {"Invoice 12", "*voice*", true},
              {"Invoice 12", "*", true},
              {"Invoice 12", "Invoice", false},
              {"aXbXc", "a*X*c", true},
              {"abab", "*ab", true},
              {"", "", true},
              {"", "a", false},
              {"a?c", "a?c", true},
              {"abc", "a?c", false}};

  for (const auto& row : rows)
    EXPECT_EQ(FitsWildcard(row.pattern, row.text), row.fits) << row.text << " " << row.pattern;
}

TEST(Wildcard, FitsAsInPowerShell) {
  EXPECT_TRUE(FitsWildcard("*", "Name"));
  EXPECT_TRUE(FitsWildcard("add*S", "AddressSpaces"));
  EXPECT_TRUE(FitsWildcard("*a*e*", "Name"));
  EXPECT_TRUE(FitsWildcard("name", "Name"));
  EXPECT_FALSE(FitsWildcard("Nam", "Name"));
  EXPECT_FALSE(FitsWildcard("*x*", "Name"));
  EXPECT_FALSE(FitsWildcard("", "Name"));
}

}  // namespace
}  // namespace postern::base
