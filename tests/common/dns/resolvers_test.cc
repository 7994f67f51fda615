#include "common/dns/resolvers.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/io/executor.h"

namespace postern::dns {
namespace {

using ::testing::HasSubstr;

class ResolversTest : public ::testing::Test {
 protected:
  ResolversTest() { executor_.Start(); }

  ~ResolversTest() override { executor_.Stop(); }

  // "one", "two", or why there are none.
  std::string Made() {
    std::string result;
    executor_.Run([&] {
      const auto made = Resolvers::Make(executor_, settings_, servers_, external_, registry_);
      result = !made.ok()                                    ? std::string(made.status().message())
               : (*made)->external() == nullptr              ? "one"
               : (*made)->external() == &(*made)->internal() ? "the same twice"
                                                             : "two";
    });
    return result;
  }

  observe::Registry registry_;
  io::Executor executor_{"resolvers"};
  DnsSettings settings_;
  ServersSetting servers_{.key = "deliver.dns_servers", .value = {"127.0.0.1:53"}};
  ServersSetting external_{.key = "deliver.external_dns_servers"};
};

TEST_F(ResolversTest, ThereIsAnExternalOneOnlyWhereItDiffers) {
  EXPECT_EQ(Made(), "one");
  external_.value = {"192.0.2.53"};
  EXPECT_EQ(Made(), "two");
}

TEST_F(ResolversTest, WhatIsWrongOfEitherIsNamed) {
  external_.value = {"192.0.2.53"};
  settings_.external_trust_ad.value = "yes";
  EXPECT_THAT(Made(), HasSubstr("dns.external_trust_ad: yes, but the name server 192.0.2.53"));
  settings_.protocol.value = "smoke";
  EXPECT_THAT(Made(), HasSubstr("dns.protocol"));
}

}  // namespace
}  // namespace postern::dns
