#include "cli/change.h"

#include <span>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"

namespace postern::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

Change ChangeOf(std::string_view cmdlet,
                const std::vector<std::string>& words,
                std::string* complaints_out = nullptr) {
  Complaints complaints;
  const CmdletLine line = Bind(*FindCmdlet(cmdlet), WordsOf(words), complaints);
  Change change = ChangeFrom(line, complaints);
  if (complaints_out != nullptr) {
    *complaints_out = connector::Join(complaints);
  } else {
    EXPECT_THAT(complaints, IsEmpty()) << connector::Join(complaints);
  }
  return change;
}

// proves: Name
// proves: Comment
// proves: ConnectorType
TEST(Change, NewCarriesEveryFieldInItsForm) {
  const Change change = ChangeOf("New-SendConnector", {"To Contoso",
                                                       "-AddressSpaces",
                                                       "SMTP:*.contoso.com;5,fabrikam.com",
                                                       "-DNSRoutingEnabled",
                                                       "$false",
                                                       "-SmartHosts",
                                                       "[10.1.1.1],smart.contoso.com",
                                                       "-Port",
                                                       "587",
                                                       "-MaxMessageSize",
                                                       "25 MB (26,214,400 bytes)",
                                                       "-ConnectionInactivityTimeOut",
                                                       "15m",
                                                       "-TlsAuthLevel",
                                                       "domainvalidation",
                                                       "-ErrorPolicies",
                                                       "DowngradeDnsFailures,UpgradeCustomFailures",
                                                       "-AuthenticationCredential",
                                                       "smart-host",
                                                       "-Comment",
                                                       "one, two",
                                                       "-ConnectorType",
                                                       "xpremises"});
  const v1::SendConnectorSpec& spec = change.resource.send_connector().spec();
  EXPECT_EQ(spec.name(), "To Contoso");
  EXPECT_THAT(spec.address_spaces(), ElementsAre("SMTP:*.contoso.com;5", "fabrikam.com"));
  EXPECT_TRUE(spec.has_dns_routing_enabled());
  EXPECT_FALSE(spec.dns_routing_enabled());
  EXPECT_THAT(spec.smart_hosts(), ElementsAre("[10.1.1.1]", "smart.contoso.com"));
  EXPECT_EQ(spec.port(), 587);
  EXPECT_EQ(spec.max_message_size(), "25MB");
  EXPECT_EQ(spec.connection_inactivity_timeout(), "00:15:00");
  EXPECT_EQ(spec.tls_auth_level(), "DomainValidation");
  EXPECT_THAT(spec.error_policies(), ElementsAre("DowngradeDnsFailures", "UpgradeCustomFailures"));
  EXPECT_EQ(spec.authentication_credential().secret_name(), "smart-host");
  EXPECT_EQ(spec.comment(), "one, two");
  EXPECT_EQ(spec.connector_type(), "XPremises");
  EXPECT_FALSE(spec.has_require_tls());
}

// proves: Custom
// proves: Internal
// proves: Internet
// proves: Partner
TEST(Change, TheSwitchesStandForAUsage) {
  for (const char* usage : {"Custom", "Internal", "Internet", "Partner"}) {
    const Change by_switch = ChangeOf("New-SendConnector", {"x", base::Cat("-", usage)});
    EXPECT_EQ(by_switch.resource.send_connector().spec().usage(), usage);
    const Change by_word = ChangeOf("New-SendConnector", {"x", "-Usage", base::LowerAscii(usage)});
    EXPECT_EQ(by_word.resource.send_connector().spec().usage(), usage);
  }
  const Change off = ChangeOf("New-SendConnector", {"x", "-Partner:$false"});
  EXPECT_EQ(off.resource.send_connector().spec().usage(), "");
}

