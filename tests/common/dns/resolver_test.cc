#include "common/dns/resolver.h"

#include <gtest/gtest.h>

namespace postern::dns {
namespace {

TEST(ResolverTest, ATimeToLiveTravelsWithItsNo) {
  const absl::Status no = WithNegativeTtl(absl::NotFoundError("no such name"), absl::Seconds(42));
  EXPECT_TRUE(absl::IsNotFound(no));
  EXPECT_EQ(NegativeTtlOf(no), absl::Seconds(42));
}

TEST(ResolverTest, AFailureWithoutATimeToLiveHasNone) {
  EXPECT_EQ(NegativeTtlOf(absl::UnavailableError("server failure")), absl::ZeroDuration());
}

}  // namespace
}  // namespace postern::dns
