#include "gmock/gmock.h"

#include "services/mailbox-transport/app/app.h"
#include "tests/support/settings_faults.h"

namespace postern::app {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::SettingsFaults;

AppSettings Good() {
  return testing::GoodSettings<AppSettings>();
}

TEST(MailboxSettingsCheck, DefaultsAreGoodAndMutualTlsHasNone) {
  EXPECT_EQ(SettingsFaults<App>(Good()), "");
  EXPECT_THAT(SettingsFaults<App>(AppSettings()), HasSubstr("rpc.ca_file is not set"));
}

TEST(MailboxSettingsCheck, AllMistakesAreToldWithKeyValueAndRule) {
  AppSettings settings = Good();
  settings.accept.listeners.value = {"name=a address=0.0.0.0:2525 networks=0.0.0.0/0",
                                     "name=b address=0.0.0.0:2526 tls=starttls"};
  settings.deliver.dns_servers.value = {"foo", "127.0.0.1:53", "bar"};
  settings.deliver.implicit_tls_ports.value = {"smtps"};
  settings.queue.rate_limits.value = {"bla", "a.test=10/min", "b.test=0/s"};
  settings.dns.protocol.value = "UseCarrierPigeon";
  settings.directory.source.value = "ldap";
  settings.directory.writer.value = "nowhere";
  settings.endpoints.admin_address.value = "7172";
  settings.endpoints.http_address.value = "9717s";
  const std::string faults = SettingsFaults<App>(settings);
  EXPECT_THAT(faults, AllOf(HasSubstr("accept.listeners: listener a: networks \"0.0.0.0/0\": "),
                            HasSubstr("accept.listeners: listener b: tls \"starttls\": needs a"),
                            HasSubstr("deliver.dns_servers: dns server \"foo\": not an address"),
                            HasSubstr("deliver.dns_servers: dns server \"bar\": not an address"),
                            HasSubstr("deliver.implicit_tls_ports: \"smtps\": must be a port")));
  EXPECT_THAT(faults, AllOf(HasSubstr("queue.rate_limits: \"bla\": write destination=count"),
                            HasSubstr("queue.rate_limits: \"b.test=0/s\": the count is"),
                            HasSubstr("dns.protocol: \"UseCarrierPigeon\" is not Any"),
                            HasSubstr("directory.source: \"ldap\" is neither"),
                            HasSubstr("directory.writer: \"nowhere\" is not host:port"),
                            HasSubstr("server.admin_address: \"7172\": write address:port"),
                            HasSubstr("server.http_address: listen on \"9717s\": write an IP")));
  EXPECT_EQ(std::count(faults.begin(), faults.end(), '\n'), 11);
}

TEST(MailboxSettingsCheck, NamesAndAddressesAreThose) {
  AppSettings settings = Good();
  settings.server.name.value = "mbx.0";
  settings.server.fqdn.value = "mail example.com";
  settings.kubernetes.site.value = "Site A";
  settings.rpc.trust_domain.value = "Postern Local";
  settings.settle.external_dsn_reporting_authority.value = "-";
  settings.settle.external_postmaster_address.value = "postmaster";
  settings.deliver.tls_report_contact.value = "mailto:tls@contoso.com@x";
  const std::string faults = SettingsFaults<App>(settings);
  EXPECT_THAT(faults, AllOf(HasSubstr("server.name: \"mbx.0\": a name is 1 to 63 lower-case"),
                            HasSubstr("server.fqdn: \"mail example.com\": is a domain name"),
                            HasSubstr("kubernetes.site: \"Site A\": a name is"),
                            HasSubstr("rpc.trust_domain: \"Postern Local\": is 1 to 255")));
  EXPECT_THAT(faults,
              AllOf(HasSubstr("settle.external_dsn_reporting_authority: \"-\": is a domain"),
                    HasSubstr("settle.external_postmaster_address: \"postmaster\": is an"),
                    HasSubstr("deliver.tls_report_contact: \"mailto:tls@contoso.com@x\"")));
  EXPECT_EQ(std::count(faults.begin(), faults.end(), '\n'), 6);
  settings = Good();
  settings.server.name.value = "MBX-0";
  settings.server.fqdn.value = "mail.contoso.com";
  settings.settle.external_postmaster_address.value = "postmaster@contoso.com";
  settings.deliver.tls_report_contact.value = "tls@contoso.com";
  EXPECT_EQ(SettingsFaults<App>(settings), "");
}

TEST(MailboxSettingsCheck, TwoPortsAreNotTheSame) {
  AppSettings settings = Good();
  settings.endpoints.admin_address.value = "127.0.0.1:9717";
  settings.accept.listeners.value = {"name=relay address=0.0.0.0:7171"};
  const std::string faults = SettingsFaults<App>(settings);
  EXPECT_THAT(faults,
              AllOf(HasSubstr("server.http_address: \"0.0.0.0:9717\": server.admin_address"),
                    HasSubstr("accept.listeners: listener relay: \"0.0.0.0:7171\": "
                              "server.submission_address")));
}

TEST(MailboxSettingsCheck, WhatBelongsTogetherIsCheckedTogether) {
  AppSettings settings = Good();
  settings.queue.priority_queuing_enabled.value = true;
  settings.queue.max_per_domain_high_priority_connections.value = 1000;
  settings.queue.rate_limits.value = {"bla"};
  EXPECT_THAT(SettingsFaults<App>(settings),
              AllOf(HasSubstr("_priority_connections: "), HasSubstr("bla")));
}

}  // namespace
}  // namespace postern::app
