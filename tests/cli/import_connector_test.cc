#include "cli/import_connector.h"

#include <algorithm>

#include "gmock/gmock.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"

#include "common/base/text.h"
#include "common/connector/presets.h"

namespace postern::cli {
namespace {

using Outcome = ImportFinding::Outcome;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ImportConnectorTest : public ::testing::Test {
 protected:
  ImportConnectorTest() {
    options_.known_servers = {"mbx-0"};
    options_.own_site = "site/site-a";
  }

  // One connector that lacks nothing, with these properties beside.
  void Import(const std::string& more) {
    JsonObject object;
    const std::string json = base::Cat(R"({"Name":"X","AddressSpaces":["SMTP:*;1"])",
                                       more.empty() ? "" : ",", more, "}");
    ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(json, &object).ok()) << json;
    imported_ = ImportConnector(object, options_);
  }

  const ImportFinding& About(std::string_view parameter) const {
    const auto found =
        std::find_if(imported_.findings.begin(), imported_.findings.end(),
                     [&](const ImportFinding& one) { return one.parameter == parameter; });
    if (found != imported_.findings.end()) return *found;
    ADD_FAILURE() << "nothing is said of " << parameter;
    static const ImportFinding kNone;
    return kNone;
  }

  const v1::SendConnectorSpec& spec() const { return imported_.resource.send_connector().spec(); }

