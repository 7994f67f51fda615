#include "services/frontend-transport/egress/address_check.h"

#include "gtest/gtest.h"

#include "tests/support/fake_resolver.h"

namespace postern::egress {
namespace {

class AddressCheckTest : public ::testing::Test {
 protected:
  AddressCheckTest() { executor_.Start(); }

  ~AddressCheckTest() override { executor_.Stop(); }

  // The metric after each round of `rounds`.
  double After(
      const std::string& line,
      const std::function<void()>& between = [] {},
      const std::string& site_name = "site.example.test") {
    const io::IpAddress own = *io::IpAddress::Parse("10.0.0.5");
    const auto pool = smtp::SourcePool::Parse({line}, {own});
    EXPECT_TRUE(pool.ok()) << pool.status();
    std::unique_ptr<AddressCheck> check;
    executor_.Run([&] {
      check = std::make_unique<AddressCheck>(executor_, dns_, *pool, site_name, absl::Hours(1),
                                             registry_);
    });
    io::RunTask(executor_, check->Check());
    between();
    io::RunTask(executor_, check->Check());
    executor_.Run([&] { check.reset(); });
    return NamesAgree(registry_, "default", "10.0.0.5").value();
  }

  void Agree(const std::string& name, const std::string& address) {
    dns_.A(name, address);
    dns_.Ptr(address, name);
  }

  io::Executor executor_{"check"};
  testing::FakeResolver dns_;
  observe::Registry registry_;
};

TEST_F(AddressCheckTest, NameThatLeadsThereAndBackIsRight) {
  Agree("mail.example.test", "10.0.0.5");
  EXPECT_EQ(After("address=10.0.0.5 ehlo=mail.example.test"), 1);
}

TEST_F(AddressCheckTest, PublicAddressIsTheOneThatCounts) {
  Agree("mail.example.test", "198.51.100.25");
  EXPECT_EQ(After("address=10.0.0.5 ehlo=mail.example.test public=198.51.100.25"), 1);
}

TEST_F(AddressCheckTest, NameOfTheSiteCountsWithoutOneOfItsOwn) {
  Agree("site.example.test", "10.0.0.5");
  EXPECT_EQ(After("address=10.0.0.5"), 1);
}

TEST_F(AddressCheckTest, NameThatLeadsElsewhereIsWrong) {
  dns_.A("mail.example.test", "10.0.0.6");
  dns_.Ptr("10.0.0.5", "mail.example.test");
  EXPECT_EQ(After("address=10.0.0.5 ehlo=mail.example.test"), 0);
}

TEST_F(AddressCheckTest, AddressThatLeadsElsewhereIsWrong) {
  dns_.A("mail.example.test", "10.0.0.5");
  dns_.Ptr("10.0.0.5", "ip-10-0-0-5.cloud.test");
  EXPECT_EQ(After("address=10.0.0.5 ehlo=mail.example.test"), 0);
}

TEST_F(AddressCheckTest, AddressWithoutAnyNameIsWrong) {
  EXPECT_EQ(After(
                "address=10.0.0.5", [] {}, ""),
            0);
}

TEST_F(AddressCheckTest, WhatIsKnownStaysWhileNobodyAnswers) {
  Agree("mail.example.test", "10.0.0.5");
  EXPECT_EQ(After("address=10.0.0.5 ehlo=mail.example.test",
                  [this] { dns_.ServFail("mail.example.test"); }),
            1);
}

}  // namespace
}  // namespace postern::egress
