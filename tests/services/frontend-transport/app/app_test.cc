#include "services/frontend-transport/app/app.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"

namespace postern::frontend {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class FrontEndAppTest : public ::testing::Test {
 protected:
  FrontEndAppTest() {
    settings_.server.name.value = "fe-0";
    settings_.server.proxy_address.value = "127.0.0.1:0";
    settings_.server.http_address.value = "127.0.0.1:0";
    settings_.server.io_threads.value = 2;
    settings_.egress.dns_servers.value = {"127.0.0.1:53"};
    settings_.rpc.insecure_plaintext.value = true;
  }

  std::string Refusal() { return App::Start(settings_).status().ToString(); }

  AppSettings settings_;
};

TEST_F(FrontEndAppTest, StartsAndStopsTwice) {
  auto app = App::Start(settings_);
  ASSERT_TRUE(app.ok()) << app.status();
  EXPECT_GT((*app)->proxy_port(), 0);
  EXPECT_GT((*app)->http_port(), 0);
  EXPECT_THAT((*app)->registry().Text(), HasSubstr("postern_egress_streams"));
  (*app)->Stop();
  (*app)->Stop();
}

TEST_F(FrontEndAppTest, PortThatIsInUseIsNamed) {
  auto app = App::Start(settings_);
  ASSERT_TRUE(app.ok()) << app.status();
  settings_.server.proxy_address.value = base::Cat("127.0.0.1:", (*app)->proxy_port());
  EXPECT_THAT(Refusal(), HasSubstr(*settings_.server.proxy_address));
}

TEST_F(FrontEndAppTest, PlainTextIsForLoopbackOnly) {
  settings_.server.proxy_address.value = "0.0.0.0:0";
  EXPECT_THAT(Refusal(), HasSubstr("rpc.insecure_plaintext"));
}

TEST_F(FrontEndAppTest, MissingCertificateIsNamed) {
  settings_.rpc.insecure_plaintext.value = false;
  EXPECT_THAT(Refusal(), HasSubstr("rpc.certificate_file"));
}

TEST_F(FrontEndAppTest, ANameServerElsewhereMayNotVouchUnlessAllowed) {
  settings_.dns.trust_ad.value = "yes";
  settings_.egress.dns_servers.value = {"192.0.2.53"};
  EXPECT_THAT(Refusal(), AllOf(HasSubstr("dns.trust_ad: yes"), HasSubstr("egress.dns_servers"),
                               HasSubstr("dns.trust_ad_remote")));
  settings_.dns.trust_ad_remote.value = true;
  EXPECT_EQ(Refusal(), "OK");
  settings_.dns.trust_ad_remote.value = false;
  settings_.dns.trust_ad.value = "auto";
  settings_.dns.external_trust_ad.value = "yes";
  EXPECT_THAT(Refusal(), HasSubstr("dns.external_trust_ad: yes"));
}

TEST_F(FrontEndAppTest, ADnsSettingWithAnotherWordIsNamed) {
  settings_.dns.fault_tolerance.value = "strict";
  EXPECT_THAT(Refusal(), HasSubstr("dns.fault_tolerance: \"strict\" is not Lenient or Normal"));
}

}  // namespace
}  // namespace postern::frontend
