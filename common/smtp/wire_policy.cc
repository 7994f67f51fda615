#include <algorithm>
#include <utility>

#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "common/mail/domain.h"
#include "common/smtp/credentials.h"
#include "common/smtp/wire.h"
#include "common/smtp/wire_check.h"
#include "common/tls/certificate_name.h"

namespace postern::smtp {

namespace {

constexpr std::size_t kNameBytesMax = 255;
constexpr absl::Duration kInactivityMax = absl::Hours(24);

// "contoso.com" or "*.contoso.com", in the form that the directory gives it.
absl::Status CheckTlsDomain(const std::string& domain) {
  const std::string_view name = std::string_view(domain).substr(domain.starts_with("*.") ? 2 : 0);
  const auto normal = mail::NormalizeDomain(name);
  if (normal.ok() && *normal == name) return absl::OkStatus();
  return Wrong("policy.tls_domain", base::Cat("\"", base::Printable(domain), "\" is not a domain"));
}

absl::StatusOr<HeaderGrants> GrantsFromWire(const v1::ConnectorPolicy& wire) {
  HeaderGrants grants{};
  std::array<bool, kPrincipals> seen{};
  for (const v1::HeaderGrant& from : wire.grants()) {
    if (!v1::Principal_IsValid(from.principal())) {
      return Wrong("policy.grants.principal", "is not known");
    }
    const auto principal = static_cast<std::size_t>(from.principal());
    if (std::exchange(seen[principal], true)) {
      return Wrong("policy.grants.principal", "must be there once");
    }
    grants[principal] = {from.organization(), from.forest(), from.routing()};
  }
  return grants;
}

// What a connector that obeys its rules cannot ask for: somebody else has made this offer.
absl::Status CheckTogether(const ConnectorPolicy& policy) {
  if (policy.ignore_start_tls && policy.tls_required()) {
    return Wrong("policy.ignore_start_tls", "must be false where TLS is required");
  }
  if (policy.force_helo && policy.tls_required()) {
    return Wrong("policy.force_helo", "must be false where TLS is required");
  }
  if (policy.needs_credential() && policy.credential.empty()) {
    return Wrong("policy.credential", "is needed to log in");
  }
  if (!policy.credential.empty() && !IsSecretName(policy.credential)) {
    return Wrong("policy.credential", "is not the name of a secret");
  }
  return absl::OkStatus();
}

absl::Status SecurityFromWire(const v1::ConnectorPolicy& wire, ConnectorPolicy& policy) {
  if (!v1::TlsAuthLevel_IsValid(wire.tls_auth_level())) {
    return Wrong("policy.tls_auth_level", "is not known");
  }
  if (!v1::SmartHostAuth_IsValid(wire.auth())) return Wrong("policy.auth", "is not known");
  policy.tls_auth_level = static_cast<TlsAuthLevel>(wire.tls_auth_level());
  policy.auth = static_cast<SmartHostAuth>(wire.auth());
  policy.domain_secure = wire.domain_secure();
  policy.credential = wire.credential();
  policy.tls_domain = wire.tls_domain();
  policy.tls_certificate_name = wire.tls_certificate_name();
  if (!policy.tls_domain.empty()) POSTERN_RETURN_IF_ERROR(CheckTlsDomain(policy.tls_domain));
  if (!policy.tls_certificate_name.empty()) {
    POSTERN_RETURN_IF_ERROR(CheckText("policy.tls_certificate_name", policy.tls_certificate_name));
    const auto name = tls::CertificateName::Parse(policy.tls_certificate_name);
    POSTERN_RETURN_IF_ERROR(base::Annotate(name.status(), "policy.tls_certificate_name"));
  }
  if (!wire.source_address().empty()) {
    const auto address = io::IpAddress::Parse(wire.source_address());
    POSTERN_RETURN_IF_ERROR(base::Annotate(address.status(), "policy.source_address"));
    policy.source_address = *address;
  }
  if (!wire.egress().empty() && !IsSecretName(wire.egress())) {
    return Wrong("policy.egress", "is not a label");
  }
  policy.egress = wire.egress();
  return CheckTogether(policy);
}

}  // namespace

void ToWire(const Route& route, v1::ProxyRoute& wire) {
  wire.set_dns_routing(route.dns_routing);
  wire.set_domain(route.domain);
  for (const std::string& host : route.smart_hosts)
    wire.add_smart_hosts(host);
  wire.set_port(route.port);
}

absl::StatusOr<Route> RouteFromWire(const v1::ProxyRoute& wire) {
  if (wire.port() < 1 || wire.port() > 65535) return Wrong("route.port", "must be 1 to 65535");
  if (wire.dns_routing() && wire.domain().empty()) {
    return Wrong("route.domain", "is needed with dns_routing");
  }
  if (!wire.dns_routing() && wire.smart_hosts().empty()) {
    return Wrong("route.smart_hosts", "are needed without dns_routing");
  }
  if (static_cast<std::size_t>(wire.smart_hosts_size()) > kWireHostsMax) {
    return Wrong("route.smart_hosts", base::Cat("must be at most ", kWireHostsMax));
  }
  POSTERN_RETURN_IF_ERROR(CheckWord("route.domain", wire.domain(), kNameBytesMax));
  Route route;
  route.dns_routing = wire.dns_routing();
  route.domain = wire.domain();
  route.port = static_cast<std::uint16_t>(wire.port());
  for (const std::string& host : wire.smart_hosts()) {
    POSTERN_RETURN_IF_ERROR(CheckWord("route.smart_hosts", host, kNameBytesMax));
    if (host.empty()) return Wrong("route.smart_hosts", "must not be empty");
    route.smart_hosts.push_back(host);
  }
  return route;
}

void ToWire(const ConnectorPolicy& policy, v1::ConnectorPolicy& wire) {
  wire.set_connector(policy.connector);
  wire.set_version(policy.version);
  wire.set_fqdn(policy.fqdn);
  wire.set_require_tls(policy.require_tls);
  wire.set_ignore_start_tls(policy.ignore_start_tls);
  wire.set_force_helo(policy.force_helo);
  wire.set_messages_per_connection_max(policy.messages_per_connection_max);
  wire.set_inactivity_ms(Milliseconds(policy.inactivity));
  wire.set_tls_auth_level(static_cast<v1::TlsAuthLevel>(policy.tls_auth_level));
  wire.set_tls_domain(policy.tls_domain);
  wire.set_tls_certificate_name(policy.tls_certificate_name);
  wire.set_domain_secure(policy.domain_secure);
  wire.set_auth(static_cast<v1::SmartHostAuth>(policy.auth));
  wire.set_credential(policy.credential);
  if (policy.source_address) wire.set_source_address(policy.source_address->ToString());
  wire.set_egress(policy.egress);
  wire.set_external_dns(policy.external_dns);
  wire.set_protocol_log(policy.protocol_log);
  wire.set_cloud_services_mail(policy.cloud_services_mail);
  wire.set_allow_policy_override(policy.allow_policy_override);
  wire.set_revocation_hard_fail(!policy.revocation_soft_fail);
  for (std::size_t principal = 0; principal < kPrincipals; ++principal) {
    const mail::HeaderRights& rights = policy.grants[principal];
    if (rights == mail::HeaderRights()) continue;
    v1::HeaderGrant& to = *wire.add_grants();
    to.set_principal(static_cast<v1::Principal>(principal));
    to.set_organization(rights.organization);
    to.set_forest(rights.forest);
    to.set_routing(rights.routing);
  }
}

absl::StatusOr<ConnectorPolicy> PolicyFromWire(const v1::ConnectorPolicy& wire) {
  POSTERN_RETURN_IF_ERROR(CheckText("policy.connector", wire.connector()));
  POSTERN_RETURN_IF_ERROR(CheckText("policy.version", wire.version()));
  POSTERN_RETURN_IF_ERROR(CheckWord("policy.fqdn", wire.fqdn(), kNameBytesMax));
  ConnectorPolicy policy;
  policy.connector = wire.connector();
  policy.version = wire.version();
  policy.fqdn = wire.fqdn();
  policy.require_tls = wire.require_tls();
  policy.ignore_start_tls = wire.ignore_start_tls();
  policy.force_helo = wire.force_helo();
  policy.messages_per_connection_max = wire.messages_per_connection_max();
  policy.inactivity = absl::Milliseconds(wire.inactivity_ms());
  if (policy.inactivity > kInactivityMax) {
    return Wrong("policy.inactivity_ms", "must be at most a day");
  }
  policy.external_dns = wire.external_dns();
  policy.protocol_log = wire.protocol_log();
  policy.cloud_services_mail = wire.cloud_services_mail();
  policy.allow_policy_override = wire.allow_policy_override();
  policy.revocation_soft_fail = !wire.revocation_hard_fail();
  POSTERN_RETURN_IF_ERROR(SecurityFromWire(wire, policy));
  POSTERN_ASSIGN_OR_RETURN(policy.grants, GrantsFromWire(wire));
  return policy;
}

}  // namespace postern::smtp
