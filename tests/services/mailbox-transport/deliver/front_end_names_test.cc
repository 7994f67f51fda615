#include "services/mailbox-transport/deliver/front_end_names.h"

#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/await.h"
#include "tests/support/fake_resolver.h"

namespace postern::deliver {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class FrontEndNamesTest : public ::testing::Test {
 protected:
  FrontEndNamesTest() {
    executor_.Start();
    settings_.front_end_refresh.value = absl::Milliseconds(5);
    executor_.Run([this] {
      names_ = std::make_unique<FrontEndNames>(executor_, settings_, &dns_,
                                               [this](const std::vector<std::string>& addresses) {
                                                 addresses_ = addresses;
                                                 ++changes_;
                                               });
    });
  }

  ~FrontEndNamesTest() override {
    executor_.Run([this] { names_->Stop(); });
    io::RunTask(executor_, names_->Join());
    executor_.Run([this] { names_.reset(); });
    executor_.Stop();
  }

  void Set(const std::vector<std::string>& names) {
    executor_.Run([&] { names_->Set(names); });
  }

  std::vector<std::string> Addresses() {
    std::vector<std::string> now;
    executor_.Run([&] { now = addresses_; });
    return now;
  }

  bool Soon(const std::vector<std::string>& wanted) {
    return testing::Soon([&] { return Addresses() == wanted; });
  }

  // Until the name has been asked for `more` times more.
  void Asked(const std::string& host, int more) {
    const int until = dns_.address_questions(host) + more;
    while (dns_.address_questions(host) < until)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

  io::Executor executor_{"names"};
  testing::FakeResolver dns_;
  DeliverSettings settings_;
  std::vector<std::string> addresses_;
  int changes_ = 0;
  std::unique_ptr<FrontEndNames> names_;
};

TEST_F(FrontEndNamesTest, AddressesAreKnownAtOnceAndAskNobody) {
  Set({"192.0.2.7:7170", "[2001:db8::7]:7171", "dns:///192.0.2.8:7170", "localhost:7170"});
  EXPECT_THAT(Addresses(), ElementsAre("127.0.0.1:7170", "192.0.2.7:7170", "192.0.2.8:7170",
                                       "[2001:db8::7]:7171"));
  EXPECT_EQ(dns_.questions(), 0);
}

TEST_F(FrontEndNamesTest, EachAddressOfANameIsOneOfBothFamilies) {
  dns_.A("front.test", "192.0.2.7");
  dns_.A("front.test", "2001:db8::7");
  Set({"dns:///Front.test:7170"});
  EXPECT_TRUE(Soon({"192.0.2.7:7170", "[2001:db8::7]:7170"}));
}

TEST_F(FrontEndNamesTest, AddressesThatComeAndGoAreFollowed) {
  dns_.A("front.test", "192.0.2.7");
  Set({"front.test:7170"});
  ASSERT_TRUE(Soon({"192.0.2.7:7170"}));
  dns_.A("front.test", "192.0.2.8");
  ASSERT_TRUE(Soon({"192.0.2.7:7170", "192.0.2.8:7170"}));
  dns_.NxDomain("front.test");
  ASSERT_TRUE(Soon({}));
  executor_.Run([this] {
    EXPECT_THAT(std::string(names_->error().message()), HasSubstr("front.test has no address"));
  });
}

TEST_F(FrontEndNamesTest, AddressesStayWhileNobodyAnswers) {
  dns_.A("front.test", "192.0.2.7");
  Set({"front.test:7170"});
  ASSERT_TRUE(Soon({"192.0.2.7:7170"}));
  dns_.ServFail("front.test");
  Asked("front.test", 3);
  EXPECT_THAT(Addresses(), ElementsAre("192.0.2.7:7170"));
  executor_.Run(
      [this] { EXPECT_THAT(std::string(names_->error().message()), HasSubstr("server failure")); });
}

TEST_F(FrontEndNamesTest, SameAnswerIsToldOnce) {
  dns_.A("front.test", "192.0.2.7");
  Set({"front.test:7170"});
  ASSERT_TRUE(Soon({"192.0.2.7:7170"}));
  Asked("front.test", 3);
  executor_.Run([this] { EXPECT_EQ(changes_, 1); });
}

TEST_F(FrontEndNamesTest, NameThatLeavesTheDirectoryIsForgotten) {
  dns_.A("front.test", "192.0.2.7");
  Set({"front.test:7170", "192.0.2.9:7170"});
  ASSERT_TRUE(Soon({"192.0.2.7:7170", "192.0.2.9:7170"}));
  Set({"192.0.2.9:7170"});
  EXPECT_THAT(Addresses(), ElementsAre("192.0.2.9:7170"));
}

TEST_F(FrontEndNamesTest, LossOfOneIsAReasonToAskSoon) {
  settings_.front_end_refresh.value = absl::Minutes(10);
  dns_.A("front.test", "192.0.2.7");
  Set({"front.test:7170"});
  ASSERT_TRUE(Soon({"192.0.2.7:7170"}));
  dns_.A("front.test", "192.0.2.8");
  executor_.Run([this] { names_->AskSoon(); });
  EXPECT_TRUE(Soon({"192.0.2.7:7170", "192.0.2.8:7170"}));
}

TEST_F(FrontEndNamesTest, NameIsBeingAskedUntilItsFirstAnswer) {
  dns_.SetDelay(absl::Milliseconds(50));
  executor_.Run([this] {
    names_->Set({"front.test:7170"});
    EXPECT_TRUE(names_->asking());
  });
  Asked("front.test", 2);
  executor_.Run([this] { EXPECT_FALSE(names_->asking()); });
  EXPECT_THAT(Addresses(), IsEmpty());
}

TEST_F(FrontEndNamesTest, AtMostSoManyAddressesAreUsed) {
  for (std::size_t i = 0; i < kFrontEndsMax + 10; ++i)
    dns_.A("front.test", "192.0.2." + std::to_string(i + 1));
  Set({"front.test:7170"});
  for (int i = 0; i < 5000 && Addresses().empty(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(Addresses().size(), kFrontEndsMax);
}

}  // namespace
}  // namespace postern::deliver
