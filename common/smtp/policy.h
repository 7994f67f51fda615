// common/smtp/policy.h
//
// Where a delivery goes and how, as its Send connector says: what the engine obeys, on both ways.
//
// Flow      A service fills Route and ConnectorPolicy from its connector; a front end has them from
//           the Offer.
// Limits    Values. Sessions are shared only between equal policies.
// See       docs/exchange.md; common/connector/send_connector.h

#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

#include "common/io/endpoint.h"
#include "common/mail/header_firewall.h"

namespace postern::smtp {

// Where to, as the connector says.
struct Route {
  bool dns_routing = true;
  std::string domain;                    // for MX
  std::vector<std::string> smart_hosts;  // host names or address literals, in order
  std::uint16_t port = 25;
};

// How much the peer's certificate must prove; numbers as in proto/postern/v1/proxy.proto.
enum class TlsAuthLevel : std::uint8_t {
  kNone = 0,                   // nothing is asked
  kEncryptionOnly = 1,         // any certificate
  kCertificateValidation = 2,  // a chain to a trusted authority
  kDomainValidation = 3,       // ... and the name
};

// How a smart host is spoken to; numbers as in proto/postern/v1/proxy.proto.
enum class SmartHostAuth : std::uint8_t {
  kNone = 0,
  kBasicAuth = 1,
  kBasicAuthRequireTls = 2,
  kExchangeServer = 3,
  kExternalAuthoritative = 4,
};

// What the remote proved to be in this session; numbers as in proto/postern/v1/proxy.proto.
enum class Principal : std::uint8_t {
  kAnonymous = 0,          // nothing
  kPartner = 1,            // the domain that it stands for, by its certificate
  kExternallySecured = 2,  // the connector declares the link secured
  kExchange = 3,           // an Exchange server, by mutual TLS
};

inline constexpr std::size_t kPrincipals = 4;

std::string_view NameOf(TlsAuthLevel level);   // "None", "DomainValidation"
std::string_view NameOf(SmartHostAuth auth);   // "BasicAuthRequireTLS"
std::string_view NameOf(Principal principal);  // "AnonymousLogon", "PartnerServers"

// What each principal may be sent.
using HeaderGrants = std::array<mail::HeaderRights, kPrincipals>;

// How, as the connector says.
struct ConnectorPolicy {
  std::string connector;
  std::string version;
  std::string fqdn;  // EHLO name; empty: the engine's own name
  bool require_tls = false;
  bool ignore_start_tls = false;
  bool force_helo = false;
  std::uint32_t messages_per_connection_max = 20;  // 0 is unlimited
  absl::Duration inactivity = absl::Minutes(10);
  TlsAuthLevel tls_auth_level = TlsAuthLevel::kNone;
  std::string tls_domain;            // to check against; empty: what the route is for
  std::string tls_certificate_name;  // "<I>issuer<S>subject"; empty: by the EHLO name
  bool domain_secure = false;        // mutual TLS, and the recipient's domain is in the list
  SmartHostAuth auth = SmartHostAuth::kNone;
  std::string credential;  // name of the secret
  std::optional<io::IpAddress> source_address;
  std::string egress;  // label of source addresses: SourcePool
  bool external_dns = false;
  bool protocol_log = false;
  bool cloud_services_mail = false;    // Organization fields leave as CrossPremises fields
  bool allow_policy_override = false;  // ignore_start_tls holds against DANE and MTA-STS
  bool revocation_soft_fail = true;    // what is not known to be revoked passes
  HeaderGrants grants{};

  bool operator==(const ConnectorPolicy&) const = default;

  // TLS or nothing: demanded by any of the rules.
  bool tls_required() const {
    return require_tls || domain_secure || tls_auth_level != TlsAuthLevel::kNone ||
           auth == SmartHostAuth::kBasicAuthRequireTls || auth == SmartHostAuth::kExchangeServer;
  }

  // What DANE and MTA-STS demand is of no interest.
  bool overrides_policies() const { return ignore_start_tls && allow_policy_override; }

  // The smart host must be logged in to.
  bool needs_credential() const {
    return auth == SmartHostAuth::kBasicAuth || auth == SmartHostAuth::kBasicAuthRequireTls;
  }

  // Mutual TLS: without a certificate of ours nothing is sent.
  bool needs_certificate() const {
    return domain_secure || auth == SmartHostAuth::kExchangeServer || !tls_certificate_name.empty();
  }

  // What the header firewall lets pass to such a remote.
  mail::FirewallRules FirewallFor(Principal principal) const {
    return {grants[static_cast<std::size_t>(principal)],
            cloud_services_mail ? mail::CrossPremises::kPromote : mail::CrossPremises::kRemove};
  }
};

}  // namespace postern::smtp
