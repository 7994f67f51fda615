#include "common/connector/permissions.h"

#include "gtest/gtest.h"

namespace postern::connector {
namespace {

using smtp::Principal;

std::string Shown(const mail::HeaderRights& rights) {
  std::string out;
  if (rights.organization) out += "organization ";
  if (rights.forest) out += "forest ";
  if (rights.routing) out += "routing ";
  return out.empty() ? "none" : out.substr(0, out.size() - 1);
}

std::string Granted(const std::vector<UserGrant>& grants, Principal principal) {
  return Shown(HeaderGrantsOf(grants)[static_cast<std::size_t>(principal)]);
}

TEST(PermissionsTest, EachTypeHasTheGrantsOfExchanges2013Table) {
  struct Row {
    Usage usage;
    const char *anonymous, *partner, *secured, *exchange;
  };

  constexpr const char* kAll = "organization forest routing";
  const Row rows[] = {{Usage::kCustom, "none", "none", "none", "none"},
                      {Usage::kInternet, "routing", "none", "none", "none"},
                      {Usage::kPartner, "none", "routing", "none", "none"},
                      {Usage::kInternal, "none", "none", kAll, kAll}};
  for (const Row& row : rows) {
    const auto grants = DefaultPermissions(row.usage);
    EXPECT_EQ(Granted(grants, Principal::kAnonymous), row.anonymous) << NameOf(row.usage);
    EXPECT_EQ(Granted(grants, Principal::kPartner), row.partner) << NameOf(row.usage);
    EXPECT_EQ(Granted(grants, Principal::kExternallySecured), row.secured) << NameOf(row.usage);
    EXPECT_EQ(Granted(grants, Principal::kExchange), row.exchange) << NameOf(row.usage);
  }
}

TEST(PermissionsTest, WhatIsDeniedIsNotGrantedInWhateverOrder) {
  UserGrant deny;
  deny.user = User::kHubTransportServers;
  deny.rights = {Right::kSendHeadersForest};
  deny.deny = true;
  auto grants = DefaultPermissions(Usage::kInternal);
  grants.insert(grants.begin(), deny);
  EXPECT_EQ(Granted(grants, Principal::kExchange), "organization routing");
}

TEST(PermissionsTest, UsersHaveTheNamesThatExchangeShows) {
  const std::pair<const char*, User> rows[] = {
      {"AnonymousLogon", User::kAnonymousLogon},
      {"NT AUTHORITY\\ANONYMOUS LOGON", User::kAnonymousLogon},
      {"ANONYMOUS LOGON", User::kAnonymousLogon},
      {"MS Exchange\\Partner Servers", User::kPartnerServers},
      {"CONTOSO\\Exchange Servers", User::kExchangeServers},
      {"MS Exchange\\Hub Transport Servers", User::kHubTransportServers},
      {"MS Exchange\\Edge Transport Servers", User::kEdgeTransportServers},
      {"MS Exchange\\Externally Secured Servers", User::kExternallySecuredServers},
      {"CONTOSO\\ExchangeLegacyInterop", User::kExchangeLegacyInterop},
      {"S-1-9-1419165041-1139599005-3936102811-1022490595-10", User::kPartnerServers},
  };
  for (const auto& [text, user] : rows)
    EXPECT_EQ(ParseUser(text), user) << text;
  EXPECT_EQ(ParseUser("Everyone"), std::nullopt);
  EXPECT_EQ(ParseUser(""), std::nullopt);
  EXPECT_EQ(ParseRight("ms-exch-send-headers-routing"), Right::kSendHeadersRouting);
  EXPECT_EQ(ParseRight("Send-As"), std::nullopt);
}

TEST(PermissionsTest, GrantsSurviveTheWayThereAndBack) {
  const auto grants = DefaultPermissions(Usage::kInternal);
  EXPECT_EQ(PermissionsFrom(ToResource(grants)), grants);
}

}  // namespace
}  // namespace postern::connector
