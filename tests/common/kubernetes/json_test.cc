#include "common/kubernetes/json.h"

#include "gtest/gtest.h"

#include "common/base/text.h"

namespace postern::kubernetes {
namespace {

using directory::YamlNode;

Json Parsed(std::string_view text) {
  auto json = ParseJson(text);
  EXPECT_TRUE(json.ok()) << json.status();
  return *std::move(json);
}

TEST(JsonTest, FieldsAreFoundByTheirPath) {
  const Json json = Parsed(R"({"metadata":{"name":"internet","generation":7}})");
  EXPECT_EQ(TextAt(json, {"metadata", "name"}), "internet");
  EXPECT_EQ(NumberAt(json, {"metadata", "generation"}), 7);
  EXPECT_EQ(TextAt(json, {"metadata", "uid"}), "");
  EXPECT_EQ(TextAt(json, {"metadata", "name", "deeper"}), "");
  EXPECT_EQ(Find(json, {"spec"}), nullptr);
}

TEST(JsonTest, WhatIsNoJsonIsRefused) {
  for (const std::string_view text : {"", "<html>", R"({"a":)", R"({"a":1} {"b":2})", "\xFF"}) {
    EXPECT_EQ(ParseJson(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_EQ(ParseJson(deep).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(JsonTest, BracketsInTextAreNoNesting) {
  const std::string text = base::Cat(R"({"a":"\"\\)", std::string(1000, '['), R"("})");
  EXPECT_EQ(TextAt(Parsed(text), {"a"}).size(), 1002u);
}

TEST(JsonTest, EscapedCharactersAreThemselves) {
  const Json json = Parsed(R"({"comment":"\u003ca\u003e \ud83d\ude00\t\"\\/"})");
  EXPECT_EQ(TextAt(json, {"comment"}), "<a> \xF0\x9F\x98\x80\t\"\\/");
}

TEST(JsonTest, WhatIsSetIsWrittenAndReadAgain) {
  Json json;
  SetText(json, {"metadata", "name"}, "a \"b\"");
  SetNumber(json, {"metadata", "generation"}, 12345678901);
  const Json again = Parsed(WriteJson(json));
  EXPECT_EQ(TextAt(again, {"metadata", "name"}), "a \"b\"");
  EXPECT_EQ(NumberAt(again, {"metadata", "generation"}), 12345678901);
}

TEST(JsonTest, ANodeHasTheKindsOfAManifest) {
  const YamlNode node = ToNode(Parsed(R"({"port":25,"enabled":true,"name":"25","list":["a"]})"));
  ASSERT_EQ(node.kind, YamlNode::Kind::kMap);
  ASSERT_EQ(node.children.size(), 8u);
  for (std::size_t i = 0; i < node.children.size(); i += 2) {
    const std::string& name = node.children[i].text;
    const YamlNode& value = node.children[i + 1];
    if (name == "list") {
      EXPECT_EQ(value.kind, YamlNode::Kind::kList);
      continue;
    }
    EXPECT_EQ(value.kind, YamlNode::Kind::kText);
    EXPECT_EQ(value.plain, name != "name") << name;
    EXPECT_EQ(value.text, name == "enabled" ? "true" : "25");
  }
}

TEST(JsonTest, ANumberThatIsNotWholeKeepsItsFraction) {
  const YamlNode node = ToNode(Parsed("[1.5, 2147483648, 1e300]"));
  EXPECT_EQ(node.children[0].text, "1.500000");
  EXPECT_EQ(node.children[1].text, "2147483648");
  EXPECT_GT(node.children[2].text.size(), 100u);
}

TEST(JsonTest, NullIsAFieldThatIsLeftOut) {
  EXPECT_TRUE(ToNode(Parsed(R"({"fqdn":null})")).children.empty());
}

}  // namespace
}  // namespace postern::kubernetes