TEST(Change, SetNamesOnlyWhatIsGiven) {
  const Change change = ChangeOf(
      "Set-SendConnector", {"Internet", "-Enabled", "false", "-Fqdn", "$null", "-SmartHosts", "a"});
  EXPECT_THAT(change.mask, UnorderedElementsAre("spec.enabled", "spec.fqdn", "spec.smart_hosts"));
  EXPECT_THAT(change.edits, IsEmpty());
  EXPECT_EQ(change.resource.send_connector().spec().fqdn(), "");
}

TEST(Change, EditsWaitForTheListThatIsThere) {
  const Change change =
      ChangeOf("Set-SendConnector", {"x", "-AddressSpaces", "@{Add='a.com';Remove='b.com'}"});
  EXPECT_THAT(change.mask, IsEmpty());
  ASSERT_EQ(change.edits.size(), 1u);
  EXPECT_THAT(change.edits[0].add, ElementsAre("a.com"));
}

TEST(Change, OtherKindsAreNamedBySlug) {
  EXPECT_EQ(MetadataOf(ChangeOf("New-AdSite", {"Berlin"}).resource).name(), "berlin");
  const Change domain = ChangeOf("New-AcceptedDomain", {"-Name", "Fabrikam Inc", "-DomainName",
                                                        "fabrikam.com", "-MakeDefault", "1"});
  EXPECT_EQ(MetadataOf(domain.resource).name(), "fabrikam-inc");
  EXPECT_TRUE(domain.resource.accepted_domain().spec().default_());
}

TEST(Change, UnlimitedIsANumberWhereItsParameterTakesIt) {
  const Change limits =
      ChangeOf("Set-TransportConfig", {"-MaxRecipientEnvelopeLimit", "Unlimited"});
  EXPECT_EQ(limits.resource.transport_config().spec().max_recipient_envelope_limit(), 2147483647);
  std::string said;
  ChangeOf("Set-SiteLink", {"x", "-Cost", "unlimited"}, &said);
  EXPECT_EQ(said, "-Cost: \"unlimited\": is a whole number");
}

TEST(Change, WrongValuesAreNamedTogether) {
  std::string said;
  ChangeOf("New-SendConnector",
           {"x", "-Port", "many", "-MaxMessageSize", "25XB", "-RequireTLS", "$null",
            "-ConnectionInactivityTimeOut", "soon", "-TlsAuthLevel", "Some", "-ErrorPolicies",
            "Default,None"},
           &said);
  EXPECT_EQ(
      said,
      "-Port: \"many\": is a whole number\n"
      "-MaxMessageSize: \"25XB\": is a whole number with B, KB, MB, GB or TB, or unlimited\n"
      "-RequireTLS: \"$null\": is true or false\n"
      "-ConnectionInactivityTimeOut: \"soon\": is a time span: [dd.]hh:mm:ss, or a number "
      "with ms, s, m, h or d\n"
      "-TlsAuthLevel: \"Some\": is None, EncryptionOnly, CertificateValidation or "
      "DomainValidation\n"
      "-ErrorPolicies: \"None\": is Default, DowngradeDnsFailures, DowngradeCustomFailures or "
      "UpgradeCustomFailures");
  ChangeOf("New-AcceptedDomain", {"x", "-Default", "1", "-MakeDefault", "0"}, &said);
  EXPECT_THAT(said, HasSubstr("-MakeDefault: is given twice, once by another name"));
  ChangeOf("New-Site", {"***"}, &said);
  EXPECT_THAT(said, HasSubstr("-Name: \"***\": holds a letter or a digit"));
}