  ImportOptions options_;
  ImportedConnector imported_;
};

TEST_F(ImportConnectorTest, WhatFitsIsTaken) {
  Import(R"("Port":587,"Enabled":false,"Comment":null)");
  EXPECT_THAT(imported_.Refused(), IsEmpty());
  EXPECT_EQ(spec().name(), "X");
  EXPECT_EQ(spec().port(), 587);
  EXPECT_EQ(About("Port").outcome, Outcome::kTaken);
  EXPECT_EQ(About("Port").value, "587");
  EXPECT_EQ(About("Comment").outcome, Outcome::kTaken);
  EXPECT_TRUE(spec().has_enabled());
  EXPECT_FALSE(spec().enabled());
}

TEST_F(ImportConnectorTest, SourceServersAreMappedOrReplaced) {
  Import(R"("SourceTransportServers":["MBX-0"])");
  EXPECT_THAT(spec().source_transport_servers(), ElementsAre("mbx-0"));
  EXPECT_EQ(About("SourceTransportServers").outcome, Outcome::kTaken);
  Import(R"("SourceTransportServers":["MBX-0","EX02"])");
  EXPECT_THAT(spec().source_transport_servers(), ElementsAre("mbx-0"));
  EXPECT_THAT(About("SourceTransportServers").note, HasSubstr("no TransportServer here: ex02"));
  Import(R"("SourceTransportServers":["EX01"])");
  EXPECT_THAT(spec().source_transport_servers(), ElementsAre("site/site-a"));
  EXPECT_THAT(About("SourceTransportServers").note, HasSubstr("in the place of EX01"));
  options_.source_servers = {"site/b", "mbx-9"};
  Import(R"("SourceTransportServers":["MBX-0"])");
  EXPECT_THAT(spec().source_transport_servers(), ElementsAre("site/b", "mbx-9"));
  EXPECT_EQ(About("SourceTransportServers").outcome, Outcome::kChanged);
  options_.source_servers.clear();
  options_.own_site.clear();
  Import(R"("SourceTransportServers":["EX01"])");
  EXPECT_THAT(imported_.Refused(), ElementsAre("SourceTransportServers"));
}

TEST_F(ImportConnectorTest, ACredentialHasToBeASecret) {
  constexpr char kBasic[] =
      R"("SmartHostAuthMechanism":"BasicAuth","AuthenticationCredential":{"UserName":"joe"})";
  Import(kBasic);
  EXPECT_THAT(imported_.Refused(), ElementsAre("AuthenticationCredential"));
  EXPECT_EQ(About("AuthenticationCredential").value, "joe");
  EXPECT_THAT(About("AuthenticationCredential").note, HasSubstr("-AuthenticationCredential"));
  options_.credential = "smart-host";
  Import(kBasic);
  EXPECT_EQ(spec().authentication_credential().secret_name(), "smart-host");
  EXPECT_EQ(About("AuthenticationCredential").outcome, Outcome::kChanged);
  // Nobody asks for it.
  Import(R"("SmartHostAuthMechanism":"None","AuthenticationCredential":{"UserName":"joe"})");
  EXPECT_EQ(About("AuthenticationCredential").outcome, Outcome::kLeftOut);
  EXPECT_FALSE(spec().has_authentication_credential());
}

TEST_F(ImportConnectorTest, WhatIsRefusedSaysWhy) {
  Import(
      R"("IsCoexistenceConnector":true,"LinkedReceiveConnector":"EX01\\Relay","RequireOorg":true,)"
      R"("TlsAuthLevel":2)");
  EXPECT_THAT(imported_.Refused(), ElementsAre("IsCoexistenceConnector", "LinkedReceiveConnector",
                                               "RequireOorg", "TlsAuthLevel"));
  EXPECT_THAT(About("IsCoexistenceConnector").note, HasSubstr("CloudServicesMailEnabled"));
  EXPECT_THAT(About("TlsAuthLevel").note, HasSubstr("-EnumsAsStrings"));
  Import(R"("IsCoexistenceConnector":false,"LinkedReceiveConnector":null,"RequireOorg":"False")");
  EXPECT_THAT(imported_.Refused(), IsEmpty());
}

TEST_F(ImportConnectorTest, WithoutLeavesOut) {
  options_.without = {"tlsauthlevel"};
  Import(R"("TlsAuthLevel":2)");
  EXPECT_THAT(imported_.Refused(), IsEmpty());
  EXPECT_EQ(About("TlsAuthLevel").outcome, Outcome::kLeftOut);
  EXPECT_EQ(About("TlsAuthLevel").value, "2");
}

TEST_F(ImportConnectorTest, WhatIsOnlyShownAndWhatNobodyKnowsIsListed) {
  Import(R"("Guid":"x","WhenCreated":"y","runspaceid":"z","Colour":"red")");
  EXPECT_THAT(imported_.read_only, ElementsAre("Guid", "WhenCreated", "runspaceid"));
  EXPECT_THAT(imported_.unknown, ElementsAre("Colour"));
}

TEST_F(ImportConnectorTest, TheTypeIsNotInAnExport) {
  Import("");
  EXPECT_EQ(spec().usage(), "Custom");
  EXPECT_THAT(About("Usage").note, HasSubstr("-Usage names another"));
  options_.usage = "Internet";
  Import("");
  EXPECT_EQ(spec().usage(), "Internet");
}

TEST_F(ImportConnectorTest, WhatIsEmptyIsNotLeftToThePresetsOfTheType) {
  options_.usage = "Partner";
  Import(R"("RequireTLS":true,"TlsAuthLevel":null)");
  EXPECT_THAT(imported_.Refused(), IsEmpty());
  EXPECT_EQ(About("TlsAuthLevel").outcome, Outcome::kTaken);
  EXPECT_EQ(About("TlsAuthLevel").value, "None");
  EXPECT_EQ(connector::WithPresets(spec()).tls_auth_level(), "None");
  options_.usage = "Internal";
  Import(R"("SmartHosts":["relay.test"],"SmartHostAuthMechanism":"","Fqdn":null)");
  EXPECT_EQ(About("SmartHostAuthMechanism").value, "None");
  EXPECT_EQ(connector::WithPresets(spec()).smart_host_auth_mechanism(), "None");
  EXPECT_EQ(About("Fqdn").value, "");
}

TEST_F(ImportConnectorTest, RoundingAndPlacesAreSaid) {
  Import(R"j("MaxMessageSize":"9.766 KB (10,000 bytes)","TlsCertificateName":"<I>a<S>b",)j"
         R"("SourceIPAddress":"192.0.2.1")");
  EXPECT_EQ(About("MaxMessageSize").outcome, Outcome::kChanged);
  EXPECT_EQ(About("MaxMessageSize").note, "is rounded up to whole KB");
  EXPECT_THAT(About("TlsCertificateName").note, HasSubstr("where mail is sent from"));
  EXPECT_THAT(About("SourceIPAddress").note, HasSubstr("machine that sends"));
}

TEST_F(ImportConnectorTest, AConnectorHasAName) {
  imported_ = ImportConnector(JsonObject(), options_);
  EXPECT_THAT(imported_.Refused(), ElementsAre("Name"));
}

}  // namespace
}  // namespace postern::cli
