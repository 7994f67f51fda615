#include "common/connector/send_connector.h"

#include <algorithm>

#include "absl/status/status.h"

#include "common/base/check.h"
#include "common/base/text.h"
#include "common/base/units.h"
#include "common/connector/content_hash.h"
#include "common/connector/presets.h"
#include "common/connector/validate.h"
#include "common/mail/domain.h"

namespace postern::connector {

namespace {

constexpr std::string_view kWholeSite = "site/";

// Exchange rounds sizes up to whole KB; the greatest size it allows is not one.
std::uint64_t RoundUpToKilobyte(std::uint64_t bytes) {
  if (bytes == base::kUnlimited) return bytes;
  return std::min((bytes + 1023) / 1024 * 1024, kMaxMessageSizeMost);
}

bool LooksLikeAddress(std::string_view text) {
  return text.find(':') != std::string_view::npos ||
         text.find_first_not_of("0123456789.") == std::string_view::npos;
}

absl::StatusOr<std::string> ParseAddressHost(std::string_view text) {
  std::string inside(text.starts_with("[") && text.ends_with("]") ? text.substr(1, text.size() - 2)
                                                                  : text);
  const bool v6 = inside.find(':') != std::string::npos;
  if (v6 && !base::StartsWithIgnoreCase(inside, "IPv6:")) inside = base::Cat("IPv6:", inside);
  const auto address = mail::LiteralAddress(base::Cat("[", inside, "]"));
  if (!address.ok()) {
    return base::Error(absl::StatusCode::kInvalidArgument,
                       "an IP address of a smart host is written as 10.1.1.1, [10.1.1.1] or "
                       "[IPv6:2001:db8::1]");
  }
  return base::Cat(v6 ? "[IPv6:" : "[", *address, "]");
}

}  // namespace

absl::StatusOr<std::string> ParseSmartHost(std::string_view given) {
  const std::string_view text = base::Trim(given);
  if (text == "--") {
    return base::Error(absl::StatusCode::kInvalidArgument,
                       "\"--\" is only for connectors of an Edge server");
  }
  if (text.starts_with("[") || LooksLikeAddress(text)) return ParseAddressHost(text);
  auto name = mail::NormalizeDomain(text);
  if (!name.ok()) return name.status();
  if (!mail::IsHostName(*name)) {
    return base::Error(absl::StatusCode::kInvalidArgument,
                       "a smart host is a host name or an IP address");
  }
  return name;
}

absl::StatusOr<std::string> ParseTlsDomain(std::string_view given) {
  const std::string_view text = base::Trim(given);
  const bool wildcard = text.starts_with("*.");
  auto domain = mail::NormalizeDomain(wildcard ? text.substr(2) : text);
  if (!domain.ok() || domain->find('*') != std::string::npos || mail::IsAddressLiteral(text)) {
    return base::Error(absl::StatusCode::kInvalidArgument,
                       "is a domain, or \"*.\" before one for all names below it too");
  }
  return wildcard ? base::Cat("*.", *domain) : *std::move(domain);
}

absl::StatusOr<std::optional<io::IpAddress>> ParseSourceAddress(std::string_view given) {
  const std::string_view text = base::Trim(given);
  std::optional<io::IpAddress> any;
  if (text.empty() || text == "0.0.0.0" || text == "::") return any;
  const auto address = io::IpAddress::Parse(text);
  if (!address.ok()) {
    return base::Error(absl::StatusCode::kInvalidArgument,
                       "is an address of the sending machine, or 0.0.0.0 for any");
  }
  return std::optional(*address);
}

namespace {

// The fields of a spec that has its presets and that Validate accepts.
void ReadSecurity(const v1::SendConnectorSpec& spec, SendConnector& connector) {
  connector.usage = *ParseUsage(spec.usage());
  connector.authentication_credential = spec.authentication_credential().secret_name();
  connector.domain_secure_enabled = spec.domain_secure_enabled();
  connector.smart_host_auth_mechanism = *ParseSmartHostAuth(spec.smart_host_auth_mechanism());
  connector.source_ip_address = *ParseSourceAddress(spec.source_ip_address());
  connector.tls_auth_level = *ParseTlsAuthLevel(spec.tls_auth_level());
  connector.tls_certificate_name = base::Trim(spec.tls_certificate_name());
  if (!spec.tls_domain().empty()) connector.tls_domain = *ParseTlsDomain(spec.tls_domain());
  connector.permissions = PermissionsFrom(spec.permissions());
}

void ReadRest(const v1::SendConnectorSpec& spec, SendConnector& connector) {
  connector.cloud_services_mail_enabled = spec.cloud_services_mail_enabled();
  connector.egress = spec.egress();
  connector.allow_policy_override = spec.allow_policy_override();
  connector.revocation_soft_fail = !spec.has_revocation_soft_fail() || spec.revocation_soft_fail();
  connector.connector_type = *ParseConnectorType(spec.connector_type());
  for (const std::string& word : spec.error_policies())
    POSTERN_CHECK(connector.error_policies.Add(word));
  connector.is_scoped_connector = spec.is_scoped_connector();
  connector.protocol_logging_level = *ParseProtocolLogging(spec.protocol_logging_level());
  connector.use_external_dns_servers_enabled = spec.use_external_dns_servers_enabled();
}

void WriteSecurity(const SendConnector& connector, v1::SendConnectorSpec& spec) {
  spec.set_usage(std::string(NameOf(connector.usage)));
  if (!connector.authentication_credential.empty()) {
    spec.mutable_authentication_credential()->set_secret_name(connector.authentication_credential);
  }
  spec.set_domain_secure_enabled(connector.domain_secure_enabled);
  spec.set_smart_host_auth_mechanism(std::string(NameOf(connector.smart_host_auth_mechanism)));
  spec.set_source_ip_address(connector.source_ip_address ? connector.source_ip_address->ToString()
                                                         : "0.0.0.0");
  spec.set_tls_auth_level(std::string(NameOf(connector.tls_auth_level)));
  spec.set_tls_certificate_name(connector.tls_certificate_name);
  spec.set_tls_domain(connector.tls_domain);
  *spec.mutable_permissions() = ToResource(connector.permissions);
}

void WriteRest(const SendConnector& connector, v1::SendConnectorSpec& spec) {
  spec.set_cloud_services_mail_enabled(connector.cloud_services_mail_enabled);
  spec.set_egress(connector.egress);
  spec.set_allow_policy_override(connector.allow_policy_override);
  spec.set_revocation_soft_fail(connector.revocation_soft_fail);
  spec.set_connector_type(std::string(NameOf(connector.connector_type)));
  for (const std::string& word : connector.error_policies.ToWords())
    spec.add_error_policies(word);
  spec.set_is_scoped_connector(connector.is_scoped_connector);
  spec.set_protocol_logging_level(std::string(NameOf(connector.protocol_logging_level)));
  spec.set_use_external_dns_servers_enabled(connector.use_external_dns_servers_enabled);
}

}  // namespace

std::optional<std::string_view> SiteIn(std::string_view source) {
  if (!source.starts_with(kWholeSite)) return std::nullopt;
  return source.substr(kWholeSite.size());
}

std::string SourceOfSite(std::string_view site) {
  return base::Cat(kWholeSite, site);
}

absl::StatusOr<SendConnector> FromResource(const v1::SendConnector& resource) {
  const auto errors = Validate(resource);
  if (!errors.empty()) return absl::InvalidArgumentError(Join(errors));

  // What Validate accepted parses: a failure below is a disagreement between the two.
  const v1::SendConnectorSpec spec = WithPresets(resource.spec());
  SendConnector connector;
  connector.name = spec.name();
  connector.slug = resource.metadata().name();
  connector.comment = spec.comment();
  if (spec.has_enabled()) connector.enabled = spec.enabled();
  for (const std::string& text : spec.address_spaces()) {
    auto space = AddressSpace::Parse(text);
    POSTERN_CHECK(space.ok());
    connector.address_spaces.push_back(*std::move(space));
  }
  if (spec.has_dns_routing_enabled()) connector.dns_routing_enabled = spec.dns_routing_enabled();
  for (const std::string& text : spec.smart_hosts()) {
    auto host = ParseSmartHost(text);
    POSTERN_CHECK(host.ok());
    connector.smart_hosts.push_back(*std::move(host));
  }
  if (spec.has_port()) connector.port = static_cast<std::uint16_t>(spec.port());
  connector.frontend_proxy_enabled = spec.frontend_proxy_enabled();
  if (!spec.fqdn().empty()) connector.fqdn = *mail::NormalizeDomain(spec.fqdn());
  if (!spec.max_message_size().empty()) {
    connector.max_message_size = RoundUpToKilobyte(*base::ParseSize(spec.max_message_size()));
  }
  connector.require_tls = spec.require_tls();
  connector.ignore_start_tls = spec.ignore_start_tls();
  connector.force_helo = spec.force_helo();
  if (spec.has_smtp_max_messages_per_connection()) {
    connector.smtp_max_messages_per_connection =
        static_cast<std::uint32_t>(spec.smtp_max_messages_per_connection());
  }
  if (!spec.connection_inactivity_timeout().empty()) {
    connector.connection_inactivity_timeout =
        *base::ParseTimeSpan(spec.connection_inactivity_timeout());
  }
  for (const std::string& server : spec.source_transport_servers()) {
    connector.source_transport_servers.push_back(base::LowerAscii(server));
  }
  ReadSecurity(spec, connector);
  ReadRest(spec, connector);
  connector.version = ContentHash(ToResource(connector));
  return connector;
}

v1::SendConnector ToResource(const SendConnector& connector) {
  v1::SendConnector resource;
  resource.set_api_version(std::string(kApiVersion));
  resource.set_kind("SendConnector");
  resource.mutable_metadata()->set_name(connector.slug);
  v1::SendConnectorSpec& spec = *resource.mutable_spec();
  spec.set_name(connector.name);
  spec.set_enabled(connector.enabled);
  for (const AddressSpace& space : connector.address_spaces) {
    spec.add_address_spaces(space.ToString());
  }
  spec.set_dns_routing_enabled(connector.dns_routing_enabled);
  for (const std::string& host : connector.smart_hosts)
    spec.add_smart_hosts(host);
  spec.set_port(connector.port);
  spec.set_frontend_proxy_enabled(connector.frontend_proxy_enabled);
  spec.set_fqdn(connector.fqdn);
  spec.set_max_message_size(base::FormatSize(connector.max_message_size));
  spec.set_require_tls(connector.require_tls);
  spec.set_ignore_start_tls(connector.ignore_start_tls);
  spec.set_force_helo(connector.force_helo);
  spec.set_smtp_max_messages_per_connection(
      static_cast<std::int32_t>(connector.smtp_max_messages_per_connection));
  spec.set_connection_inactivity_timeout(
      base::FormatTimeSpan(connector.connection_inactivity_timeout));
  for (const std::string& server : connector.source_transport_servers) {
    spec.add_source_transport_servers(server);
  }
  spec.set_comment(connector.comment);
  WriteSecurity(connector, spec);
  WriteRest(connector, spec);
  return resource;
}

}  // namespace postern::connector
