#include "cli/import_value.h"

#include "gmock/gmock.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"

#include "common/base/text.h"

namespace postern::cli {
namespace {

using ::testing::HasSubstr;

JsonValue FromJson(std::string_view json) {
  JsonValue value;
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(std::string(json), &value).ok()) << json;
  return value;
}

// "a | b" for a list, "refused: ..." for what is not taken.
std::string Read(std::string_view parameter, std::string_view json) {
  const auto texts = TextsFrom(
      *connector::FindParameter(connector::SendConnectorParameters(), parameter), FromJson(json));
  if (!texts.ok()) return base::Cat("refused: ", base::MessageOf(texts.status()));
  return base::Join(*texts, " | ");
}

struct ShapeRow {
  const char* parameter;
  const char* json;
  const char* texts;
};

TEST(ImportValue, EveryShapeOfAValueIsRead) {
  const ShapeRow rows[] = {
      {"Name", R"("To Internet")", "To Internet"},
      {"Enabled", "true", "true"},
      {"Enabled", R"("False")", "false"},
      {"Port", "25", "25"},
      {"Port", R"("25")", "25"},
      {"SmtpMaxMessagesPerConnection", "20", "20"},
      // Lists
      {"AddressSpaces", R"(["SMTP:*.contoso.com;5","SMTP:a.test;1"])",
       "SMTP:*.contoso.com;5 | SMTP:a.test;1"},
      {"AddressSpaces", R"("SMTP:*;1")", "SMTP:*;1"},
      {"AddressSpaces", R"("SMTP:*;1 SMTP:a.test;2")", "SMTP:*;1 | SMTP:a.test;2"},
      {"AddressSpaces", R"([{"Type":"SMTP","Address":"*.a.test","Cost":5,"IsLocal":false}])",
       "SMTP:*.a.test;5"},
      {"AddressSpaces", R"({"value":["SMTP:*;1"],"Count":1})", "SMTP:*;1"},
      {"AddressSpaces", R"({"Type":"X400","Address":"c=us;a= ;p=x","Cost":3})",
       "X400:c=us;a= ;p=x;3"},
      {"SmartHosts",
       R"([{"Address":{"Address":167837953,"IPAddressToString":"10.1.1.10"},)"
       R"("Domain":null,"IsIPAddress":true}])",
       "10.1.1.10"},
      {"SmartHosts", R"([{"Address":null,"Domain":{"Domain":"a.test"},"IsIPAddress":false}])",
       "a.test"},
      {"SmartHosts", R"("a.test,[10.1.1.1]")", "a.test | [10.1.1.1]"},
      {"SourceTransportServers", R"([{"Name":"EX01","DistinguishedName":"CN=EX01"},"EX02"])",
       "EX01 | EX02"},
      // Sizes
      {"MaxMessageSize", R"j("25 MB (26,214,400 bytes)")j", "25MB"},
      {"MaxMessageSize", R"("Unlimited")", "unlimited"},
      {"MaxMessageSize", R"({"IsUnlimited":true,"Value":null})", "unlimited"},
      {"MaxMessageSize", R"j({"IsUnlimited":false,"Value":"10 MB (10,485,760 bytes)"})j", "10MB"},
      {"MaxMessageSize", R"j({"IsUnlimited":false,"Value":{"Value":"1 KB (1,024 bytes)"}})j",
       "1KB"},
      {"MaxMessageSize", "26214400", "25MB"},
      // Time spans
      {"ConnectionInactivityTimeOut", R"("00:10:00")", "00:10:00"},
      {"ConnectionInactivityTimeOut", R"({"Ticks":6000000000,"Days":0,"Minutes":10})", "00:10:00"},
      {"ConnectionInactivityTimeOut", R"({"Ticks":864000000000})", "1.00:00:00"},
      // Enumerations
      {"ProtocolLoggingLevel", R"("Verbose")", "Verbose"},
      {"ProtocolLoggingLevel", R"({"value":1,"Value":"Verbose"})", "Verbose"},
      {"ProtocolLoggingLevel", "1", "Verbose"},
      {"ProtocolLoggingLevel", "0", "None"},
      {"SmartHostAuthMechanism", "0", "None"},
      {"SmartHostAuthMechanism", R"({"value":4,"Value":"BasicAuthRequireTLS"})",
       "BasicAuthRequireTLS"},
      {"ErrorPolicies", R"("DowngradeDnsFailures, UpgradeCustomFailures")",
       "DowngradeDnsFailures | UpgradeCustomFailures"},
      {"ErrorPolicies", "0", "Default"},
      {"ErrorPolicies", R"("Default, DowngradeDnsFailures")", "DowngradeDnsFailures"},
      {"TlsAuthLevel", R"({"value":3,"Value":"domainvalidation"})", "DomainValidation"},
      // Objects
      {"TlsDomain", R"("*.contoso.com")", "*.contoso.com"},
      {"TlsDomain", R"({"SmtpDomain":{"Domain":"a.test"},"IncludeSubDomains":true})", "*.a.test"},
      {"TlsDomain", R"({"Address":"*.a.test","Domain":"a.test","IncludeSubDomains":true})",
       "*.a.test"},
      {"TlsDomain", R"({"Domain":"a.test","IncludeSubDomains":false})", "a.test"},
      {"Fqdn", R"({"Domain":"mail.a.test"})", "mail.a.test"},
      {"SourceIPAddress", R"({"Address":0,"AddressFamily":2,"IPAddressToString":"0.0.0.0"})",
       "0.0.0.0"},
      {"TlsCertificateName", R"({"CertificateIssuer":"CN=CA","CertificateSubject":"CN=mail"})",
       "<I>CN=CA<S>CN=mail"},
      {"TlsCertificateName", R"("<I>CN=CA<S>CN=mail")", "<I>CN=CA<S>CN=mail"},
  };
  for (const ShapeRow& row : rows)
    EXPECT_EQ(Read(row.parameter, row.json), row.texts) << row.parameter << " " << row.json;
}

TEST(ImportValue, NothingIsGuessed) {
  const ShapeRow rows[] = {
      {"TlsAuthLevel", "3", "is the number of an enumeration, and its meaning is not certain"},
      {"TlsAuthLevel", "0", "is the number of an enumeration"},
      {"SmartHostAuthMechanism", "2", "ConvertTo-Json -EnumsAsStrings"},
      {"ErrorPolicies", "3", "is the number of an enumeration"},
      {"ConnectorType", "1", "is the number of an enumeration"},
      {"ProtocolLoggingLevel", "2", "is the number of an enumeration"},
      {"ProtocolLoggingLevel", R"("Loud")", "is None or Verbose"},
      {"AddressSpaces", R"("Microsoft.Exchange.Data.AddressSpace")", "was cut off"},
      {"AddressSpaces", R"(["@{Type=SMTP; Address=*; Cost=1}"])", "was cut off"},
      {"AddressSpaces", R"("X400:c=us;a= ;p=x;1 SMTP:*;1")", "was cut off"},
      {"AddressSpaces", R"([{"Type":"SMTP"}])", "was cut off"},
      {"SmartHosts", R"("System.Object[]")", "was cut off"},
      {"MaxMessageSize", R"({"IsUnlimited":false,"Value":{}})", "was cut off"},
      {"MaxMessageSize", R"("much")", "is a whole number with B, KB"},
      {"ConnectionInactivityTimeOut", R"({"Ticks":-5})", "has ticks that are no time span"},
      {"Port", "25.5", "is not a whole number"},
      {"Port", R"([25])", "is one value, not a list"},
      {"Enabled", R"("maybe")", "is true or false"},
      {"TlsCertificateName", R"({"CertificateIssuer":"CN=CA"})", "was cut off"},
  };
  for (const ShapeRow& row : rows)
    EXPECT_THAT(Read(row.parameter, row.json), HasSubstr(row.texts))
        << row.parameter << " " << row.json;
}

TEST(ImportValue, WhatSaysNothingIsNothing) {
  for (const char* json : {"null", "\"\"", "[]", R"({"value":[],"Count":0})"})
    EXPECT_TRUE(SaysNothing(FromJson(json))) << json;
  for (const char* json : {"0", "false", "\"x\"", "[null]", R"({"value":0,"Value":"None"})"})
    EXPECT_FALSE(SaysNothing(FromJson(json))) << json;
}

TEST(ImportValue, PropertiesAreFoundWithoutRegardToCase) {
  const JsonValue value = FromJson(R"({"name":"a","Name":"b","PORT":5})");
  EXPECT_EQ(FindProperty(value.struct_value(), "Name")->string_value(), "b");
  EXPECT_EQ(FindProperty(value.struct_value(), "Port")->number_value(), 5);
  EXPECT_EQ(FindProperty(value.struct_value(), "Fqdn"), nullptr);
}

TEST(ImportValue, ExcerptsFitALine) {
  EXPECT_EQ(Excerpt(FromJson("\"a b\"")), "a b");
  EXPECT_EQ(Excerpt(FromJson("[1]")), "[1]");
  EXPECT_EQ(Excerpt(FromJson("null")), "");
  EXPECT_LE(Excerpt(FromJson("\"" + std::string(500, 'x') + "\"")).size(), 90u);
}

}  // namespace
}  // namespace postern::cli
