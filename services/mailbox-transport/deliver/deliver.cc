#include "services/mailbox-transport/deliver/deliver.h"

#include <utility>

#include "absl/time/clock.h"

#include "common/base/text.h"
#include "common/smtp/security.h"
#include "services/mailbox-transport/deliver/stored_body.h"

namespace postern::deliver {

smtp::ConnectorPolicy PolicyOf(const connector::SendConnector& connector) {
  smtp::ConnectorPolicy policy;
  policy.connector = connector.name;
  policy.version = connector.version;
  policy.fqdn = connector.fqdn;
  policy.require_tls = connector.require_tls;
  policy.ignore_start_tls = connector.ignore_start_tls;
  policy.force_helo = connector.force_helo;
  policy.messages_per_connection_max = connector.smtp_max_messages_per_connection;
  policy.inactivity = connector.connection_inactivity_timeout;
  policy.tls_auth_level = connector.tls_auth_level;
  policy.tls_domain = connector.tls_domain;
  policy.tls_certificate_name = connector.tls_certificate_name;
  policy.domain_secure = connector.domain_secure_enabled;
  policy.auth = connector.smart_host_auth_mechanism;
  policy.credential = connector.authentication_credential;
  policy.source_address = connector.source_ip_address;
  policy.egress = connector.egress;
  policy.external_dns = connector.use_external_dns_servers_enabled;
  policy.protocol_log = connector.protocol_logging_level == connector::ProtocolLogging::kVerbose;
  policy.cloud_services_mail = connector.cloud_services_mail_enabled;
  policy.allow_policy_override = connector.allow_policy_override;
  policy.revocation_soft_fail = connector.revocation_soft_fail;
  policy.grants = connector::HeaderGrantsOf(connector.permissions);
  return policy;
}

smtp::Delivery MakeDelivery(const model::Batch& batch,
                            const connector::SendConnector& connector,
                            bool domain_listed,
                            absl::Duration deadline) {
  smtp::Delivery delivery;
  delivery.route.dns_routing = connector.dns_routing_enabled;
  delivery.route.domain = batch.next_hop.domain;
  delivery.route.smart_hosts = connector.smart_hosts;
  delivery.route.port = connector.port;
  delivery.policy = PolicyOf(connector);
  delivery.policy.domain_secure = connector.domain_secure_enabled && domain_listed;
  delivery.envelope = batch.envelope();
  delivery.size = batch.message->size;
  delivery.header_bytes = batch.message->header_bytes;
  delivery.eight_bit = batch.message->eight_bit;
  delivery.deadline = deadline;
  return delivery;
}

io::Task<smtp::Outcome> Deliver::Attempt(const model::Batch& batch,
                                         const connector::SendConnector& connector,
                                         bool domain_listed,
                                         smtp::Admits admits,
                                         std::string mx_set) {
  const absl::Time started = absl::Now();
  smtp::Delivery delivery =
      MakeDelivery(batch, connector, domain_listed, *parts_.settings.attempt_timeout);
  if (delivery.route.dns_routing && parts_.sts_obeyed) {
    delivery.sts = parts_.sts.Find(delivery.route.domain);
  }
  delivery.admits = std::move(admits);
  delivery.mx_set = std::move(mx_set);
  StoredBody body(parts_.store, parts_.disk, batch.message);
  smtp::Outcome outcome;
  if (connector.frontend_proxy_enabled) {
    outcome = co_await parts_.proxy.Attempt(delivery, body);
  } else if (absl::Status way = CheckEgress(connector, *parts_.settings.direct_egress); !way.ok()) {
    // The queue fails, and not each message: nothing in it can go.
    outcome = smtp::Outcome::Failed(delivery.envelope.recipients.size(), smtp::Origin::kConnect,
                                    std::move(way), {});
  } else {
    outcome = co_await parts_.engine.Attempt(delivery, body);
  }
  if (outcome.put_off) co_return outcome;
  if (outcome.sts.has_value()) parts_.sts.Keep(*outcome.sts);
  parts_.tls_feed.Note(outcome, delivery.sts);
  parts_.probe.Attempted(connector.name,
                         connector.frontend_proxy_enabled ? Way::kProxy : Way::kDirect, outcome,
                         absl::Now() - started);
  co_return outcome;
}

io::Task<smtp::Outcome> Deliver::RelayOn(const model::Batch& batch,
                                         const model::RelayPlan& plan,
                                         absl::Time until) {
  const absl::Time started = absl::Now();
  StoredBody body(parts_.store, parts_.disk, batch.message);
  const smtp::Outcome outcome = co_await parts_.relay.Attempt(batch, plan, body, until);
  parts_.probe.Attempted(model::ConnectorLabel(batch.next_hop), Way::kRelay, outcome,
                         absl::Now() - started);
  co_return outcome;
}

absl::Status CheckEgress(const connector::SendConnector& connector, bool direct_egress) {
  if (connector.frontend_proxy_enabled || direct_egress) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "no direct egress in this installation (deliver.direct_egress), and FrontendProxyEnabled is "
      "false: its mail waits");
}

std::optional<connector::NotReady> CheckReady(const connector::SendConnector& connector,
                                              bool direct_egress,
                                              std::string_view own_name,
                                              smtp::CredentialStore* credentials,
                                              const tls::CertificateStore* certificates) {
  const auto because = [](std::string_view reason, const absl::Status& status) {
    return connector::NotReady{std::string(reason), std::string(base::MessageOf(status))};
  };
  // The front ends have what their connectors need.
  if (connector.frontend_proxy_enabled) return std::nullopt;
  if (const absl::Status way = CheckEgress(connector, direct_egress); !way.ok()) {
    return because("NoDirectEgress", way);
  }
  const smtp::ConnectorPolicy policy = PolicyOf(connector);
  const auto certificate = smtp::CertificateFor(policy, own_name, certificates, absl::Now());
  if (!certificate.ok()) return because("CertificateNotUsable", certificate.status());
  if (!policy.needs_credential()) return std::nullopt;
  if (credentials == nullptr) {
    return connector::NotReady{"SecretNotUsable",
                               base::Cat("secret ", policy.credential,
                                         ": this server has no folder of secrets (secrets_path)")};
  }
  const auto secret = credentials->Read(policy.credential);
  if (!secret.ok()) return because("SecretNotUsable", secret.status());
  return std::nullopt;
}

}  // namespace postern::deliver
