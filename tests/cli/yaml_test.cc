#include "cli/yaml.h"

#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"

#include "common/connector/send_connector.h"
#include "common/directory/manifest.h"
#include "postern/v1/admin.pb.h"

namespace postern::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

v1::SendConnector Awkward() {
  v1::SendConnector connector;
  connector.set_api_version("postern.dev/v1");
  connector.set_kind("SendConnector");
  connector.mutable_metadata()->set_name("to-contoso");
  v1::SendConnectorSpec& spec = *connector.mutable_spec();
  spec.set_name("true");
  spec.add_address_spaces("*");
  spec.add_address_spaces("SMTP:*.contoso.com;5");
  spec.set_enabled(false);
  spec.set_port(0);
  spec.set_comment("\"quoted\" \\ line\nnext: # - {x}\t\x01 \u00E4\u009B\u202E");
  spec.set_fqdn("123");
  spec.set_max_message_size("25MB");
  spec.mutable_authentication_credential()->set_secret_name("null");
  v1::Grant& grant = *spec.mutable_permissions()->add_grants();
  grant.set_user("AnonymousLogon");
  grant.add_extended_rights("ms-Exch-Send-Headers-Routing");
  grant.set_deny(true);
  spec.add_source_transport_servers("site/a");
  return connector;
}

v1::SendConnector ReadBack(const std::string& yaml) {
  std::vector<directory::ManifestError> errors;
  const auto manifests = directory::ParseManifests("x.yaml", yaml, errors);
  for (const auto& error : errors)
    ADD_FAILURE() << error.ToString() << "\n" << yaml;
  if (manifests.size() != 1) return {};
  return std::get<v1::SendConnector>(manifests.front().object);
}

TEST(Yaml, AManifestIsReadAsItWasWritten) {
  const v1::SendConnector connector = Awkward();
  const v1::SendConnector back = ReadBack(ToYaml(connector));
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(connector, back))
      << back.DebugString();
}

TEST(Yaml, NumbersStandAloneAndInLists) {
  v1::QueueInfo queue;
  queue.set_message_count(3);
  queue.set_velocity(-0.5);
  for (const std::uint64_t count : {1u, 2u, 0u})
    queue.add_message_counts_per_priority(count);
  const std::string yaml = ToYaml(queue);
  EXPECT_THAT(yaml, HasSubstr("messageCount: 3\n"));
  EXPECT_THAT(yaml, HasSubstr("velocity: -0.5\n"));
  EXPECT_THAT(yaml, HasSubstr("messageCountsPerPriority:\n  - 1\n  - 2\n  - 0\n"));
}

TEST(Yaml, NoPermissionsAreNotThoseOfTheUsage) {
  v1::SendConnector connector = Awkward();
  connector.mutable_spec()->mutable_permissions()->clear_grants();
  EXPECT_THAT(ToYaml(connector), HasSubstr("  permissions:\n    grants: []\n"));
  EXPECT_TRUE(ReadBack(ToYaml(connector)).spec().has_permissions());
}

TEST(Yaml, LooksLikeAHandWrittenManifest) {
  v1::SendConnector connector = Awkward();
  connector.mutable_spec()->clear_comment();
  connector.mutable_spec()->set_name("To Contoso");
  EXPECT_EQ(ToYaml(connector),
            "apiVersion: postern.dev/v1\n"
            "kind: SendConnector\n"
            "metadata:\n"
            "  name: to-contoso\n"
            "spec:\n"
            "  name: \"To Contoso\"\n"
            "  enabled: false\n"
            "  addressSpaces:\n"
            "    - \"*\"\n"
            "    - \"SMTP:*.contoso.com;5\"\n"
            "  port: 0\n"
            "  fqdn: \"123\"\n"
            "  maxMessageSize: \"25MB\"\n"
            "  sourceTransportServers:\n"
            "    - site/a\n"
            "  authenticationCredential:\n"
            "    secretName: \"null\"\n"
            "  permissions:\n"
            "    grants:\n"
            "      - user: AnonymousLogon\n"
            "        extendedRights:\n"
            "          - ms-Exch-Send-Headers-Routing\n"
            "        deny: true\n");
}

TEST(Yaml, OtherAnswersHaveItToo) {
  v1::GetQueueResponse response;
  v1::QueueInfo& queue = *response.add_queues();
  queue.set_identity("mbx-0\\3");
  queue.set_message_count(7);
  EXPECT_EQ(ToYaml(response), "queues:\n  - identity: \"mbx-0\\\\3\"\n    messageCount: 7\n");
  EXPECT_EQ(ToYaml(v1::GetQueueResponse()), "queues: []\n");
}

}  // namespace
}  // namespace postern::cli
