#include "common/connector/validate.h"

#include <algorithm>
#include <set>

#include "absl/time/time.h"

#include "common/base/slug.h"
#include "common/base/text.h"
#include "common/base/units.h"
#include "common/connector/presets.h"
#include "common/connector/security_rules.h"
#include "common/connector/send_connector.h"
#include "common/io/endpoint.h"
#include "common/mail/domain.h"
#include "common/mail/utf8.h"

namespace postern::connector {

namespace {

using Errors = std::vector<FieldError>;

std::string At(std::string_view list, int index) {
  return base::Cat(list, "[", index, "]");
}

void CheckKind(const v1::SendConnector& connector, Errors& errors) {
  if (!connector.api_version().empty() && connector.api_version() != kApiVersion) {
    AddError(errors, "apiVersion", connector.api_version(),
             base::Cat("the version is ", kApiVersion));
  }
  if (!connector.kind().empty() && connector.kind() != "SendConnector") {
    AddError(errors, "kind", connector.kind(), "the kind is SendConnector");
  }
}

void CheckName(const std::string& name, Errors& errors) {
  constexpr std::string_view kPath = "spec.name";
  if (name.empty()) return AddError(errors, kPath, "", "a Send connector has a name");
  const auto characters = CountCharacters(name);
  if (!characters) return AddError(errors, kPath, name, "a name is valid UTF-8");
  if (*characters > kNameLengthMax) {
    AddError(errors, kPath, name, base::Cat("a name has at most ", kNameLengthMax, " characters"));
  }
  if (base::HasControl(name)) AddError(errors, kPath, name, "a name holds no control characters");
  if (base::Trim(name).size() != name.size()) {
    AddError(errors, kPath, name, "a name does not begin or end with a space");
  }
  if (name.find('\\') != std::string::npos) {
    AddError(errors, kPath, name, "a name holds no \"\\\": it parts server and name in identities");
  }
}

void CheckAddressSpaces(const v1::SendConnectorSpec& spec, bool dns_routing, Errors& errors) {
  constexpr std::string_view kPath = "spec.addressSpaces";
  if (spec.address_spaces().empty()) {
    AddError(errors, kPath, "",
             "a Send connector has at least one address space; \"*\" is every domain");
  }
  if (spec.address_spaces_size() > kAddressSpacesMax) {
    return AddError(errors, kPath, "", base::Cat("there are at most ", kAddressSpacesMax));
  }
  std::set<std::string> seen;
  for (int i = 0; i < spec.address_spaces_size(); ++i) {
    const std::string& text = spec.address_spaces(i);
    const auto space = AddressSpace::Parse(text);
    if (!space.ok()) {
      AddError(errors, At(kPath, i), text, base::MessageOf(space.status()));
      continue;
    }
    if (!seen.insert(base::LowerAscii(base::Cat(space->type, ":", space->space))).second) {
      AddError(errors, At(kPath, i), text, "an address space is listed once");
    }
    if (!space->smtp() && dns_routing) {
      AddError(errors, At(kPath, i), text,
               base::Cat("a ", space->type,
                         " address space needs smartHosts and dnsRoutingEnabled: "
                         "false, because only SMTP domains are in DNS"));
    }
  }
}

void CheckSmartHosts(const v1::SendConnectorSpec& spec, bool dns_routing, Errors& errors) {
  constexpr std::string_view kPath = "spec.smartHosts";
  const bool given = !spec.smart_hosts().empty();
  if (given && dns_routing) {
    AddError(errors, "spec.dnsRoutingEnabled", spec.has_dns_routing_enabled() ? "true" : "",
             "must be false when smartHosts is given; left out it is true");
  }
  if (!given && !dns_routing) {
    AddError(errors, kPath, "", "must name a smart host when dnsRoutingEnabled is false");
  }
  if (spec.smart_hosts_size() > kSmartHostsMax) {
    return AddError(errors, kPath, "", base::Cat("there are at most ", kSmartHostsMax));
  }
  std::set<std::string> seen;
  for (int i = 0; i < spec.smart_hosts_size(); ++i) {
    const std::string& text = spec.smart_hosts(i);
    const auto host = ParseSmartHost(text);
    if (!host.ok()) {
      AddError(errors, At(kPath, i), text, base::MessageOf(host.status()));
    } else if (!seen.insert(*host).second) {
      AddError(errors, At(kPath, i), text, "a smart host is listed once");
    }
  }
}

void CheckSourceServers(const v1::SendConnectorSpec& spec, Errors& errors) {
  constexpr std::string_view kPath = "spec.sourceTransportServers";
  if (spec.source_transport_servers().empty()) {
    AddError(errors, kPath, "", "must name at least one server, or site/<name> for all of a site");
  }
  if (spec.source_transport_servers_size() > kSourceServersMax) {
    return AddError(errors, kPath, "", base::Cat("there are at most ", kSourceServersMax));
  }
  std::set<std::string> seen;
  for (int i = 0; i < spec.source_transport_servers_size(); ++i) {
    const std::string& given = spec.source_transport_servers(i);
    const std::string text = base::LowerAscii(given);
    if (!base::IsSlug(SiteIn(text).value_or(text))) {
      AddError(errors, At(kPath, i), given,
               "an element is the name of a TransportServer, or site/<name>");
    } else if (!seen.insert(text).second) {
      AddError(errors, At(kPath, i), given, "a source server is listed once");
    }
  }
}

void CheckTransport(const v1::SendConnectorSpec& spec, Errors& errors) {
  if (spec.has_port() && (spec.port() < 0 || spec.port() > 65535)) {
    AddError(errors, "spec.port", std::to_string(spec.port()),
             "a port is a number from 0 to 65535");
  }
  if (!spec.fqdn().empty()) {
    const auto name = mail::NormalizeDomain(spec.fqdn());
    if (!name.ok()) {
      AddError(errors, "spec.fqdn", spec.fqdn(), base::MessageOf(name.status()));
    } else if (!mail::IsHostName(*name) || io::IpAddress::Parse(*name).ok()) {
      AddError(errors, "spec.fqdn", spec.fqdn(),
               "is a host name: letters, digits, hyphens and dots, and no address");
    }
  }
}

void CheckLimits(const v1::SendConnectorSpec& spec, Errors& errors) {
  const std::string& size_text = spec.max_message_size();
  if (!size_text.empty()) {
    const auto size = base::ParseSize(size_text);
    if (!size.ok()) {
      AddError(errors, "spec.maxMessageSize", size_text, base::MessageOf(size.status()));
    } else if (*size != base::kUnlimited && *size > kMaxMessageSizeMost) {
      AddError(errors, "spec.maxMessageSize", size_text,
               base::Cat("is from 0 to ", kMaxMessageSizeMost, " bytes, or unlimited"));
    }
  }
  if (spec.smtp_max_messages_per_connection() < 0) {
    AddError(errors, "spec.smtpMaxMessagesPerConnection",
             std::to_string(spec.smtp_max_messages_per_connection()),
             "is from 0 (no limit) to 2147483647");
  }
  const std::string& span_text = spec.connection_inactivity_timeout();
  if (!span_text.empty()) {
    const auto span = base::ParseTimeSpan(span_text);
    constexpr std::string_view kPath = "spec.connectionInactivityTimeout";
    if (!span.ok()) {
      AddError(errors, kPath, span_text, base::MessageOf(span.status()));
    } else if (*span < absl::Seconds(1) || *span > absl::Hours(24)) {
      AddError(errors, kPath, span_text, "is from 00:00:01 to 1.00:00:00");
    }
  }
}

}  // namespace

std::string FieldError::ToString() const {
  if (value.empty()) return base::Cat(path, ": ", rule);
  return base::Cat(path, ": \"", base::Printable(value), "\": ", rule);
}

void AddError(Errors& errors,
              std::string_view path,
              std::string_view value,
              std::string_view rule) {
  errors.push_back({std::string(path), std::string(value), std::string(rule)});
}

std::vector<FieldError> Validate(const v1::SendConnector& connector) {
  const v1::SendConnectorSpec spec = WithPresets(connector.spec());
  const bool dns_routing = !spec.has_dns_routing_enabled() || spec.dns_routing_enabled();
  Errors errors;
  CheckKind(connector, errors);
  ValidateSlug("metadata.name", connector.metadata().name(), errors);
  CheckName(spec.name(), errors);
  CheckAddressSpaces(spec, dns_routing, errors);
  CheckSmartHosts(spec, dns_routing, errors);
  CheckTransport(spec, errors);
  CheckLimits(spec, errors);
  CheckSourceServers(spec, errors);
  CheckSecurity(spec, errors);
  CheckRefused(spec, errors);
  ValidateComment("spec.comment", spec.comment(), errors);
  return errors;
}

std::vector<std::string> WarningsFor(const v1::SendConnector& connector) {
  const v1::SendConnectorSpec spec = WithPresets(connector.spec());
  std::vector<std::string> warnings;
  const auto warn = [&](const auto&... parts) {
    warnings.push_back(base::Cat("Send connector \"", spec.name(), "\": ", parts...));
  };
  if (!spec.tls_domain().empty() &&
      ParseTlsAuthLevel(spec.tls_auth_level()) != smtp::TlsAuthLevel::kDomainValidation) {
    warn("TlsDomain is not looked at unless TlsAuthLevel is DomainValidation");
  }
  if (spec.has_port() && spec.port() != kPortDefault && spec.smart_hosts().empty()) {
    warn("Port is for smart hosts; mail by MX goes to port 25");
  }
  if (ParseSmartHostAuth(spec.smart_host_auth_mechanism()) == smtp::SmartHostAuth::kBasicAuth &&
      !spec.require_tls()) {
    warn(
        "BasicAuth sends the password in clear where the smart host offers no TLS; "
        "BasicAuthRequireTLS does not");
  }
  if (base::ParseSize(spec.max_message_size()).value_or(1) == 0)
    warn("MaxMessageSize 0 lets no message pass");
  return warnings;
}

std::optional<std::size_t> CountCharacters(std::string_view text) {
  std::size_t count = 0;
  for (; !text.empty(); ++count) {
    const std::size_t bytes = mail::Utf8CharacterBytes(text);
    if (bytes == 0) return std::nullopt;
    text.remove_prefix(bytes);
  }
  return count;
}

void ValidateSlug(std::string_view path, std::string_view value, std::vector<FieldError>& errors) {
  if (base::IsSlug(value)) return;
  AddError(errors, path, value, base::kSlugRule);
}

void ValidateComment(std::string_view path,
                     std::string_view value,
                     std::vector<FieldError>& errors) {
  if (value.size() > kCommentBytesMax) {
    AddError(errors, path, value, base::Cat("a comment has at most ", kCommentBytesMax, " bytes"));
  }
  if (!mail::IsUtf8(value)) AddError(errors, path, value, "a comment is valid UTF-8");
  if (base::HasControl(value, "\n\t"))
    AddError(errors, path, value, "a comment holds no control characters");
}

std::string Join(const std::vector<FieldError>& errors) {
  std::string out;
  for (const FieldError& error : errors) {
    if (!out.empty()) out.push_back('\n');
    out += error.ToString();
  }
  return out;
}

}  // namespace postern::connector
