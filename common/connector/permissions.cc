#include "common/connector/permissions.h"

#include <algorithm>
#include <array>

#include "common/base/text.h"

namespace postern::connector {

namespace {

constexpr std::array<std::string_view, 7> kUsers = {
    "AnonymousLogon",      "PartnerServers",       "ExternallySecuredServers", "ExchangeServers",
    "HubTransportServers", "EdgeTransportServers", "ExchangeLegacyInterop"};

constexpr std::array<std::string_view, 5> kRights = {
    "ms-Exch-Send-Headers-Organization", "ms-Exch-Send-Headers-Forest",
    "ms-Exch-Send-Headers-Routing", "ms-Exch-SMTP-Send-Exch50", "ms-Exch-SMTP-Send-XShadow"};

struct Alias {
  std::string_view name;  // without spaces
  User user;
};

constexpr Alias kAliases[] = {
    {"Anonymous", User::kAnonymousLogon},
    {"S-1-5-7", User::kAnonymousLogon},
    {"LegacyExchangeServers", User::kExchangeLegacyInterop},
    {"S-1-9-1419165041-1139599005-3936102811-1022490595-10", User::kPartnerServers},
    {"S-1-9-1419165041-1139599005-3936102811-1022490595-21", User::kHubTransportServers},
    {"S-1-9-1419165041-1139599005-3936102811-1022490595-22", User::kEdgeTransportServers},
    {"S-1-9-1419165041-1139599005-3936102811-1022490595-23", User::kExternallySecuredServers},
    {"S-1-9-1419165041-1139599005-3936102811-1022490595-24", User::kExchangeLegacyInterop},
};

const std::vector<Right> kAllHeaders = {Right::kSendHeadersOrganization, Right::kSendHeadersForest,
                                        Right::kSendHeadersRouting};

UserGrant GrantOf(User user, std::vector<Right> rights) {
  UserGrant grant;
  grant.user = user;
  grant.rights = std::move(rights);
  return grant;
}

// Which principal of a session such a user is.
std::optional<smtp::Principal> PrincipalOf(User user) {
  switch (user) {
    case User::kAnonymousLogon:
      return smtp::Principal::kAnonymous;
    case User::kPartnerServers:
      return smtp::Principal::kPartner;
    case User::kExternallySecuredServers:
      return smtp::Principal::kExternallySecured;
    case User::kExchangeServers:
    case User::kHubTransportServers:
      return smtp::Principal::kExchange;
    case User::kEdgeTransportServers:
    case User::kExchangeLegacyInterop:
      return std::nullopt;
  }
  return std::nullopt;
}

void Set(mail::HeaderRights& rights, Right right, bool value) {
  if (right == Right::kSendHeadersOrganization) rights.organization = value;
  if (right == Right::kSendHeadersForest) rights.forest = value;
  if (right == Right::kSendHeadersRouting) rights.routing = value;
}

}  // namespace

std::optional<User> ParseUser(std::string_view text) {
  std::string name(text.substr(text.rfind('\\') + 1));
  std::erase(name, ' ');
  for (std::size_t i = 0; i < kUsers.size(); ++i) {
    if (base::EqualsIgnoreCase(name, kUsers[i])) return static_cast<User>(i);
  }
  for (const Alias& alias : kAliases) {
    if (base::EqualsIgnoreCase(name, alias.name)) return alias.user;
  }
  return std::nullopt;
}

std::optional<Right> ParseRight(std::string_view text) {
  for (std::size_t i = 0; i < kRights.size(); ++i) {
    if (base::EqualsIgnoreCase(base::Trim(text), kRights[i])) return static_cast<Right>(i);
  }
  return std::nullopt;
}

std::string_view NameOf(User user) {
  return kUsers[static_cast<std::size_t>(user)];
}

std::string_view NameOf(Right right) {
  return kRights[static_cast<std::size_t>(right)];
}

std::vector<UserGrant> DefaultPermissions(Usage usage) {
  switch (usage) {
    case Usage::kCustom:
      return {};
    case Usage::kInternet:
      return {GrantOf(User::kAnonymousLogon, {Right::kSendHeadersRouting})};
    case Usage::kPartner:
      return {GrantOf(User::kPartnerServers, {Right::kSendHeadersRouting})};
    case Usage::kInternal:
      return {GrantOf(User::kHubTransportServers, kAllHeaders),
              GrantOf(User::kEdgeTransportServers, kAllHeaders),
              GrantOf(User::kExchangeServers, kAllHeaders),
              GrantOf(User::kExternallySecuredServers, kAllHeaders),
              GrantOf(User::kExchangeLegacyInterop, kAllHeaders)};
  }
  return {};
}

std::vector<UserGrant> PermissionsFrom(const v1::Permissions& permissions) {
  std::vector<UserGrant> grants;
  for (const v1::Grant& from : permissions.grants()) {
    UserGrant grant;
    grant.user = *ParseUser(from.user());
    for (const std::string& right : from.extended_rights())
      grant.rights.push_back(*ParseRight(right));
    grant.deny = from.deny();
    grants.push_back(std::move(grant));
  }
  return grants;
}

v1::Permissions ToResource(const std::vector<UserGrant>& grants) {
  v1::Permissions permissions;
  for (const UserGrant& grant : grants) {
    v1::Grant& to = *permissions.add_grants();
    to.set_user(std::string(NameOf(grant.user)));
    for (const Right right : grant.rights)
      to.add_extended_rights(std::string(NameOf(right)));
    to.set_deny(grant.deny);
  }
  return permissions;
}

smtp::HeaderGrants HeaderGrantsOf(const std::vector<UserGrant>& grants) {
  smtp::HeaderGrants out{};
  for (const bool deny : {false, true}) {
    for (const UserGrant& grant : grants) {
      const auto principal = PrincipalOf(grant.user);
      if (grant.deny != deny || !principal) continue;
      for (const Right right : grant.rights)
        Set(out[static_cast<std::size_t>(*principal)], right, !deny);
    }
  }
  return out;
}

}  // namespace postern::connector
