#include "cli/shown_value.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/connector/send_connector.h"
#include "tests/common/connector/good_connector.h"

namespace postern::cli {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;
using ::testing::Pair;

// As a server shows it.
v1::Resource Whole(v1::SendConnector connector) {
  v1::Resource resource;
  *resource.mutable_send_connector() =
      connector::ToResource(*connector::FromResource(std::move(connector)));
  return resource;
}

TEST(ShownValue, IsWrittenAsExchangeWritesIt) {
  v1::SendConnector connector = connector::testing::GoodConnector();
  connector.mutable_spec()->add_address_spaces("SMTP:*.contoso.com;5");
  connector.mutable_spec()->set_usage("Internet");
  const Properties all = PropertiesOf(Whole(connector));
  EXPECT_THAT(all, Contains(Pair("AddressSpaces", "{SMTP:*;1, SMTP:*.contoso.com;5}")));
  EXPECT_THAT(all, Contains(Pair("Enabled", "True")));
  EXPECT_THAT(all, Contains(Pair("MaxMessageSize", "25 MB (26,214,400 bytes)")));
  EXPECT_THAT(all, Contains(Pair("SmartHosts", "{}")));
  EXPECT_THAT(all, Contains(Pair("ConnectionInactivityTimeOut", "00:10:00")));
  EXPECT_THAT(all, Contains(Pair("Permissions", "{AnonymousLogon: ms-Exch-Send-Headers-Routing}")));
  EXPECT_THAT(all, Contains(Pair("Usage", "Internet")));
  EXPECT_THAT(all, Contains(Pair("Identity", "Internet")));
  // Neither the switches nor what is refused.
  EXPECT_THAT(all, Not(Contains(Pair("Internet", ::testing::_))));
  EXPECT_THAT(all, Not(Contains(Pair("RequireOorg", ::testing::_))));
}

TEST(ShownValue, WhatIsNotReadySaysWhy) {
  v1::Resource resource = Whole(connector::testing::GoodConnector());
  v1::Condition& ready = *resource.mutable_send_connector()->mutable_status()->add_conditions();
  ready.set_type("Ready");
  ready.set_status("False");
  ready.set_reason("SecretNotFound");
  ready.set_message("there is no secret \"x\"");
  const Properties all = PropertiesOf(resource);
  EXPECT_THAT(all, Contains(Pair("Ready", "False")));
  EXPECT_THAT(all, Contains(Pair("ReadyReason", "SecretNotFound: there is no secret \"x\"")));
}

TEST(ShownValue, WhatIsReadyHasAnEmptyReason) {
  v1::Resource resource = Whole(connector::testing::GoodConnector());
  EXPECT_THAT(PropertiesOf(resource), Contains(Pair("Ready", "")));
  v1::Condition& ready = *resource.mutable_send_connector()->mutable_status()->add_conditions();
  ready.set_type("Ready");
  ready.set_status("True");
  ready.set_reason("Ready");
  EXPECT_THAT(PropertiesOf(resource), Contains(Pair("Ready", "True")));
  EXPECT_THAT(PropertiesOf(resource), Contains(Pair("ReadyReason", "")));
  EXPECT_THAT(PropertiesOf(NewResource("Site")), Not(Contains(Pair("Ready", ::testing::_))));
}

TEST(ShownValue, OtherKindsShowTheirFieldsOnce) {
  v1::Resource resource = NewResource("AcceptedDomain");
  MetadataOf(resource).set_name("fabrikam");
  resource.mutable_accepted_domain()->mutable_spec()->set_default_(true);
  const Properties all = PropertiesOf(resource);
  EXPECT_THAT(all, Contains(Pair("Default", "True")));
  EXPECT_THAT(all, Contains(Pair("Name", "fabrikam")));
  EXPECT_THAT(all, Not(Contains(Pair("MakeDefault", ::testing::_))));
}

TEST(ShownValue, TheLargestNumberIsUnlimitedWhereThatMayBeGiven) {
  v1::Resource resource = NewResource("TransportConfig");
  v1::TransportConfigSpec& spec = *resource.mutable_transport_config()->mutable_spec();
  spec.set_max_recipient_envelope_limit(2147483647);
  EXPECT_THAT(PropertiesOf(resource), Contains(Pair("MaxRecipientEnvelopeLimit", "Unlimited")));
  spec.set_max_recipient_envelope_limit(500);
  EXPECT_THAT(PropertiesOf(resource), Contains(Pair("MaxRecipientEnvelopeLimit", "500")));
}

TEST(ShownValue, DifferencesNameTheParameter) {
  const v1::Resource before = Whole(connector::testing::GoodConnector());
  v1::Resource after = before;
  v1::SendConnectorSpec& spec = *after.mutable_send_connector()->mutable_spec();
  spec.set_enabled(false);
  spec.set_max_message_size("unlimited");
  spec.add_address_spaces("SMTP:a.com;1");
  EXPECT_THAT(DifferencesBetween(before, after),
              ElementsAre(Difference{"AddressSpaces", "{SMTP:*;1}", "{SMTP:*;1, SMTP:a.com;1}"},
                          Difference{"Enabled", "True", "False"},
                          Difference{"MaxMessageSize", "25 MB (26,214,400 bytes)", "Unlimited"}));
  EXPECT_TRUE(DifferencesBetween(before, before).empty());
}

}  // namespace
}  // namespace postern::cli
