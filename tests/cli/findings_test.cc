#include "cli/findings.h"

#include "gtest/gtest.h"

#include "common/base/text.h"
#include "common/connector/validate.h"
#include "tests/common/connector/good_connector.h"

namespace postern::cli {
namespace {

struct FindingRow {
  const char* kind;
  const char* said;
  const char* shown;
};

TEST(Findings, FieldsBecomeParameters) {
  const FindingRow rows[] = {
      {"SendConnector", "spec.smartHosts[0]: \"x y\": a smart host is a host name",
       "-SmartHosts: \"x y\": a smart host is a host name"},
      {"SendConnector", "spec.tlsAuthLevel: \"DomainValidation\": needs requireTls: true",
       "-TlsAuthLevel: \"DomainValidation\": needs RequireTLS: true"},
      {"SendConnector", "spec.usage: \"x\": is Custom", "-Usage: \"x\": is Custom"},
      {"SendConnector", "spec.permissions.grants[0].user: \"x\": is none",
       "-Permissions: \"x\": is none"},
      {"SendConnector", "spec.fqdn: \"smartHosts\": a port is no smartHosts",
       "-Fqdn: \"smartHosts\": a port is no SmartHosts"},
      {"Site", "metadata.name: \"X\": a name is lower case", "-Name: \"X\": a name is lower case"},
      {"Site", "spec.frontEnds[3]: \"x\": a rule\nspec.comment: long",
       "-FrontEnds: \"x\": a rule\n-Comment: long"},
      {"Site", "site \"x\": there is one already", "site \"x\": there is one already"},
      {"Site", "spec.unknown: rule", "spec.unknown: rule"},
  };
  for (const FindingRow& row : rows)
    EXPECT_EQ(InParameterTerms(row.kind, row.said), row.shown);
}

TEST(Findings, TheFieldOfARequestIsTheParameterThatGaveIt) {
  const auto shown = [](std::string_view cmdlet, std::string_view said) {
    const absl::Status status =
        InParameterTerms(*FindCmdlet(cmdlet), base::Error(absl::StatusCode::kNotFound, said));
    EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
    return std::string(base::MessageOf(status));
  };
  EXPECT_EQ(shown("Get-MessageTrackingLog", "event_id: \"x\": is none"),
            "-EventId: \"x\": is none");
  EXPECT_EQ(shown("Get-Queue", "message \"1\": it is gone"), "message \"1\": it is gone");
  EXPECT_EQ(shown("Get-Queue", "the server is away: later"), "the server is away: later");
}

TEST(Findings, WhatTheRulesOfAConnectorSayNamesNoField) {
  v1::SendConnector connector = connector::testing::GoodConnector();
  v1::SendConnectorSpec& spec = *connector.mutable_spec();
  spec.add_smart_hosts("a");
  spec.set_require_tls(true);
  spec.set_ignore_start_tls(true);
  spec.set_tls_auth_level("DomainValidation");
  spec.set_max_message_size("5XB");
  const std::string shown =
      InParameterTerms("SendConnector", connector::Join(connector::Validate(connector)));
  EXPECT_EQ(shown.find("spec."), std::string::npos) << shown;
  EXPECT_EQ(shown.find("requireTls"), std::string::npos) << shown;
}

}  // namespace
}  // namespace postern::cli
