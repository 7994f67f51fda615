#include "services/mailbox-transport/admin/sort_order.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace postern::admin {
namespace {

using ::testing::HasSubstr;

constexpr FieldForm kSortForms[] = {{"Size", FieldForm::Kind::kSize}, {"Subject"}};

SortOrder::Key KeyFor(const SortOrder& order, std::int64_t size, const char* subject) {
  return order.KeyOf([&](std::size_t field) {
    return field == 0 ? FieldValue(size) : FieldValue(std::string(subject));
  });
}

TEST(SortOrder, SignsSayUpOrDown) {
  const auto order = SortOrder::Parse("-Size, +subject", kSortForms, "message");
  ASSERT_TRUE(order.ok()) << order.status();
  EXPECT_LT(order->Compare(KeyFor(*order, 2, "b"), KeyFor(*order, 1, "a")), 0);
  EXPECT_LT(order->Compare(KeyFor(*order, 1, "a"), KeyFor(*order, 1, "B")), 0);
  EXPECT_EQ(order->Compare(KeyFor(*order, 1, "a"), KeyFor(*order, 1, "A")), 0);
}

TEST(SortOrder, NothingIsNoOrder) {
  EXPECT_TRUE(SortOrder::Parse(" ", kSortForms, "message")->empty());
}

TEST(SortOrder, MistakesAreNamed) {
  EXPECT_THAT(
      std::string(SortOrder::Parse("Sise", kSortForms, "message").status().message()),
      HasSubstr("sort order: \"Sise\" is no property of a message; there are Size, Subject"));
  EXPECT_FALSE(SortOrder::Parse("Size,,Subject", kSortForms, "message").ok());
  std::string many = "Size";
  for (std::size_t i = 0; i < kSortFieldsMax; ++i)
    many += ",Size";
  EXPECT_FALSE(SortOrder::Parse(many, kSortForms, "message").ok());
}

}  // namespace
}  // namespace postern::admin
