#include "services/mailbox-transport/deliver/deliver.h"

#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"
#include "tests/support/certificates.h"

namespace postern::deliver {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(MakeDeliveryTest, CarriesWhatTheConnectorSays) {
  connector::SendConnector connector;
  connector.name = "Partner";
  connector.version = "v7";
  connector.dns_routing_enabled = false;
  connector.smart_hosts = {"relay.partner.test"};
  connector.port = 587;
  connector.fqdn = "out.example.test";
  connector.require_tls = true;
  connector.force_helo = true;
  connector.smtp_max_messages_per_connection = 3;
  model::Batch batch;
  batch.message = std::make_shared<model::Message>();
  batch.message->envelope.sender = "ann@a.test";
  batch.message->envelope.recipients.resize(3);
  batch.message->envelope.recipients[1].address = "bob@b.test";
  batch.message->size = 4711;
  batch.message->eight_bit = true;
  batch.next_hop.domain = "relay.partner.test";
  batch.recipients = {1};

  const smtp::Delivery delivery =
      MakeDelivery(batch, connector, /*domain_listed=*/false, absl::Minutes(7));
  EXPECT_FALSE(delivery.route.dns_routing);
  EXPECT_THAT(delivery.route.smart_hosts, ElementsAre("relay.partner.test"));
  EXPECT_EQ(delivery.route.port, 587);
  EXPECT_EQ(delivery.policy.connector, "Partner");
  EXPECT_EQ(delivery.policy.version, "v7");
  EXPECT_EQ(delivery.policy.fqdn, "out.example.test");
  EXPECT_TRUE(delivery.policy.require_tls);
  EXPECT_FALSE(delivery.policy.ignore_start_tls);
  EXPECT_TRUE(delivery.policy.force_helo);
  EXPECT_EQ(delivery.policy.messages_per_connection_max, 3u);
  EXPECT_EQ(delivery.size, 4711u);
  EXPECT_TRUE(delivery.eight_bit);
  EXPECT_EQ(delivery.deadline, absl::Minutes(7));
  ASSERT_EQ(delivery.envelope.recipients.size(), 1u);
  EXPECT_EQ(delivery.envelope.recipients[0].address, "bob@b.test");
}

TEST(MakeDeliveryTest, CarriesEveryParameterOfTheConversation) {
  connector::SendConnector connector;
  connector.name = "Partner";
  connector.tls_auth_level = smtp::TlsAuthLevel::kDomainValidation;
  connector.tls_domain = "*.partner.test";
  connector.tls_certificate_name = "<I>CN=CA<S>CN=out";
  connector.smart_host_auth_mechanism = smtp::SmartHostAuth::kBasicAuth;
  connector.authentication_credential = "relay";
  connector.source_ip_address = *io::IpAddress::Parse("192.0.2.9");
  connector.use_external_dns_servers_enabled = true;
  connector.protocol_logging_level = connector::ProtocolLogging::kVerbose;
  connector.cloud_services_mail_enabled = true;
  connector.allow_policy_override = true;
  connector.revocation_soft_fail = false;
  connector.connection_inactivity_timeout = absl::Seconds(7);
  connector.permissions = connector::DefaultPermissions(connector::Usage::kInternal);
  model::Batch batch;
  batch.message = std::make_shared<model::Message>();
  batch.message->envelope.recipients.resize(1);
  batch.recipients = {0};
  const smtp::ConnectorPolicy policy = MakeDelivery(batch, connector, false, absl::Hours(1)).policy;
  EXPECT_EQ(policy.tls_auth_level, smtp::TlsAuthLevel::kDomainValidation);
  EXPECT_EQ(policy.tls_domain, "*.partner.test");
  EXPECT_EQ(policy.tls_certificate_name, "<I>CN=CA<S>CN=out");
  EXPECT_EQ(policy.auth, smtp::SmartHostAuth::kBasicAuth);
  EXPECT_EQ(policy.credential, "relay");
  EXPECT_EQ(policy.source_address, io::IpAddress::Parse("192.0.2.9").value());
  EXPECT_TRUE(policy.external_dns && policy.protocol_log && policy.cloud_services_mail);
  EXPECT_TRUE(policy.allow_policy_override && !policy.revocation_soft_fail);
  EXPECT_EQ(policy.inactivity, absl::Seconds(7));
  EXPECT_EQ(policy.FirewallFor(smtp::Principal::kExchange).rights, mail::HeaderRights::All());
  EXPECT_EQ(policy.FirewallFor(smtp::Principal::kAnonymous).rights, mail::HeaderRights());
}

TEST(MakeDeliveryTest, DomainSecurityHoldsToTheDomainsOfTheList) {
  model::Batch batch;
  batch.message = std::make_shared<model::Message>();
  batch.message->envelope.recipients.resize(1);
  batch.recipients = {0};
  for (const bool enabled : {true, false}) {
    for (const bool listed : {true, false}) {
      connector::SendConnector connector;
      connector.domain_secure_enabled = enabled;
      EXPECT_EQ(MakeDelivery(batch, connector, listed, absl::Hours(1)).policy.domain_secure,
                enabled && listed);
    }
  }
}

class CheckReadyTest : public ::testing::Test {
 protected:
  std::string WhyNot(bool direct_egress = true) {
    const auto missing =
        CheckReady(connector_, direct_egress, "mbx.a.test", &credentials_, &certificates_);
    return missing ? base::Cat(missing->reason, ": ", missing->message) : "";
  }

