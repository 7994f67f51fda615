#include "common/base/slug.h"

#include <string>

#include "gtest/gtest.h"

namespace postern::base {
namespace {

TEST(SlugTest, LowerCaseLettersDigitsAndHyphensWithin) {
  for (const char* text : {"a", "mbx-0", "0", "default-first-site-name"})
    EXPECT_TRUE(IsSlug(text)) << text;
  for (const char* text : {"", "-a", "a-", "A", "a.b", "a_b", "a b", "\xc3\xa4"})
    EXPECT_FALSE(IsSlug(text)) << text;
  EXPECT_TRUE(IsSlug(std::string(63, 'a')));
  EXPECT_FALSE(IsSlug(std::string(64, 'a')));
}

}  // namespace
}  // namespace postern::base
