#include "common/smtp/unreached.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"

namespace postern::smtp {
namespace {

class UnreachedTest : public ::testing::Test {
 protected:
  static io::Endpoint At(int number) {
    return *io::Endpoint::Parse(base::Cat("192.0.2.", number, ":25"));
  }

  // "a: 1 2, b: 3", by the ends of the addresses.
  std::string Order(absl::Duration later = absl::ZeroDuration(), std::uint16_t port = 25) const {
    std::vector<dns::Host> hosts;
    for (const auto& [name, numbers] : hosts_) {
      dns::Host host;
      host.name = name;
      for (const int number : numbers)
        host.addresses.push_back(At(number).address);
      hosts.push_back(std::move(host));
    }
    unreached_.Order(hosts, port, start_ + later);
    std::string shown;
    for (const dns::Host& host : hosts) {
      if (!shown.empty()) shown += ", ";
      shown += host.name + ":";
      for (const io::IpAddress& address : host.addresses)
        shown += base::Cat(" ", static_cast<int>(address.bytes.back()));
    }
    return shown;
  }

  std::vector<std::pair<std::string, std::vector<int>>> hosts_ = {
      {"a", {1, 2}}, {"b", {3}}, {"c", {4}}};
  const absl::Time start_ = absl::FromUnixSeconds(1'800'000'000);
  Unreached unreached_;
};

TEST_F(UnreachedTest, AHostGoesBehindWhenAllItsAddressesFailed) {
  EXPECT_EQ(Order(), "a: 1 2, b: 3, c: 4");
  unreached_.Failed(At(1), start_);
  EXPECT_EQ(Order(), "a: 2 1, b: 3, c: 4");
  unreached_.Failed(At(2), start_);
  EXPECT_EQ(Order(), "b: 3, c: 4, a: 1 2");
  EXPECT_EQ(Order(absl::ZeroDuration(), 26), "a: 1 2, b: 3, c: 4") << "another port is another";
}

TEST_F(UnreachedTest, WhenAllHaveFailedTheOrderIsAsEver) {
  for (int number = 1; number <= 4; ++number)
    unreached_.Failed(At(number), start_);
  EXPECT_EQ(Order(), "a: 1 2, b: 3, c: 4");
}

TEST_F(UnreachedTest, AFailureIsForgottenAfterTenMinutesOrWhenItWorks) {
  unreached_.Failed(At(3), start_);
  EXPECT_EQ(Order(absl::Minutes(10) - absl::Seconds(1)), "a: 1 2, c: 4, b: 3");
  EXPECT_EQ(Order(absl::Minutes(10)), "a: 1 2, b: 3, c: 4");
  unreached_.Worked(At(3));
  EXPECT_EQ(Order(), "a: 1 2, b: 3, c: 4");
  EXPECT_EQ(unreached_.size(), 0u);
}

TEST_F(UnreachedTest, TheTableIsBoundedAndMakesRoomForTheLate) {
  io::Endpoint address = At(1);
  for (std::size_t i = 0; i <= Unreached::kAddressesMax; ++i) {
    address.port = static_cast<std::uint16_t>(i);
    unreached_.Failed(address, start_);
  }
  EXPECT_EQ(unreached_.size(), Unreached::kAddressesMax);
  unreached_.Failed(At(3), start_ + absl::Minutes(11));
  EXPECT_EQ(unreached_.size(), 1u);
  EXPECT_EQ(Order(absl::Minutes(12)), "a: 1 2, c: 4, b: 3");
}

}  // namespace
}  // namespace postern::smtp
