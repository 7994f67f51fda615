#include "common/directory/manifest.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"
#include "common/directory/build.h"

namespace postern::directory {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kGoodDirectory[] = R"(apiVersion: postern.dev/v1
kind: Site
metadata:
  name: main
spec: {}
---
apiVersion: postern.dev/v1
kind: TransportServer
metadata: {name: mbx-0}
spec:
  site: main
---
apiVersion: postern.dev/v1
kind: SendConnector
metadata:
  name: internet
spec:
  name: Internet
  addressSpaces:
    - "*"
    - contoso.com;5
  enabled: true
  port: 2525
  maxMessageSize: 10MB
  connectionInactivityTimeout: 00:05:00
  sourceTransportServers: [mbx-0]
)";

std::vector<std::string> Texts(const std::vector<ManifestError>& errors) {
  std::vector<std::string> texts;
  for (const ManifestError& error : errors)
    texts.push_back(error.ToString());
  return texts;
}

std::vector<std::string> ErrorsOf(std::string_view text) {
  std::vector<ManifestError> errors;
  const auto manifests = ParseManifests("a.yaml", text, errors);
  BuildSnapshot(manifests, errors);
  return Texts(errors);
}

TEST(ManifestTest, ReadsEveryObjectOfAFile) {
  std::vector<ManifestError> errors;
  const auto manifests = ParseManifests("a.yaml", kGoodDirectory, errors);
  EXPECT_THAT(Texts(errors), IsEmpty());
  ASSERT_THAT(manifests, SizeIs(3));
  const auto& spec = std::get<v1::SendConnector>(manifests[2].object).spec();
  EXPECT_EQ(spec.name(), "Internet");
  EXPECT_THAT(spec.address_spaces(), ElementsAre("*", "contoso.com;5"));
  EXPECT_TRUE(spec.has_enabled());
  EXPECT_FALSE(spec.has_require_tls());
  EXPECT_EQ(spec.port(), 2525);
  EXPECT_EQ(spec.connection_inactivity_timeout(), "00:05:00");
}

TEST(ManifestTest, KnowsTheLineOfEveryField) {
  std::vector<ManifestError> errors;
  const auto manifests = ParseManifests("a.yaml", kGoodDirectory, errors);
  ASSERT_THAT(manifests, SizeIs(3));
  EXPECT_EQ(manifests[2].LineOf("spec.addressSpaces[1]"), 21);
  EXPECT_EQ(manifests[2].LineOf("spec.addressSpaces[7]"), 19);
  EXPECT_EQ(manifests[2].LineOf("spec.fqdn"), 17);
  EXPECT_EQ(manifests[2].LineOf("nothing"), 13);
}

TEST(ManifestTest, AGoodDirectoryBuilds) {
  std::vector<ManifestError> errors;
  const auto snapshot = BuildSnapshot(ParseManifests("a.yaml", kGoodDirectory, errors), errors);
  ASSERT_NE(snapshot, nullptr);
  EXPECT_EQ(snapshot->connectors().size(), 1u);
  EXPECT_EQ(snapshot->SiteOf("mbx-0"), "main");
}

struct BadLine {
  const char* fact;
  const char* spec;   // the lines of a connector's spec
  const char* error;  // what the one finding begins with
};

