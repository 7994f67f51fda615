#include "common/smtp/outcome.h"

#include "gtest/gtest.h"

namespace postern::smtp {
namespace {

TEST(OutcomeTest, AFailureIsEveryRecipients) {
  const mail::EnhancedStatus code{4, 3, 2};
  const Outcome outcome =
      Outcome::Failed(3, Origin::kFrontEnd, absl::UnavailableError("gone"), code);
  ASSERT_EQ(outcome.recipients.size(), 3u);
  for (const RecipientResult& result : outcome.recipients) {
    EXPECT_EQ(result.origin, Origin::kFrontEnd);
    EXPECT_EQ(result.enhanced, code);
    EXPECT_FALSE(result.delivered());
  }
}

TEST(OutcomeTest, EveryOriginAndStageHasItsOwnName) {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(Origin::kLocal); ++i) {
    names.insert(NameOf(static_cast<Origin>(i)));
  }
  EXPECT_EQ(names.size(), 7u);
  names.clear();
  for (int i = 0; i <= static_cast<int>(Stage::kBody); ++i) {
    names.insert(NameOf(static_cast<Stage>(i)));
  }
  EXPECT_EQ(names.size(), 10u);
}

}  // namespace
}  // namespace postern::smtp
