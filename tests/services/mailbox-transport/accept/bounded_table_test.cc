#include "services/mailbox-transport/accept/bounded_table.h"

#include <gtest/gtest.h>

namespace postern::accept {
namespace {

TEST(BoundedTableTest, TheLeastRecentlyUsedGoes) {
  BoundedTable<int> table(2);
  table.At("a") = 1;
  table.At("b") = 2;
  EXPECT_NE(table.Find("a"), nullptr);
  table.At("c") = 3;
  EXPECT_EQ(table.Find("b"), nullptr);
  EXPECT_EQ(*table.Find("a"), 1);
  table.Erase("a");
  EXPECT_EQ(table.size(), 1u);
}

}  // namespace
}  // namespace postern::accept