// The spec begins on line 5.
constexpr BadLine kBadLines[] = {
    {"unknown field", "smarthosts: [a.b]", "a.yaml:8: spec.smarthosts: is not a field of SendCon"},
    {"its neighbour", "smartHost: [a.b]",
     "a.yaml:8: spec.smartHost: is not a field of "
     "SendConnectorSpec; did you mean \"smartHosts\"?"},
    {"field of another product", "sourceRoutingGroup: a", "a.yaml:8: spec.sourceRoutingGroup: is"},
    {"refused parameter", "requireOorg: true", "a.yaml:8: spec.requireOorg: \"true\": is reserved"},
    {"unknown word", "usage: Extern", "a.yaml:8: spec.usage: \"Extern\": is Custom, Internal"},
    {"bad secret", "authenticationCredential: {name: a}",
     "a.yaml:8: spec.authenticationCredential.name: is not a field of SecretReference"},
    {"protobuf spelling", "dns_routing_enabled: true",
     "a.yaml:8: spec.dns_routing_enabled: is not"},
    {"repeated field", "port: 25\n  port: 26", "a.yaml:9: spec.port: is given twice"},
    {"text for a number", "port: smtp", "a.yaml:8: spec.port: \"smtp\": a whole number"},
    {"quoted number", "port: \"25\"", "a.yaml:8: spec.port: \"25\": a whole number"},
    {"fraction", "port: 2.5", "a.yaml:8: spec.port: \"2.5\": a whole number"},
    {"huge number", "port: 99999999999", "a.yaml:8: spec.port: \"99999999999\": does not fit"},
    {"port out of range", "port: 70000", "a.yaml:8: spec.port: \"70000\": a port is"},
    {"yes for a boolean", "enabled: yes", "a.yaml:8: spec.enabled: \"yes\": true or false"},
    {"quoted boolean", "enabled: \"true\"", "a.yaml:8: spec.enabled: \"true\": true or false"},
    {"number for text", "maxMessageSize: 25", "a.yaml:8: spec.maxMessageSize: \"25\": text is"},
    {"boolean for text", "comment: true", "a.yaml:8: spec.comment: \"true\": text is expected"},
    {"list for text", "comment: [a]", "a.yaml:8: spec.comment: text is expected"},
    {"text for a list", "smartHosts: a.b", "a.yaml:8: spec.smartHosts: a list is expected"},
    {"map in a list", "smartHosts:\n  - {a: b}", "a.yaml:9: spec.smartHosts[0]: text is"},
    {"no value", "fqdn:", "a.yaml:8: spec.fqdn: has no value"},
    {"no value in a list", "smartHosts: [~]", "a.yaml:8: spec.smartHosts[0]: has no value"},
    {"bad size", "maxMessageSize: big", "a.yaml:8: spec.maxMessageSize: \"big\": \"big\" is not a"},
    {"bad time", "connectionInactivityTimeout: x", "a.yaml:8: spec.connectionInactivityTimeout: "},
    {"alias", "comment: *a", "a.yaml:8: is not YAML: the referenced anchor"},
    {"anchor", "comment: &a b", "a.yaml:8: anchors are not allowed"},
    {"tag", "comment: !!str b", "a.yaml:8: tags are not allowed"},
    {"merge key", "<<: {port: 25}", "a.yaml:8: spec.<<: is not a field"},
    {"list as a key", "[a]: b", "a.yaml:8: spec: the name of a field is text"},
    {"not YAML", "comment: \"a", "a.yaml:8: is not YAML: a quoted value has no closing quote"},
    {"tab", "\tcomment: a", "a.yaml:"},
};

TEST(ManifestTest, EachMistakeIsOneFindingWithFileAndLine) {
  for (const BadLine& row : kBadLines) {
    const std::string text = base::Cat(
        "apiVersion: postern.dev/v1\nkind: SendConnector\nmetadata:\n  name: a\nspec:\n  name: A\n"
        "  addressSpaces: [\"*\"]\n  ",
        row.spec, "\n");
    std::vector<ManifestError> errors;
    auto manifests = ParseManifests("a.yaml", text, errors);
    if (errors.empty()) {
      std::get<v1::SendConnector>(manifests[0].object)
          .mutable_spec()
          ->add_source_transport_servers("x");
      BuildSnapshot(manifests, errors);
    }
    ASSERT_THAT(Texts(errors), SizeIs(1)) << row.fact;
    EXPECT_THAT(errors[0].ToString(), ::testing::StartsWith(row.error)) << row.fact;
  }
}

