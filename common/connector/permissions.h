// common/connector/permissions.h
//
// The permissions of a Send connector: what a remote that proved to be one of its users may get.
//
// Flow      DefaultPermissions(usage), or those that the resource names; HeaderGrantsOf for the
//           engine.
// Failure   nullopt: the user or the right is not known; kUserWords and kRightWords say which are.
// Limits    kGrantsMax grants.
// See       docs/exchange.md "Types and the header firewall"; Add-ADPermission of Exchange

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/connector/words.h"
#include "postern/v1/resources.pb.h"

namespace postern::connector {

inline constexpr int kGrantsMax = 64;

enum class User : std::uint8_t {
  kAnonymousLogon,
  kPartnerServers,
  kExternallySecuredServers,
  kExchangeServers,
  kHubTransportServers,
  // No remote proves to be one of these; they are kept and shown.
  kEdgeTransportServers,
  kExchangeLegacyInterop,
};

enum class Right : std::uint8_t {
  kSendHeadersOrganization,
  kSendHeadersForest,
  kSendHeadersRouting,
  // Without effect: XEXCH50 and XSHADOW are never sent.
  kSendExch50,
  kSendXShadow,
};

inline constexpr std::string_view kUserWords =
    "AnonymousLogon, PartnerServers, ExternallySecuredServers, ExchangeServers, "
    "HubTransportServers, EdgeTransportServers or ExchangeLegacyInterop";
inline constexpr std::string_view kRightWords =
    "ms-Exch-Send-Headers-Organization, ms-Exch-Send-Headers-Forest, ms-Exch-Send-Headers-Routing, "
    "ms-Exch-SMTP-Send-Exch50 or ms-Exch-SMTP-Send-XShadow";

// "AnonymousLogon", "NT AUTHORITY\ANONYMOUS LOGON", "MS Exchange\Partner Servers", or the SID.
std::optional<User> ParseUser(std::string_view text);
std::optional<Right> ParseRight(std::string_view text);
std::string_view NameOf(User user);
std::string_view NameOf(Right right);

struct UserGrant {
  User user = User::kAnonymousLogon;
  std::vector<Right> rights;
  bool deny = false;

  bool operator==(const UserGrant&) const = default;
};

std::vector<UserGrant> DefaultPermissions(Usage usage);

// Of permissions that Validate accepts.
std::vector<UserGrant> PermissionsFrom(const v1::Permissions& permissions);
v1::Permissions ToResource(const std::vector<UserGrant>& grants);

// For each principal; what is denied to any of its users is not granted.
smtp::HeaderGrants HeaderGrantsOf(const std::vector<UserGrant>& grants);

}  // namespace postern::connector
