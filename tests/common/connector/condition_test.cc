#include "common/connector/condition.h"

#include "gtest/gtest.h"

namespace postern::connector {
namespace {

TEST(ConditionTest, ReadyIsOfItsTypeWithWhatIsSaid) {
  const v1::Condition condition = ReadyIs("False", "NoFrontEnd", "there is none");
  EXPECT_EQ(condition.type(), "Ready");
  EXPECT_EQ(condition.status(), "False");
  EXPECT_EQ(condition.reason(), "NoFrontEnd");
  EXPECT_EQ(condition.message(), "there is none");
}

}  // namespace
}  // namespace postern::connector
