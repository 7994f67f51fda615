#include "common/smtp/unlogged.h"

#include "gtest/gtest.h"

#include "common/base/text.h"

namespace postern::smtp {
namespace {

TEST(Unlogged, EachConnectorIsToldOnce) {
  Unlogged unlogged("egress", "protocol_log.path");
  EXPECT_TRUE(unlogged.Note("Internet"));
  EXPECT_FALSE(unlogged.Note("Internet"));
  EXPECT_TRUE(unlogged.Note("Partner"));
}

TEST(Unlogged, ConnectorsAreBounded) {
  Unlogged unlogged("egress", "protocol_log.path");
  for (std::size_t i = 0; i < kUnloggedMax; ++i)
    EXPECT_TRUE(unlogged.Note(base::Cat("connector-", i)));
  EXPECT_FALSE(unlogged.Note("one more"));
}

}  // namespace
}  // namespace postern::smtp
