#include "common/smtp/host_families.h"

#include "gtest/gtest.h"

namespace postern::smtp {
namespace {

class HostFamiliesTest : public ::testing::Test {
 protected:
  // The order in which the host's two IPv6 and two IPv4 addresses are dialled: "6464".
  std::string OrderOf(std::string_view host, absl::Duration later = absl::ZeroDuration()) const {
    std::vector<io::IpAddress> addresses = {v6_, v4_, v6_, v4_};
    families_.Order(host, addresses, start_ + later);
    std::string order;
    for (const io::IpAddress& address : addresses)
      order += address.is_v4() ? '4' : '6';
    return order;
  }

  const io::IpAddress v6_ = *io::IpAddress::Parse("2001:db8::1");
  const io::IpAddress v4_ = *io::IpAddress::Parse("192.0.2.1");
  const absl::Time start_ = absl::FromUnixSeconds(1'800'000'000);
  HostFamilies families_;
};

TEST_F(HostFamiliesTest, AFamilyThatFailedGoesBehindForTenMinutes) {
  EXPECT_EQ(OrderOf("mx.test"), "6464");
  families_.Failed("mx.test", v6_, start_);
  EXPECT_EQ(OrderOf("mx.test"), "4466");
  EXPECT_EQ(OrderOf("other.test"), "6464");
  EXPECT_EQ(OrderOf("mx.test", absl::Minutes(10) - absl::Seconds(1)), "4466");
  EXPECT_EQ(OrderOf("mx.test", absl::Minutes(10)), "6464");
}

TEST_F(HostFamiliesTest, TwoFamiliesThatFailedKeepTheirTurns) {
  families_.Failed("mx.test", v6_, start_);
  families_.Failed("mx.test", v4_, start_);
  EXPECT_EQ(OrderOf("mx.test"), "6464");
  families_.Worked("mx.test", v6_);
  EXPECT_EQ(OrderOf("mx.test"), "6644");
}

TEST_F(HostFamiliesTest, SuccessForgets) {
  families_.Failed("mx.test", v6_, start_);
  families_.Worked("mx.test", v4_);
  EXPECT_EQ(OrderOf("mx.test"), "4466");
  families_.Worked("mx.test", v6_);
  EXPECT_EQ(OrderOf("mx.test"), "6464");
  EXPECT_EQ(families_.size(), 0u);
}

TEST_F(HostFamiliesTest, TheTableIsBoundedAndMakesRoomForTheLate) {
  for (std::size_t i = 0; i <= HostFamilies::kFailuresMax; ++i)
    families_.Failed("mx" + std::to_string(i), v6_, start_);
  EXPECT_EQ(families_.size(), HostFamilies::kFailuresMax);
  families_.Failed("late.test", v6_, start_ + absl::Minutes(11));
  EXPECT_EQ(families_.size(), 1u);
  EXPECT_EQ(OrderOf("late.test", absl::Minutes(12)), "4466");
}

}  // namespace
}  // namespace postern::smtp