  testing::CertificateAuthority ca_;
  io::DiskPool disk_{1};
  smtp::CredentialStore credentials_{ca_.folder() + "/secrets", disk_};
  tls::CertificateStore certificates_{ca_.folder() + "/certificates"};
  connector::SendConnector connector_;
};

TEST_F(CheckReadyTest, AConnectorWithoutNeedsIsReady) {
  EXPECT_EQ(WhyNot(), "");
  EXPECT_EQ(CheckReady(connector_, true, "mbx.a.test", nullptr, nullptr), std::nullopt);
}

TEST_F(CheckReadyTest, AMissingSecretOrCertificateIsTheReason) {
  connector_.smart_host_auth_mechanism = smtp::SmartHostAuth::kBasicAuth;
  connector_.authentication_credential = "relay";
  EXPECT_THAT(WhyNot(), HasSubstr("SecretNotUsable: secret relay: cannot read"));
  const auto no_folder = CheckReady(connector_, true, "mbx.a.test", nullptr, nullptr);
  ASSERT_TRUE(no_folder.has_value());
  EXPECT_EQ(no_folder->reason, "SecretNotUsable");
  EXPECT_THAT(no_folder->message, HasSubstr("this server has no folder of secrets"));
  std::filesystem::create_directories(ca_.folder() + "/secrets/relay");
  for (const char* file : {"username", "password"})
    std::ofstream(ca_.folder() + "/secrets/relay/" + file) << "x";
  EXPECT_EQ(WhyNot(), "");

  connector_.tls_certificate_name = "<I>CN=CA<S>CN=out";
  EXPECT_THAT(WhyNot(),
              HasSubstr("CertificateNotUsable: The certificate specified in TlsCertificateName"));
  connector_.tls_certificate_name.clear();
  connector_.domain_secure_enabled = true;
  EXPECT_THAT(WhyNot(), HasSubstr("there is none for mbx.a.test"));
}

TEST_F(CheckReadyTest, OfAProxiedConnectorTheFrontEndsKnow) {
  connector_.tls_certificate_name = "<I>CN=CA<S>CN=out";
  connector_.frontend_proxy_enabled = true;
  EXPECT_EQ(WhyNot(), "");
}

TEST_F(CheckReadyTest, WithoutDirectEgressOnlyAProxiedConnectorIsReady) {
  connector_.dns_routing_enabled = true;
  EXPECT_THAT(WhyNot(false), StartsWith("NoDirectEgress: no direct egress in this installation"));
  connector_.dns_routing_enabled = false;
  connector_.smart_hosts = {"relay.partner.test"};
  EXPECT_TRUE(absl::IsFailedPrecondition(CheckEgress(connector_, false)));
  EXPECT_TRUE(CheckEgress(connector_, true).ok());
  connector_.frontend_proxy_enabled = true;
  EXPECT_EQ(CheckReady(connector_, false, "mbx.a.test", nullptr, nullptr), std::nullopt);
}

}  // namespace
}  // namespace postern::deliver
