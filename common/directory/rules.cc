#include "common/directory/rules.h"

#include <optional>
#include <set>

#include "common/base/text.h"
#include "common/base/units.h"
#include "common/mail/address.h"
#include "common/mail/domain.h"

namespace postern::directory {

namespace {

using connector::AddError;
using connector::FieldError;
using Errors = std::vector<FieldError>;

constexpr std::uint64_t kSizeMax = 2'147'483'647;
constexpr std::string_view kDnsScheme = "dns:///";

template <typename Object>
void CheckFrame(const Object& object, Errors& errors) {
  const std::string& kind = Object::descriptor()->name();
  if (!object.api_version().empty() && object.api_version() != connector::kApiVersion) {
    AddError(errors, "apiVersion", object.api_version(),
             base::Cat("the version is ", connector::kApiVersion));
  }
  if (!object.kind().empty() && object.kind() != kind) {
    AddError(errors, "kind", object.kind(), base::Cat("the kind is ", kind));
  }
  connector::ValidateSlug("metadata.name", object.metadata().name(), errors);
}

void CheckAuthority(std::string_view path, const std::string& text, Errors& errors) {
  if (text.empty() || mail::IsHostName(text)) return;
  AddError(errors, path, text, "is a domain name");
}

void CheckSize(std::string_view path, const std::string& text, Errors& errors) {
  if (text.empty()) return;
  const auto size = base::ParseSize(text);
  if (!size.ok()) {
    AddError(errors, path, text, base::MessageOf(size.status()));
  } else if (*size != base::kUnlimited && *size > kSizeMax) {
    AddError(errors, path, text, base::Cat("is from 0 to ", kSizeMax, " bytes, or unlimited"));
  }
}

// RFC 5321 §4.5.3.1.7: every server takes a message of 64K octets. Less is a missing "MB".
void CheckNotTiny(const std::string& text, Errors& errors) {
  constexpr std::uint64_t kLeast = 64 * 1024;
  const auto size = base::ParseSize(text);
  if (text.empty() || !size.ok() || *size >= kLeast) return;
  AddError(errors, "spec.maxReceiveSize", text, "is at least 64KB; a number alone is bytes");
}

void CheckSecureDomains(const v1::TransportConfigSpec& spec, Errors& errors) {
  constexpr std::string_view kPath = "spec.tlsSendDomainSecureList";
  if (spec.tls_send_domain_secure_list_size() > kSecureDomainsMax) {
    return AddError(errors, kPath, "", base::Cat("there are at most ", kSecureDomainsMax));
  }
  std::set<std::string> seen;
  for (int i = 0; i < spec.tls_send_domain_secure_list_size(); ++i) {
    const std::string& text = spec.tls_send_domain_secure_list(i);
    const std::string path = base::Cat(kPath, "[", i, "]");
    const auto domain = mail::NormalizeDomain(text);
    if (!domain.ok()) {
      AddError(errors, path, text, "is one domain: Domain Security knows no wildcards");
    } else if (!seen.insert(*domain).second) {
      AddError(errors, path, text, "a domain is listed once");
    }
  }
}

std::optional<DomainType> ParseDomainType(std::string_view word) {
  for (const auto type :
       {DomainType::kAuthoritative, DomainType::kInternalRelay, DomainType::kExternalRelay}) {
    if (base::EqualsIgnoreCase(NameOf(type), word)) return type;
  }
  return std::nullopt;
}

}  // namespace

bool IsHostPort(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return false;
  const auto port = base::ParseUnsigned(text.substr(colon + 1));
  if (!port || *port < 1 || *port > 65535) return false;
  const std::string_view host = text.substr(0, colon);
  if (host.starts_with("[")) {
    return host.ends_with("]") && host.size() > 2 &&
           mail::LiteralAddress(base::Cat("[IPv6:", host.substr(1, host.size() - 2), "]")).ok();
  }
  return mail::IsHostName(host);
}

std::string_view NameOf(DomainType type) {
  switch (type) {
    case DomainType::kAuthoritative:
      return "Authoritative";
    case DomainType::kInternalRelay:
      return "InternalRelay";
    case DomainType::kExternalRelay:
      return "ExternalRelay";
  }
  return "Authoritative";
}

std::vector<FieldError> Validate(const v1::Site& site) {
  constexpr std::string_view kPath = "spec.frontEnds";
  Errors errors;
  CheckFrame(site, errors);
  if (site.spec().front_ends_size() > kFrontEndsMax) {
    AddError(errors, kPath, "", base::Cat("there are at most ", kFrontEndsMax));
  }
  std::set<std::string> seen;
  for (int i = 0; i < site.spec().front_ends_size(); ++i) {
    const std::string& text = site.spec().front_ends(i);
    const std::string path = base::Cat(kPath, "[", i, "]");
    const bool dns = text.starts_with(kDnsScheme);
    if (!IsHostPort(dns ? std::string_view(text).substr(kDnsScheme.size()) : text)) {
      AddError(errors, path, text,
               "a front end is written as \"host:7170\" or \"dns:///name:7170\"");
    } else if (!seen.insert(base::LowerAscii(text)).second) {
      AddError(errors, path, text, "a front end is listed once");
    }
  }
  connector::ValidateComment("spec.comment", site.spec().comment(), errors);
  return errors;
}

std::vector<FieldError> Validate(const v1::SiteLink& link) {
  const v1::SiteLinkSpec& spec = link.spec();
  constexpr std::string_view kPath = "spec.sites";
  Errors errors;
  CheckFrame(link, errors);
  // The default link has the sites that no other link names.
  const bool has_others = base::EqualsIgnoreCase(link.metadata().name(), kDefaultSiteLink);
  if ((spec.sites_size() < 2 && !has_others) || spec.sites_size() > kLinkSitesMax) {
    AddError(errors, kPath, "", base::Cat("a link joins 2 to ", kLinkSitesMax, " sites"));
  }
  std::set<std::string> seen;
  for (int i = 0; i < spec.sites_size(); ++i) {
    if (seen.insert(base::LowerAscii(spec.sites(i))).second) continue;
    AddError(errors, base::Cat(kPath, "[", i, "]"), spec.sites(i), "a site is listed once");
  }
  const auto check_cost = [&errors](std::string_view path, bool given, std::int32_t cost) {
    if (!given || (cost >= 1 && cost <= kSiteLinkCostMax)) return;
    AddError(errors, path, std::to_string(cost), base::Cat("is from 1 to ", kSiteLinkCostMax));
  };
  check_cost("spec.cost", spec.has_cost(), spec.cost());
  check_cost("spec.exchangeCost", spec.has_exchange_cost(), spec.exchange_cost());
  const std::string& text = spec.max_message_size();
  const auto size = base::ParseSize(text.empty() ? "unlimited" : text);
  if (!size.ok()) {
    AddError(errors, "spec.maxMessageSize", text, base::MessageOf(size.status()));
  } else if (*size < kLinkSizeLeast) {
    AddError(errors, "spec.maxMessageSize", text, "is at least 64KB, or unlimited");
  }
  connector::ValidateComment("spec.comment", spec.comment(), errors);
  return errors;
}

std::vector<FieldError> Validate(const v1::AcceptedDomain& domain) {
  const v1::AcceptedDomainSpec& spec = domain.spec();
  Errors errors;
  CheckFrame(domain, errors);
  const auto name = connector::ParseTlsDomain(spec.domain_name());
  if (!name.ok()) {
    AddError(errors, "spec.domainName", spec.domain_name(), base::MessageOf(name.status()));
  }
  if (!spec.domain_type().empty() && !ParseDomainType(spec.domain_type())) {
    AddError(errors, "spec.domainType", spec.domain_type(), base::Cat("is ", kDomainTypeWords));
  }
  if (spec.default_() && spec.domain_name().starts_with("*")) {
    AddError(errors, "spec.default", "true", "the default domain is one domain, without \"*\"");
  }
  connector::ValidateComment("spec.comment", spec.comment(), errors);
  return errors;
}

std::vector<FieldError> Validate(const v1::TransportServer& server) {
  Errors errors;
  CheckFrame(server, errors);
  if (server.spec().site().empty()) AddError(errors, "spec.site", "", "a server is in a Site");
  const std::string& address = server.spec().relay_address();
  if (!address.empty() && !IsHostPort(address)) {
    AddError(errors, "spec.relayAddress", address, "an address is written as \"host:7172\"");
  }
  connector::ValidateComment("spec.comment", server.spec().comment(), errors);
  return errors;
}

std::vector<FieldError> Validate(const v1::TransportConfig& config) {
  const v1::TransportConfigSpec& spec = config.spec();
  Errors errors;
  CheckFrame(config, errors);
  CheckSize("spec.maxReceiveSize", spec.max_receive_size(), errors);
  CheckNotTiny(spec.max_receive_size(), errors);
  CheckSize("spec.externalDsnMaxMessageAttachSize", spec.external_dsn_max_message_attach_size(),
            errors);
  CheckSize("spec.internalDsnMaxMessageAttachSize", spec.internal_dsn_max_message_attach_size(),
            errors);
  if (spec.has_max_recipient_envelope_limit() && spec.max_recipient_envelope_limit() < 1) {
    AddError(errors, "spec.maxRecipientEnvelopeLimit",
             std::to_string(spec.max_recipient_envelope_limit()),
             "is from 1 to 2147483647, which is unlimited: 0 would refuse every message");
  }
  const std::string& postmaster = spec.external_postmaster_address();
  if (!postmaster.empty() && !mail::ParseMailbox(postmaster, false).ok()) {
    AddError(errors, "spec.externalPostmasterAddress", postmaster, "is an address: local@domain");
  }
  CheckAuthority("spec.externalDsnReportingAuthority", spec.external_dsn_reporting_authority(),
                 errors);
  CheckAuthority("spec.internalDsnReportingAuthority", spec.internal_dsn_reporting_authority(),
                 errors);
  CheckSecureDomains(spec, errors);
  return errors;
}

Site SiteFrom(const v1::Site& site) {
  Site typed;
  typed.name = site.metadata().name();
  typed.front_ends.assign(site.spec().front_ends().begin(), site.spec().front_ends().end());
  typed.comment = site.spec().comment();
  typed.hub_site_enabled = site.spec().hub_site_enabled();
  if (site.spec().has_inbound_mail_enabled()) {
    typed.inbound_mail_enabled = site.spec().inbound_mail_enabled();
  }
  return typed;
}

SiteLink LinkFrom(const v1::SiteLink& link) {
  const v1::SiteLinkSpec& spec = link.spec();
  SiteLink typed;
  typed.name = link.metadata().name();
  typed.sites.assign(spec.sites().begin(), spec.sites().end());
  if (spec.has_cost()) typed.cost = static_cast<std::uint32_t>(spec.cost());
  if (spec.has_exchange_cost()) {
    typed.exchange_cost = static_cast<std::uint32_t>(spec.exchange_cost());
  }
  if (!spec.max_message_size().empty()) {
    typed.max_message_size = *base::ParseSize(spec.max_message_size());
  }
  typed.comment = spec.comment();
  return typed;
}

AcceptedDomain DomainFrom(const v1::AcceptedDomain& domain) {
  const v1::AcceptedDomainSpec& spec = domain.spec();
  AcceptedDomain typed;
  typed.name = domain.metadata().name();
  typed.domain_name = *connector::ParseTlsDomain(spec.domain_name());
  if (!spec.domain_type().empty()) typed.domain_type = *ParseDomainType(spec.domain_type());
  typed.is_default = spec.default_();
  typed.comment = spec.comment();
  return typed;
}

TransportServer ServerFrom(const v1::TransportServer& server) {
  TransportServer typed;
  typed.name = server.metadata().name();
  typed.site = server.spec().site();
  typed.relay_address = server.spec().relay_address();
  typed.comment = server.spec().comment();
  return typed;
}

TransportConfig ConfigFrom(const v1::TransportConfig& config) {
  const v1::TransportConfigSpec& spec = config.spec();
  TransportConfig typed;
  typed.slug = config.metadata().name();
  if (!spec.max_receive_size().empty()) {
    typed.max_receive_size = *base::ParseSize(spec.max_receive_size());
  }
  if (spec.has_max_recipient_envelope_limit()) {
    typed.max_recipient_envelope_limit =
        static_cast<std::uint32_t>(spec.max_recipient_envelope_limit());
  }
  typed.external_postmaster_address = spec.external_postmaster_address();
  typed.external_dsn_reporting_authority = spec.external_dsn_reporting_authority();
  if (!spec.external_dsn_max_message_attach_size().empty()) {
    typed.external_dsn_max_message_attach_size =
        *base::ParseSize(spec.external_dsn_max_message_attach_size());
  }
  typed.internal_dsn_reporting_authority = spec.internal_dsn_reporting_authority();
  if (!spec.internal_dsn_max_message_attach_size().empty()) {
    typed.internal_dsn_max_message_attach_size =
        *base::ParseSize(spec.internal_dsn_max_message_attach_size());
  }
  typed.external_delay_dsn_enabled =
      !spec.has_external_delay_dsn_enabled() || spec.external_delay_dsn_enabled();
  typed.external_dsn_send_html =
      !spec.has_external_dsn_send_html() || spec.external_dsn_send_html();
  typed.internal_delay_dsn_enabled =
      !spec.has_internal_delay_dsn_enabled() || spec.internal_delay_dsn_enabled();
  typed.internal_dsn_send_html =
      !spec.has_internal_dsn_send_html() || spec.internal_dsn_send_html();
  for (const std::string& domain : spec.tls_send_domain_secure_list())
    typed.tls_send_domain_secure_list.push_back(*mail::NormalizeDomain(domain));
  return typed;
}

v1::Site ToResource(const Site& site) {
  v1::Site resource;
  resource.set_api_version(std::string(connector::kApiVersion));
  resource.set_kind("Site");
  resource.mutable_metadata()->set_name(site.name);
  for (const std::string& each : site.front_ends)
    resource.mutable_spec()->add_front_ends(each);
  resource.mutable_spec()->set_comment(site.comment);
  resource.mutable_spec()->set_hub_site_enabled(site.hub_site_enabled);
  resource.mutable_spec()->set_inbound_mail_enabled(site.inbound_mail_enabled);
  return resource;
}

v1::SiteLink ToResource(const SiteLink& link) {
  v1::SiteLink resource;
  resource.set_api_version(std::string(connector::kApiVersion));
  resource.set_kind("SiteLink");
  resource.mutable_metadata()->set_name(link.name);
  v1::SiteLinkSpec& spec = *resource.mutable_spec();
  for (const std::string& site : link.sites)
    spec.add_sites(site);
  spec.set_cost(static_cast<std::int32_t>(link.cost));
  if (link.exchange_cost) spec.set_exchange_cost(static_cast<std::int32_t>(*link.exchange_cost));
  spec.set_max_message_size(base::FormatSize(link.max_message_size));
  spec.set_comment(link.comment);
  return resource;
}

v1::AcceptedDomain ToResource(const AcceptedDomain& domain) {
  v1::AcceptedDomain resource;
  resource.set_api_version(std::string(connector::kApiVersion));
  resource.set_kind("AcceptedDomain");
  resource.mutable_metadata()->set_name(domain.name);
  v1::AcceptedDomainSpec& spec = *resource.mutable_spec();
  spec.set_domain_name(domain.domain_name);
  spec.set_domain_type(std::string(NameOf(domain.domain_type)));
  spec.set_default_(domain.is_default);
  spec.set_comment(domain.comment);
  return resource;
}

v1::TransportServer ToResource(const TransportServer& server) {
  v1::TransportServer resource;
  resource.set_api_version(std::string(connector::kApiVersion));
  resource.set_kind("TransportServer");
  resource.mutable_metadata()->set_name(server.name);
  resource.mutable_spec()->set_site(server.site);
  resource.mutable_spec()->set_relay_address(server.relay_address);
  resource.mutable_spec()->set_comment(server.comment);
  return resource;
}

v1::TransportConfig ToResource(const TransportConfig& config) {
  v1::TransportConfig resource;
  resource.set_api_version(std::string(connector::kApiVersion));
  resource.set_kind("TransportConfig");
  resource.mutable_metadata()->set_name(config.slug);
  v1::TransportConfigSpec& spec = *resource.mutable_spec();
  spec.set_max_receive_size(base::FormatSize(config.max_receive_size));
  spec.set_max_recipient_envelope_limit(
      static_cast<std::int32_t>(config.max_recipient_envelope_limit));
  spec.set_external_postmaster_address(config.external_postmaster_address);
  spec.set_external_dsn_reporting_authority(config.external_dsn_reporting_authority);
  spec.set_external_dsn_max_message_attach_size(
      base::FormatSize(config.external_dsn_max_message_attach_size));
  spec.set_external_delay_dsn_enabled(config.external_delay_dsn_enabled);
  spec.set_external_dsn_send_html(config.external_dsn_send_html);
  spec.set_internal_dsn_reporting_authority(config.internal_dsn_reporting_authority);
  spec.set_internal_dsn_max_message_attach_size(
      base::FormatSize(config.internal_dsn_max_message_attach_size));
  spec.set_internal_delay_dsn_enabled(config.internal_delay_dsn_enabled);
  spec.set_internal_dsn_send_html(config.internal_dsn_send_html);
  for (const std::string& domain : config.tls_send_domain_secure_list)
    spec.add_tls_send_domain_secure_list(domain);
  return resource;
}

}  // namespace postern::directory
