#include "common/mail/importance.h"

#include <gtest/gtest.h>

namespace postern::mail {
namespace {

TEST(ImportanceTest, XPriorityIsANumberFromOneToFive) {
  struct Row {
    std::string_view body;
    std::optional<Importance> is;
  };

  const Row rows[] = {
      {"1", Importance::kHigh},  {" 1 (Highest)\r\n", Importance::kHigh},
      {"2", Importance::kHigh},  {" 3", Importance::kNormal},
      {"4", Importance::kLow},   {"5(Lowest)", Importance::kLow},
      {"0", std::nullopt},       {"6", std::nullopt},
      {"10", std::nullopt},      {"", std::nullopt},
      {"Highest", std::nullopt},
  };
  for (const Row& row : rows)
    EXPECT_EQ(ParseXPriority(row.body), row.is) << row.body;
}

TEST(ImportanceTest, ImportanceIsAWord) {
  EXPECT_EQ(ParseImportance(" High"), Importance::kHigh);
  EXPECT_EQ(ParseImportance("normal"), Importance::kNormal);
  EXPECT_EQ(ParseImportance("LOW \r\n"), Importance::kLow);
  EXPECT_EQ(ParseImportance("highest"), std::nullopt);
}

TEST(ImportanceTest, XPriorityGoesBeforeImportanceAndTheFirstCounts) {
  HeaderImportance header;
  EXPECT_EQ(header.value(), Importance::kNormal);
  header.See("importance", "low");
  EXPECT_EQ(header.value(), Importance::kLow);
  header.See("X-PRIORITY", "1");
  header.See("X-Priority", "5");
  EXPECT_EQ(header.value(), Importance::kHigh);
}

}  // namespace
}  // namespace postern::mail
