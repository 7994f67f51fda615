#include "common/directory/build.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"

namespace postern::directory {
namespace {

using ::testing::ElementsAre;

std::string SiteText(std::string_view name) {
  return base::Cat("apiVersion: postern.dev/v1\nkind: Site\nmetadata: {name: ", name, "}\n---\n");
}

std::string ServerText(std::string_view name, std::string_view site) {
  return base::Cat("apiVersion: postern.dev/v1\nkind: TransportServer\nmetadata: {name: ", name,
                   "}\nspec: {site: ", site, "}\n---\n");
}

std::string LinkText(std::string_view name, std::string_view sites) {
  return base::Cat("apiVersion: postern.dev/v1\nkind: SiteLink\nmetadata: {name: ", name,
                   "}\nspec: {sites: [", sites, "]}\n---\n");
}

std::string DomainText(std::string_view name, std::string_view domain, bool is_default) {
  return base::Cat("apiVersion: postern.dev/v1\nkind: AcceptedDomain\nmetadata: {name: ", name,
                   "}\nspec: {domainName: ", domain, ", default: ", is_default, "}\n---\n");
}

std::string ConnectorText(std::string_view slug, std::string_view name, std::string_view source) {
  return base::Cat("apiVersion: postern.dev/v1\nkind: SendConnector\nmetadata: {name: ", slug,
                   "}\nspec:\n  name: ", name,
                   "\n  addressSpaces: ['*']\n  sourceTransportServers: [", source, "]\n---\n");
}

std::string ConfigText(std::string_view spec) {
  return base::Cat(
      "apiVersion: postern.dev/v1\nkind: TransportConfig\nmetadata: {name: c}\nspec: {", spec,
      "}\n---\n");
}

SnapshotPtr BuildText(const std::string& text, std::vector<std::string>* texts) {
  std::vector<ManifestError> errors;
  const auto manifests = ParseManifests("d.yaml", text, errors);
  EXPECT_TRUE(errors.empty()) << errors[0].ToString();
  SnapshotPtr snapshot = BuildSnapshot(manifests, errors);
  for (const ManifestError& error : errors)
    texts->push_back(error.ToString());
  return snapshot;
}

std::vector<std::string> FindingsOf(const std::string& text) {
  std::vector<std::string> texts;
  const SnapshotPtr snapshot = BuildText(text, &texts);
  EXPECT_EQ(snapshot == nullptr, !texts.empty());
  return texts;
}

TEST(BuildTest, NamesOfConnectorsDifferWithoutRegardToCase) {
  EXPECT_THAT(FindingsOf(SiteText("s") + ServerText("m", "s") +
                         ConnectorText("a", "Internet", "m") + ConnectorText("b", "INTERNET", "m")),
              ElementsAre("d.yaml:22: spec.name: \"INTERNET\": one SendConnector of this name is "
                          "already in d.yaml:14"));
}

TEST(BuildTest, SlugsDifferWithinAKind) {
  EXPECT_THAT(FindingsOf(SiteText("s") + SiteText("s")),
              ElementsAre("d.yaml:7: metadata.name: \"s\": one Site of this name is already in "
                          "d.yaml:3"));
  EXPECT_THAT(FindingsOf(SiteText("same") + ServerText("same", "same")), ElementsAre());
}

TEST(BuildTest, WhatIsNamedExists) {
  EXPECT_THAT(FindingsOf(SiteText("s") + ServerText("m", "t")),
              ElementsAre("d.yaml:8: spec.site: \"t\": there is no Site of this name"));
  EXPECT_THAT(FindingsOf(SiteText("s") + LinkText("l", "s, t")),
              ElementsAre("d.yaml:8: spec.sites[1]: \"t\": there is no Site of this name"));
}

TEST(BuildTest, AConnectorMayNameServersThatAreNotThereYet) {
  std::vector<std::string> texts;
  const auto snapshot = BuildText(ConnectorText("a", "A", "m, site/s"), &texts);
  ASSERT_TRUE(snapshot) << texts[0];
  EXPECT_THAT(snapshot->connectors()[0].source_transport_servers, ElementsAre("m", "site/s"));
}

TEST(BuildTest, AcceptedDomainsDifferAndOneIsTheDefault) {
  EXPECT_THAT(
      FindingsOf(DomainText("a", "contoso.com", false) + DomainText("b", "Contoso.com.", false)),
      ElementsAre("d.yaml:9: spec.domainName: \"contoso.com\": one AcceptedDomain of this "
                  "name is already in d.yaml:4"));
  EXPECT_THAT(
      FindingsOf(DomainText("a", "a.com", true) + DomainText("b", "b.com", true)),
      ElementsAre("d.yaml:9: spec.default: \"true\": one default AcceptedDomain of this name "
                  "is already in d.yaml:4"));
}

TEST(BuildTest, AServerHasASite) {
  EXPECT_THAT(FindingsOf(ServerText("m", "''")),
              ElementsAre("d.yaml:4: spec.site: a server is in a Site"));
}

TEST(BuildTest, ThereIsOneTransportConfigAtMost) {
  EXPECT_THAT(FindingsOf(ConfigText("") + ConfigText("")),
              ElementsAre("d.yaml:7: kind: \"TransportConfig\": there is one at most, and one is "
                          "already in d.yaml:1"));
}

TEST(BuildTest, TransportConfigIsTypedAndHasDefaults) {
  std::vector<std::string> texts;
  const auto none = BuildText("", &texts);
  const auto empty = BuildText(ConfigText(""), &texts);
  ASSERT_TRUE(none && empty);
  EXPECT_EQ(none->config().max_receive_size, 35u << 20);
  EXPECT_EQ(none->config().max_recipient_envelope_limit, 5000u);
  EXPECT_EQ(none->config().external_dsn_max_message_attach_size, 10u << 20);
  EXPECT_TRUE(empty->config().external_delay_dsn_enabled);
  const auto given = BuildText(
      ConfigText(
          "maxReceiveSize: 1MB, maxRecipientEnvelopeLimit: 3, externalDelayDsnEnabled: false,"
          " externalPostmasterAddress: pm@a.b, externalDsnReportingAuthority: a.b,"
          " externalDsnMaxMessageAttachSize: unlimited"),
      &texts);
  ASSERT_TRUE(given);
  EXPECT_EQ(given->config().max_receive_size, 1u << 20);
  EXPECT_EQ(given->config().max_recipient_envelope_limit, 3u);
  EXPECT_FALSE(given->config().external_delay_dsn_enabled);
  EXPECT_EQ(given->config().external_postmaster_address, "pm@a.b");
}

}  // namespace
}  // namespace postern::directory
