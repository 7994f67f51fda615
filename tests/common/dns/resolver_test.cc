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

TEST(ResolverTest, AnAddressHasANameToAskForItsOwn) {
  EXPECT_EQ(ReverseName(*io::IpAddress::Parse("192.0.2.25")), "25.2.0.192.in-addr.arpa");
  EXPECT_EQ(ReverseName(*io::IpAddress::Parse("2001:db8::567:89ab")),
            "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
}

}  // namespace
}  // namespace postern::dns
