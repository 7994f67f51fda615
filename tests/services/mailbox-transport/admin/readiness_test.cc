#include "services/mailbox-transport/admin/readiness.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"

namespace postern::admin {
namespace {

using ::testing::HasSubstr;

// Sites "here" (with a front end) and "there" (without), the servers ours and near, and far.
directory::SnapshotPtr TwoSites() {
  directory::SnapshotParts parts;
  parts.sites.emplace_back().name = "here";
  parts.sites.front().front_ends = {"front:7170"};
  parts.sites.emplace_back().name = "there";
  for (const auto& [name, site] : {std::pair("ours", "here"), {"near", "here"}, {"far", "there"}}) {
    directory::TransportServer& server = parts.servers.emplace_back();
    server.name = name;
    server.site = site;
  }
  return MakeSnapshot(std::move(parts));
}

connector::SendConnector From(std::vector<std::string> sources, bool proxied = false) {
  connector::SendConnector connector;
  connector.name = "C";
  connector.source_transport_servers = std::move(sources);
  connector.frontend_proxy_enabled = proxied;
  return connector;
}

v1::Condition Judged(const connector::SendConnector& connector,
                     const std::optional<connector::NotReady>& missing = {}) {
  const Readiness readiness("Ours", [&](const connector::SendConnector&) { return missing; });
  return readiness.ConditionOf(connector, *TwoSites());
}

TEST(ReadinessTest, WhatIsReadyAndWhatIsNot) {
  const connector::NotReady secret = {"SecretNotUsable", "/etc/postern/secrets/x is not there"};

  const struct {
    const char* fact;
    connector::SendConnector connector;
    std::optional<connector::NotReady> missing;
    const char* status;
    const char* reason;
    const char* message;
  } rows[] = {
      {"by server", From({"ours"}), {}, "True", "Ready", ""},
      {"by site", From({"site/here"}), {}, "True", "Ready", ""},
      {"no such server", From({"gone"}), {}, "False", "SourceServerNotFound", "(gone)"},
      {"no such site", From({"site/gone"}), {}, "False", "SourceServerNotFound", "its mail waits"},
      {"no source at all", From({}), {}, "False", "SourceServerNotFound", ""},
      {"one of two is there", From({"gone", "far"}), {}, "True", "Ready", ""},
      {"a front end is there", From({"ours"}, true), {}, "True", "Ready", ""},
      {"no front end there", From({"far"}, true), {}, "False", "NoFrontEnd", "in there"},
      {"no front end at one of two",
       From({"ours", "far"}, true),
       {},
       "False",
       "NoFrontEnd",
       "in there: mail that is sent from there waits"},
      {"no secret", From({"ours"}), secret, "False", "SecretNotUsable",
       "/etc/postern/secrets/x is not there"},
      {"no secret, by site", From({"site/here"}), secret, "False", "SecretNotUsable", ""},
      {"the secret is another's", From({"near"}), secret, "True", "Ready", ""},
  };

  for (const auto& row : rows) {
    const v1::Condition condition = Judged(row.connector, row.missing);
    EXPECT_EQ(condition.type(), "Ready") << row.fact;
    EXPECT_EQ(condition.status(), row.status) << row.fact;
    EXPECT_EQ(condition.reason(), row.reason) << row.fact;
    EXPECT_THAT(condition.message(), HasSubstr(row.message)) << row.fact;
  }
}

TEST(ReadinessTest, WhatIsNotEnabledIsReadyUnlessSomethingIsMissing) {
  connector::SendConnector connector = From({"ours"});
  connector.enabled = false;
  const v1::Condition fine = Judged(connector);
  EXPECT_EQ(fine.status(), "True");
  EXPECT_EQ(fine.reason(), "Disabled");
  const connector::NotReady secret = {"SecretNotUsable", "x"};
  EXPECT_EQ(Judged(connector, secret).reason(), "SecretNotUsable");
}

TEST(ReadinessTest, WithoutACheckNothingIsMissing) {
  const Readiness readiness("ours", nullptr);
  EXPECT_EQ(readiness.ConditionOf(From({"ours"}), *TwoSites()).reason(), "Ready");
}

}  // namespace
}  // namespace postern::admin
