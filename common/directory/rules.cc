#include "common/directory/rules.h"

#include <set>

#include "common/base/text.h"
#include "common/base/units.h"
#include "common/mail/address.h"
#include "common/mail/domain.h"

namespace postern::directory {

namespace {

using connector::FieldError;
using Errors = std::vector<FieldError>;

constexpr std::uint64_t kSizeMax = 2'147'483'647;
constexpr std::string_view kDnsScheme = "dns:///";

void Add(Errors& errors, std::string_view path, std::string_view value, std::string_view rule) {
  errors.push_back({std::string(path), std::string(value), std::string(rule)});
}

template <typename Object>
void CheckFrame(const Object& object, Errors& errors) {
  const std::string& kind = Object::descriptor()->name();
  if (!object.api_version().empty() && object.api_version() != connector::kApiVersion) {
    Add(errors, "apiVersion", object.api_version(),
        base::Cat("the version is ", connector::kApiVersion));
  }
  if (!object.kind().empty() && object.kind() != kind) {
    Add(errors, "kind", object.kind(), base::Cat("the kind is ", kind));
  }
  connector::ValidateSlug("metadata.name", object.metadata().name(), errors);
}

// "host:port"; an IPv6 address in brackets.
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

void CheckSize(std::string_view path, const std::string& text, Errors& errors) {
  if (text.empty()) return;
  const auto size = base::ParseSize(text);
  if (!size.ok()) {
    Add(errors, path, text, base::MessageOf(size.status()));
  } else if (*size != base::kUnlimited && *size > kSizeMax) {
    Add(errors, path, text, base::Cat("is from 0 to ", kSizeMax, " bytes, or unlimited"));
  }
}

}  // namespace

std::vector<FieldError> Validate(const v1::Site& site) {
  constexpr std::string_view kPath = "spec.frontEnds";
  Errors errors;
  CheckFrame(site, errors);
  if (site.spec().front_ends_size() > kFrontEndsMax) {
    Add(errors, kPath, "", base::Cat("there are at most ", kFrontEndsMax));
  }
  std::set<std::string> seen;
  for (int i = 0; i < site.spec().front_ends_size(); ++i) {
    const std::string& text = site.spec().front_ends(i);
    const std::string path = base::Cat(kPath, "[", i, "]");
    const bool dns = text.starts_with(kDnsScheme);
    if (!IsHostPort(dns ? std::string_view(text).substr(kDnsScheme.size()) : text)) {
      Add(errors, path, text, "a front end is written as \"host:7170\" or \"dns:///name:7170\"");
    } else if (!seen.insert(base::LowerAscii(text)).second) {
      Add(errors, path, text, "a front end is listed once");
    }
  }
  connector::ValidateComment("spec.comment", site.spec().comment(), errors);
  return errors;
}

std::vector<FieldError> Validate(const v1::TransportServer& server) {
  Errors errors;
  CheckFrame(server, errors);
  if (server.spec().site().empty()) Add(errors, "spec.site", "", "a server is in a Site");
  const std::string& address = server.spec().relay_address();
  if (!address.empty() && !IsHostPort(address)) {
    Add(errors, "spec.relayAddress", address, "an address is written as \"host:7172\"");
  }
  connector::ValidateComment("spec.comment", server.spec().comment(), errors);
  return errors;
}

std::vector<FieldError> Validate(const v1::TransportConfig& config) {
  const v1::TransportConfigSpec& spec = config.spec();
  Errors errors;
  CheckFrame(config, errors);
  CheckSize("spec.maxReceiveSize", spec.max_receive_size(), errors);
  CheckSize("spec.externalDsnMaxMessageAttachSize", spec.external_dsn_max_message_attach_size(),
            errors);
  if (spec.has_max_recipient_envelope_limit() && spec.max_recipient_envelope_limit() < 1) {
    Add(errors, "spec.maxRecipientEnvelopeLimit",
        std::to_string(spec.max_recipient_envelope_limit()), "is from 1 to 2147483647");
  }
  const std::string& postmaster = spec.external_postmaster_address();
  if (!postmaster.empty() && !mail::ParseMailbox(postmaster, false).ok()) {
    Add(errors, "spec.externalPostmasterAddress", postmaster, "is an address: local@domain");
  }
  const std::string& authority = spec.external_dsn_reporting_authority();
  if (!authority.empty() && !mail::IsHostName(authority)) {
    Add(errors, "spec.externalDsnReportingAuthority", authority, "is a domain name");
  }
  return errors;
}

Site SiteFrom(const v1::Site& site) {
  Site typed;
  typed.name = site.metadata().name();
  typed.front_ends.assign(site.spec().front_ends().begin(), site.spec().front_ends().end());
  typed.comment = site.spec().comment();
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
  if (spec.has_external_delay_dsn_enabled()) {
    typed.external_delay_dsn_enabled = spec.external_delay_dsn_enabled();
  }
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
  return resource;
}

}  // namespace postern::directory
