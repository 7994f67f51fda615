// What is checked of the certificate, by what the connector says (all of it holds together):
//
//                            chain   names
//   opportunistic            -       -
//   RequireTLS               -       -
//   EncryptionOnly           -       -
//   CertificateValidation    yes     -
//   DomainValidation         yes     TlsDomain; without it the recipient's domain (of a smart host:
//                                    its own name)
//   Domain Security          yes     the same; our certificate is shown
//   BasicAuthRequireTLS      yes     the smart host's own name
//   ExchangeServer           yes     the smart host's own name; our certificate is shown
//   BasicAuth, ExternalAuthoritative ask for nothing themselves
//   REQUIRETLS (message)     yes     the host's own name, unless a row above names one; goes before
//                                    IgnoreSTARTTLS
//
// The name of a smart host is the one in the connector: what the DNS makes of it proves nothing.
#include "common/smtp/security.h"

#include "common/base/text.h"
#include "common/mail/domain.h"

namespace postern::smtp {

namespace {

// A name to check against: an address literal without its brackets.
std::string NameIn(std::string_view host) {
  if (!mail::IsAddressLiteral(host)) return std::string(host);
  const auto address = mail::LiteralAddress(host);
  return address.ok() ? *address : std::string(host.substr(1, host.size() - 2));
}

}  // namespace

Security SecurityFor(const ConnectorPolicy& policy,
                     const Route& route,
                     std::string_view smart_host) {
  Security security;
  if (policy.tls_required()) {
    security.tls = TlsUse::kRequired;
  } else if (policy.ignore_start_tls) {
    security.tls = TlsUse::kNever;
  }
  const bool own_name = policy.auth == SmartHostAuth::kBasicAuthRequireTls ||
                        policy.auth == SmartHostAuth::kExchangeServer;
  const bool domain =
      policy.domain_secure || policy.tls_auth_level == TlsAuthLevel::kDomainValidation;
  security.demand.chain =
      domain || own_name || policy.tls_auth_level == TlsAuthLevel::kCertificateValidation;
  security.demand.revocation_known = !policy.revocation_soft_fail;
  if (domain && !policy.tls_domain.empty()) {
    security.demand.names.push_back(policy.tls_domain);
  } else if (domain) {
    security.demand.names.push_back(NameIn(route.dns_routing ? route.domain : smart_host));
  }
  if (own_name) security.demand.names.push_back(NameIn(smart_host));
  return security;
}

void DemandRequireTls(std::string_view host, Security& security) {
  security.tls = TlsUse::kRequired;
  security.demand.chain = true;
  if (security.demand.names.empty()) security.demand.names.push_back(NameIn(host));
}

absl::StatusOr<tls::CertificatePtr> CertificateFor(const ConnectorPolicy& policy,
                                                   std::string_view own_name,
                                                   const tls::CertificateStore* store,
                                                   absl::Time now) {
  if (policy.ignore_start_tls && !policy.tls_required()) return tls::CertificatePtr();
  if (store == nullptr) {
    static const tls::CertificateStore kEmpty("");
    store = &kEmpty;
  }
  if (!policy.tls_certificate_name.empty()) return store->Named(policy.tls_certificate_name, now);
  const std::string_view name = policy.fqdn.empty() ? own_name : std::string_view(policy.fqdn);
  tls::CertificatePtr found = store->ForHost(name, now);
  if (found == nullptr && policy.needs_certificate()) {
    return base::Error(absl::StatusCode::kNotFound,
                       "mutual TLS needs a certificate of ours: there is none for ", name,
                       ", and TlsCertificateName names none");
  }
  return found;
}

Principal PrincipalOf(const ConnectorPolicy& policy, const std::optional<TlsFacts>& tls) {
  if (policy.auth == SmartHostAuth::kExternalAuthoritative) return Principal::kExternallySecured;
  // The rest is proved by a certificate, or not at all.
  if (!tls.has_value() || !tls->verified) return Principal::kAnonymous;
  if (policy.auth == SmartHostAuth::kExchangeServer) return Principal::kExchange;
  if (policy.domain_secure || policy.tls_auth_level == TlsAuthLevel::kDomainValidation) {
    return Principal::kPartner;
  }
  return Principal::kAnonymous;
}

}  // namespace postern::smtp
