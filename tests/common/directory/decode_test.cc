#include "common/directory/decode.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "postern/v1/resources.pb.h"

namespace postern::directory {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Key;

Decoded DecodeText(const char* text, google::protobuf::Message& message) {
  Decoded decoded;
  DecodeInto(ParseYaml(text, {}).documents.at(0), message, "", decoded);
  return decoded;
}

TEST(DecodeTest, SetsFieldsByTheirJsonNames) {
  v1::SendConnectorSpec spec;
  const Decoded decoded = DecodeText(
      "name: A\nrequireTls: true\nport: 26\nsmartHosts: [a.b, '10.1.1.1']\nfqdn: ''", spec);
  EXPECT_THAT(decoded.findings, IsEmpty());
  EXPECT_EQ(spec.name(), "A");
  EXPECT_TRUE(spec.require_tls());
  EXPECT_EQ(spec.port(), 26);
  EXPECT_THAT(spec.smart_hosts(), ElementsAre("a.b", "10.1.1.1"));
}

TEST(DecodeTest, AbsentFieldsStayAbsent) {
  v1::SendConnectorSpec spec;
  DecodeText("enabled: false", spec);
  EXPECT_TRUE(spec.has_enabled());
  EXPECT_FALSE(spec.has_port());
}

TEST(DecodeTest, PathsAndLinesOfNestedFieldsAreKept) {
  v1::Site site;
  const Decoded decoded = DecodeText("metadata:\n  name: a\nspec:\n  frontEnds: [a:1]", site);
  EXPECT_THAT(decoded.lines, ElementsAre(Key("metadata"), Key("metadata.name"), Key("spec"),
                                         Key("spec.frontEnds"), Key("spec.frontEnds[0]")));
  EXPECT_EQ(decoded.lines.at("metadata.name"), 2);
}

TEST(DecodeTest, TextThatYamlReadsAsSomethingElseNeedsQuotes) {
  for (const char* text : {"name: 25", "name: -1", "name: 2.5", "name: 1e3", "name: true",
                           "name: False", "name: .5"}) {
    v1::SendConnectorSpec spec;
    EXPECT_EQ(DecodeText(text, spec).findings.size(), 1u) << text;
  }
  for (const char* text : {"name: '25'", "name: 25MB", "name: 00:10:00", "name: 10.1.1.1",
                           "name: truely", "name: '-'"}) {
    v1::SendConnectorSpec spec;
    EXPECT_THAT(DecodeText(text, spec).findings, IsEmpty()) << text;
  }
}

TEST(DecodeTest, ListsMayHoldObjects) {
  v1::SendConnectorSpec spec;
  const Decoded decoded = DecodeText(
      "permissions:\n  grants:\n    - user: a\n      extendedRights: [b]\n    - user: c\n"
      "      deny: maybe\n",
      spec);
  ASSERT_EQ(spec.permissions().grants_size(), 2);
  EXPECT_EQ(spec.permissions().grants(0).extended_rights(0), "b");
  ASSERT_EQ(decoded.findings.size(), 1u);
  EXPECT_EQ(decoded.findings[0].line, 6);
  EXPECT_EQ(decoded.findings[0].text,
            "permissions.grants[1].deny: \"maybe\": true or false is expected");
}

TEST(DecodeTest, FindingsHaveLineAndPath) {
  v1::Site site;
  const Decoded decoded = DecodeText("spec:\n  frontEnds:\n    - a:1\n    - {b: c}", site);
  ASSERT_EQ(decoded.findings.size(), 1u);
  EXPECT_EQ(decoded.findings[0].line, 4);
  EXPECT_EQ(decoded.findings[0].text, "spec.frontEnds[1]: text is expected");
}

}  // namespace
}  // namespace postern::directory