TEST(ManifestTest, AnAddressSpaceIsNamedWithItsLine) {
  std::string text = kGoodDirectory;
  text.replace(text.find("contoso.com;5"), 13, "\"*contoso.com\"");
  EXPECT_THAT(ErrorsOf(text),
              ElementsAre(::testing::StartsWith(
                  "a.yaml:21: spec.addressSpaces[1]: \"*contoso.com\": \"*\" stands only")));
}

TEST(ManifestTest, AnObjectSaysWhatItIs) {
  EXPECT_THAT(ErrorsOf("a: b"), SizeIs(2));
  EXPECT_THAT(ErrorsOf("apiVersion: v1\nkind: ConfigMap"),
              ElementsAre(HasSubstr("a.yaml:1: apiVersion: \"v1\": must be postern.dev/v1"),
                          HasSubstr("a.yaml:2: kind: \"ConfigMap\": must be SendConnector, ")));
  EXPECT_THAT(ErrorsOf("- a"), ElementsAre(HasSubstr("a.yaml:1: an object with")));
  EXPECT_THAT(ErrorsOf("just text"), ElementsAre(HasSubstr("a.yaml:1: an object with")));
}

TEST(ManifestTest, AHundredFindingsAreShownAndTheRestCounted) {
  const std::vector<ManifestError> two = {{"a.yaml", 1, "x"}, {"b.yaml", 0, "y"}};
  EXPECT_EQ(TextOf(two), "a.yaml:1: x\nb.yaml: y");
  const std::vector<ManifestError> many(102, two[0]);
  const std::string text = TextOf(many);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 100);
  EXPECT_TRUE(text.ends_with("a.yaml:1: x\nand 2 more"));
  EXPECT_EQ(TextOf({}), "");
}

TEST(ManifestTest, AnEmptyTextHoldsNothing) {
  EXPECT_THAT(ErrorsOf(""), IsEmpty());
  EXPECT_THAT(ErrorsOf("# a comment\n---\n---\n"), IsEmpty());
}

TEST(ManifestTest, AliasesCannotMultiplyAText) {
  EXPECT_THAT(ErrorsOf("a: &a [x,x,x]\nb: &b [*a,*a,*a]\nc: [*b,*b,*b]\n"),
              ElementsAre("a.yaml:1: anchors are not allowed"));
}

TEST(ManifestTest, ATextThatEndsTooEarlyIsNotYaml) {
  for (const char* torn : {"a: \"b", "a: \"b\n", "a: 'b\n\n", "a: [b\n", "a: {b: c\n", "? [a"}) {
    EXPECT_THAT(ErrorsOf(torn), ElementsAre(HasSubstr("is not YAML"))) << torn;
  }
}

TEST(ManifestTest, TheBoundsHold) {
  EXPECT_THAT(ErrorsOf(std::string(kManifestBytesMax + 1, ' ')),
              ElementsAre("a.yaml: is larger than 1048576 bytes"));
  EXPECT_THAT(ErrorsOf(std::string(100, '[')), ElementsAre(HasSubstr("nested more than 32")));
  EXPECT_THAT(ErrorsOf(std::string(100'000, '[')), SizeIs(1));
  std::string many = "[";
  for (int i = 0; i < 200'000; ++i)
    many += "a,";
  EXPECT_THAT(ErrorsOf(many + "a]"), ElementsAre(HasSubstr("more than 131072 values")));
  EXPECT_THAT(ErrorsOf(std::string_view("a: \0b", 5)),
              ElementsAre(HasSubstr("a.yaml:1: holds a byte")));
  EXPECT_THAT(ErrorsOf("a: b\nc: \xff"), ElementsAre(HasSubstr("a.yaml:2: holds a byte")));
}

TEST(ManifestTest, GoodObjectsBesideABadOneAreStillRead) {
  std::vector<ManifestError> errors;
  const auto manifests =
      ParseManifests("a.yaml", base::Cat("kind: X\n---\n", kGoodDirectory), errors);
  EXPECT_THAT(manifests, SizeIs(3));
  EXPECT_THAT(errors, SizeIs(2));
}

}  // namespace
}  // namespace postern::directory