// As Get-SendConnector of Exchange shows them, in the quotes of a script.
TEST(Change, SeveralPoliciesMayBeOneText) {
  const auto policies_of = [](Literal value) {
    Complaints complaints;
    const std::vector<Word> words = {
        {.value = Literal::Text("x")}, {.parameter = "ErrorPolicies"}, {.value = std::move(value)}};
    const CmdletLine line = Bind(*FindCmdlet("Set-SendConnector"), words, complaints);
    Change change = ChangeFrom(line, complaints);
    EXPECT_THAT(complaints, IsEmpty()) << connector::Join(complaints);
    return change;
  };
  const Change text =
      policies_of(Literal::Text("downgradednsfailures , UpgradeCustomFailures, Default"));
  EXPECT_THAT(text.resource.send_connector().spec().error_policies(),
              ElementsAre("DowngradeDnsFailures", "UpgradeCustomFailures"));
  const Change edit = policies_of({.kind = Literal::Kind::kEdits, .add = {"Default, Other"}});
  ASSERT_EQ(edit.edits.size(), 1u);
  EXPECT_THAT(edit.edits[0].add, ElementsAre("Default", "Other"));
  const Change alone = policies_of(Literal::Text("Default"));
  EXPECT_THAT(alone.resource.send_connector().spec().error_policies(), ElementsAre("Default"));
}

struct EditRow {
  const char* fact;
  const char* parameter;
  std::vector<std::string> before;
  std::vector<std::string> add;
  std::vector<std::string> remove;
  std::vector<std::string> after;
  std::size_t notes;
};

void ExpectEdits(std::span<const EditRow> rows) {
  for (const EditRow& row : rows) {
    v1::SendConnectorSpec spec;
    const Parameter* parameter =
        connector::FindParameter(connector::SendConnectorParameters(), row.parameter);
    const FieldDescriptor& field = *FindField(spec, parameter->field);
    SetTexts(spec, field, row.before);
    const auto notes = ApplyEdits({{parameter, row.add, row.remove}}, spec);
    EXPECT_EQ(TextsOf(spec, field), row.after) << row.fact;
    EXPECT_EQ(notes.size(), row.notes) << row.fact;
  }
}

TEST(Change, EditsKnowWhenTwoValuesAreTheSame) {
  const EditRow rows[] = {
      {"added at the end",
       "AddressSpaces",
       {"SMTP:a.com;1"},
       {"b.com;5"},
       {},
       {"SMTP:a.com;1", "b.com;5"},
       0},
      {"removed without type and cost",
       "AddressSpaces",
       {"SMTP:a.com;7", "SMTP:b.com;1"},
       {},
       {"A.com"},
       {"SMTP:b.com;1"},
       0},
      {"another cost is another space",
       "AddressSpaces",
       {"SMTP:a.com;7"},
       {},
       {"a.com;1"},
       {"SMTP:a.com;7"},
       1},
      {"a new cost", "AddressSpaces", {"SMTP:a.com;7"}, {"a.com;2"}, {"a.com"}, {"a.com;2"}, 0},
      {"there already", "AddressSpaces", {"SMTP:a.com;1"}, {"smtp:a.com"}, {}, {"SMTP:a.com;1"}, 1},
      {"an address with and without brackets",
       "SmartHosts",
       {"[10.1.1.1]"},
       {"10.1.1.1"},
       {},
       {"[10.1.1.1]"},
       1},
      {"servers without regard to case",
       "SourceTransportServers",
       {"mbx-0", "mbx-1"},
       {},
       {"MBX-0"},
       {"mbx-1"},
       0},
      {"what is no address space compares as text",
       "AddressSpaces",
       {"SMTP:a.com;1"},
       {"*x"},
       {},
       {"SMTP:a.com;1", "*x"},
       0},
  };
  ExpectEdits(rows);
}

TEST(Change, DefaultBesidePoliciesSaysNothing) {
  const EditRow rows[] = {
      {"a policy beside Default takes its place",
       "ErrorPolicies",
       {"Default"},
       {"DowngradeDnsFailures"},
       {},
       {"DowngradeDnsFailures"},
       0},
      {"Default beside a policy says nothing",
       "ErrorPolicies",
       {"DowngradeDnsFailures"},
       {"default"},
       {},
       {"DowngradeDnsFailures"},
       0},
      {"Default alone stays",
       "ErrorPolicies",
       {"DowngradeDnsFailures"},
       {"Default"},
       {"DowngradeDnsFailures"},
       {"Default"},
       0},
  };
  ExpectEdits(rows);
}

}  // namespace
}  // namespace postern::cli
