#include "common/connector/security_rules.h"

#include <algorithm>
#include <set>

#include "common/base/text.h"
#include "common/connector/address_space.h"
#include "common/connector/permissions.h"
#include "common/connector/send_connector.h"
#include "common/connector/words.h"
#include "common/smtp/credentials.h"
#include "common/tls/certificate_name.h"

namespace postern::connector {

namespace {

using Errors = std::vector<FieldError>;
using smtp::SmartHostAuth;
using smtp::TlsAuthLevel;

// A value out of a fixed set; false when it is none of them.
template <typename Parsed>
bool CheckWord(std::string_view path,
               const std::string& value,
               const Parsed& parsed,
               std::string_view words,
               Errors& errors) {
  if (parsed) return true;
  AddError(errors, path, value, base::Cat("is ", words));
  return false;
}

void CheckWords(const v1::SendConnectorSpec& spec, Errors& errors) {
  CheckWord("spec.usage", spec.usage(), ParseUsage(spec.usage()), kUsageWords, errors);
  CheckWord("spec.connectorType", spec.connector_type(), ParseConnectorType(spec.connector_type()),
            kConnectorTypeWords, errors);
  CheckWord("spec.protocolLoggingLevel", spec.protocol_logging_level(),
            ParseProtocolLogging(spec.protocol_logging_level()), kProtocolLoggingWords, errors);
  std::set<std::string> seen;
  for (int i = 0; i < spec.error_policies_size(); ++i) {
    const std::string path = base::Cat("spec.errorPolicies[", i, "]");
    const std::string& word = spec.error_policies(i);
    ErrorPolicies policies;
    if (!policies.Add(word)) {
      AddError(errors, path, word, base::Cat("is ", kErrorPoliciesWords));
    } else if (!seen.insert(base::LowerAscii(word)).second) {
      AddError(errors, path, word, "is listed once");
    } else if (policies == ErrorPolicies() && spec.error_policies_size() > 1) {
      AddError(errors, path, word, "stands alone: it means that there is no other");
    }
  }
}

void CheckTls(const v1::SendConnectorSpec& spec, Errors& errors) {
  constexpr std::string_view kLevel = "spec.tlsAuthLevel";
  const std::string& text = spec.tls_auth_level();
  const auto level = ParseTlsAuthLevel(text);
  if (!CheckWord(kLevel, text, level, kTlsAuthLevelWords, errors)) return;
  if (*level != TlsAuthLevel::kNone && !spec.require_tls()) {
    AddError(errors, kLevel, text, "needs requireTls: true");
  }
  if (*level != TlsAuthLevel::kNone && spec.ignore_start_tls()) {
    AddError(errors, kLevel, text, "needs ignoreStartTls: false");
  }
  if (*level == TlsAuthLevel::kDomainValidation && !spec.smart_hosts().empty() &&
      spec.tls_domain().empty()) {
    AddError(errors, "spec.tlsDomain", "",
             "must name the domain to check when tlsAuthLevel is DomainValidation and there are "
             "smartHosts");
  }
  if (!spec.tls_domain().empty()) {
    const auto domain = ParseTlsDomain(spec.tls_domain());
    if (!domain.ok()) {
      AddError(errors, "spec.tlsDomain", spec.tls_domain(), base::MessageOf(domain.status()));
    }
  }
  if (!spec.tls_certificate_name().empty()) {
    const auto name = tls::CertificateName::Parse(spec.tls_certificate_name());
    if (!name.ok()) {
      AddError(errors, "spec.tlsCertificateName", spec.tls_certificate_name(),
               base::MessageOf(name.status()));
    }
  }
}

bool OnlyWildcards(const v1::SendConnectorSpec& spec) {
  return std::all_of(spec.address_spaces().begin(), spec.address_spaces().end(),
                     [](const std::string& text) {
                       const auto space = AddressSpace::Parse(text);
                       return space.ok() && space->specificity().kind != Specificity::Kind::kExact;
                     });
}

void CheckDomainSecurity(const v1::SendConnectorSpec& spec, Errors& errors) {
  if (!spec.domain_secure_enabled()) return;
  const auto refuse = [&errors](std::string_view rule) {
    AddError(errors, "spec.domainSecureEnabled", "true", rule);
  };
  if (!spec.smart_hosts().empty()) refuse("needs DNS routing: there must be no smartHosts");
  if (spec.ignore_start_tls()) refuse("needs ignoreStartTls: false");
  if (spec.frontend_proxy_enabled()) {
    refuse("needs frontendProxyEnabled: false: mutual TLS ends at the server that has the mail");
  }
  if (spec.force_helo()) refuse("needs forceHelo: false: HELO offers no STARTTLS");
  if (!spec.address_spaces().empty() && OnlyWildcards(spec)) {
    refuse("needs an address space that is one domain: Domain Security knows no wildcards");
  }
}

// What a mechanism needs of STARTTLS, which IgnoreSTARTTLS and HELO take away.
void CheckAuthTls(const v1::SendConnectorSpec& spec, SmartHostAuth auth, Errors& errors) {
  constexpr std::string_view kPath = "spec.smartHostAuthMechanism";
  const bool tls =
      auth == SmartHostAuth::kBasicAuthRequireTls || auth == SmartHostAuth::kExchangeServer;
  const std::string& text = spec.smart_host_auth_mechanism();
  if (tls && spec.ignore_start_tls()) {
    AddError(errors, kPath, text, "needs ignoreStartTls: false");
  }
  if (spec.force_helo() && (tls || auth == SmartHostAuth::kBasicAuth)) {
    AddError(errors, kPath, text, "needs forceHelo: false: HELO offers no AUTH");
  }
}

void CheckAuth(const v1::SendConnectorSpec& spec, Errors& errors) {
  constexpr std::string_view kPath = "spec.smartHostAuthMechanism";
  const std::string& text = spec.smart_host_auth_mechanism();
  const auto auth = ParseSmartHostAuth(text);
  if (!CheckWord(kPath, text, auth, kSmartHostAuthWords, errors)) return;
  if (*auth != SmartHostAuth::kNone && spec.smart_hosts().empty()) {
    AddError(errors, kPath, text, "needs smartHosts and dnsRoutingEnabled: false");
  }
  CheckAuthTls(spec, *auth, errors);
  const bool basic =
      *auth == SmartHostAuth::kBasicAuth || *auth == SmartHostAuth::kBasicAuthRequireTls;
  const std::string& secret = spec.authentication_credential().secret_name();
  constexpr std::string_view kSecret = "spec.authenticationCredential.secretName";
  if (basic && secret.empty()) {
    AddError(errors, kSecret, "",
             base::Cat("must name a secret with username and password or token when "
                       "smartHostAuthMechanism is ",
                       text));
  }
  if (!basic && spec.has_authentication_credential()) {
    AddError(errors, kSecret, secret,
             "has no use unless smartHostAuthMechanism is BasicAuth or BasicAuthRequireTLS");
  }
  if (!secret.empty()) ValidateSlug(kSecret, secret, errors);
}

void CheckPermissions(const v1::SendConnectorSpec& spec, Errors& errors) {
  constexpr std::string_view kPath = "spec.permissions.grants";
  if (spec.permissions().grants_size() > kGrantsMax) {
    return AddError(errors, kPath, "", base::Cat("there are at most ", kGrantsMax));
  }
  for (int i = 0; i < spec.permissions().grants_size(); ++i) {
    const v1::Grant& grant = spec.permissions().grants(i);
    const std::string path = base::Cat(kPath, "[", i, "]");
    CheckWord(base::Cat(path, ".user"), grant.user(), ParseUser(grant.user()), kUserWords, errors);
    if (grant.extended_rights().empty()) {
      AddError(errors, base::Cat(path, ".extendedRights"), "", "names at least one right");
    }
    for (int j = 0; j < grant.extended_rights_size(); ++j) {
      const std::string& right = grant.extended_rights(j);
      CheckWord(base::Cat(path, ".extendedRights[", j, "]"), right, ParseRight(right), kRightWords,
                errors);
    }
  }
}

void CheckEgress(const v1::SendConnectorSpec& spec, std::vector<FieldError>& errors) {
  constexpr std::string_view kPath = "spec.egress";
  if (spec.egress().empty()) return;
  if (!smtp::IsSecretName(spec.egress())) {
    AddError(errors, kPath, spec.egress(),
             "a label is 1 to 63 lower-case letters, digits and \"-\", with no \"-\" at an end");
  }
  if (!spec.frontend_proxy_enabled()) {
    AddError(errors, kPath, spec.egress(),
             "needs frontendProxyEnabled: true: the addresses are those of front ends");
  }
  const auto source = ParseSourceAddress(spec.source_ip_address());
  if (source.ok() && source->has_value()) {
    AddError(errors, kPath, spec.egress(), "has no use beside sourceIpAddress");
  }
}

}  // namespace

void CheckSecurity(const v1::SendConnectorSpec& spec, std::vector<FieldError>& errors) {
  CheckWords(spec, errors);
  if (spec.require_tls() && spec.ignore_start_tls()) {
    AddError(errors, "spec.ignoreStartTls", "true", "must be false when requireTls is true");
  }
  if (spec.require_tls() && spec.force_helo()) {
    AddError(errors, "spec.forceHelo", "true",
             "must be false when requireTls is true: HELO offers no STARTTLS");
  }
  if (spec.allow_policy_override() && !spec.ignore_start_tls()) {
    AddError(errors, "spec.allowPolicyOverride", "true",
             "needs ignoreStartTls: true: it lets that go before DANE and MTA-STS");
  }
  CheckTls(spec, errors);
  CheckDomainSecurity(spec, errors);
  CheckAuth(spec, errors);
  const auto source = ParseSourceAddress(spec.source_ip_address());
  if (!source.ok()) {
    AddError(errors, "spec.sourceIpAddress", spec.source_ip_address(),
             base::MessageOf(source.status()));
  }
  CheckEgress(spec, errors);
  CheckPermissions(spec, errors);
}

void CheckRefused(const v1::SendConnectorSpec& spec, std::vector<FieldError>& errors) {
  if (spec.is_coexistence_connector()) {
    AddError(errors, "spec.isCoexistenceConnector", "true",
             "is deprecated in Exchange and has no place here: leave it out, and for mail to and "
             "from Microsoft 365 set cloudServicesMailEnabled: true");
  }
  if (!spec.linked_receive_connector().empty()) {
    AddError(errors, "spec.linkedReceiveConnector", spec.linked_receive_connector(),
             "is deprecated in Exchange and has no place here: give the connector address spaces "
             "of its own, and a listener to those who are to use it");
  }
  if (spec.require_oorg()) {
    AddError(errors, "spec.requireOorg", "true", "is reserved for Microsoft: leave it out");
  }
}

}  // namespace postern::connector
