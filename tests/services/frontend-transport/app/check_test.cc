#include "gmock/gmock.h"

#include "services/frontend-transport/app/app.h"
#include "tests/support/settings_faults.h"

namespace postern::frontend {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::SettingsFaults;

AppSettings Good() {
  return testing::GoodSettings<AppSettings>();
}

TEST(FrontendSettingsCheck, DefaultsAreGoodAndMutualTlsHasNone) {
  EXPECT_EQ(SettingsFaults<App>(Good()), "");
  EXPECT_THAT(SettingsFaults<App>(AppSettings()), HasSubstr("rpc.ca_file is not set"));
}

TEST(FrontendSettingsCheck, AllMistakesAreToldWithKeyValueAndRule) {
  AppSettings settings = Good();
  settings.egress.addresses.value = {"address=here", "address=192.0.2.1", "address=192.0.2.1"};
  settings.egress.dns_servers.value = {"foo"};
  settings.egress.implicit_tls_ports.value = {"0"};
  settings.server.proxy_address.value = "0.0.0.0";
  settings.rpc.insecure_plaintext.value = true;
  settings.server.http_address.value = "here:1";
  const std::string faults = SettingsFaults<App>(settings);
  EXPECT_THAT(faults, AllOf(HasSubstr("address is an IP address"), HasSubstr("\"address=here\""),
                            HasSubstr("egress.dns_servers: dns server \"foo\""),
                            HasSubstr("egress.implicit_tls_ports: \"0\": must be a port"),
                            HasSubstr("server.proxy_address: \"0.0.0.0\": write address:port"),
                            HasSubstr("server.http_address: listen on \"here:1\"")));
}

TEST(FrontendSettingsCheck, NamesAndPortsAreThose) {
  AppSettings settings = Good();
  settings.server.name.value = "mail example.com";
  settings.server.site.value = "Site/A";
  settings.server.proxy_address.value = "127.0.0.1:9717";
  EXPECT_THAT(SettingsFaults<App>(settings),
              AllOf(HasSubstr("server.name: \"mail example.com\": is a domain name"),
                    HasSubstr("server.site: \"Site/A\": a name is 1 to 63 lower-case"),
                    HasSubstr("server.http_address: \"0.0.0.0:9717\": server.proxy_address")));
}

TEST(FrontendSettingsCheck, AnAddressIsListedOnce) {
  AppSettings settings = Good();
  settings.egress.addresses.value = {"address=192.0.2.1", "address=192.0.2.1"};
  EXPECT_THAT(SettingsFaults<App>(settings), HasSubstr("an address is listed once"));
}

}  // namespace
}  // namespace postern::frontend
