#include "common/directory/yaml_tree.h"

#include "gtest/gtest.h"

#include "common/base/text.h"

namespace postern::directory {
namespace {

std::string Drawn(const YamlNode& node) {
  if (node.kind == YamlNode::Kind::kNull) return "~";
  if (node.kind == YamlNode::Kind::kText) {
    return node.plain ? node.text : base::Cat("'", node.text, "'");
  }
  std::string out = node.kind == YamlNode::Kind::kList ? "[" : "{";
  for (const YamlNode& child : node.children)
    out += Drawn(child) + " ";
  return out + (node.kind == YamlNode::Kind::kList ? "]" : "}");
}

struct Drawing {
  const char* text;
  const char* drawn;
};

TEST(YamlTreeTest, ReadsValuesOfEveryKind) {
  constexpr Drawing kDrawings[] = {
      {"a", "a"},
      {"'a'", "'a'"},
      {"\"a\\n\"", "'a\n'"},
      {"[a, 'b', [c]]", "[a 'b' [c ] ]"},
      {"- a\n- b", "[a b ]"},
      {"a: b\nc: {d: e}", "{a b c {d e } }"},
      {"a:", "{a ~ }"},
      {"a: ~", "{a ~ }"},
      {"{\"a\":1}", "{'a' 1 }"},
      {"a: |\n  b\n  c\n", "{a 'b\nc\n' }"},
      {"a: b # c", "{a b }"},
  };
  for (const Drawing& row : kDrawings) {
    const YamlTree tree = ParseYaml(row.text, {});
    ASSERT_TRUE(tree.status.ok()) << row.text << tree.status;
    ASSERT_EQ(tree.documents.size(), 1u) << row.text;
    EXPECT_EQ(Drawn(tree.documents[0]), row.drawn) << row.text;
  }
}

TEST(YamlTreeTest, LinesBeginAtOne) {
  const YamlTree tree = ParseYaml("a: b\nc:\n  - d\n", {});
  ASSERT_EQ(tree.documents.size(), 1u);
  EXPECT_EQ(tree.documents[0].children[0].line, 1);
  EXPECT_EQ(tree.documents[0].children[3].children[0].line, 3);
}

TEST(YamlTreeTest, DocumentsBeforeAMistakeAreKept) {
  const YamlTree tree = ParseYaml("a: b\n---\n[c\n", {});
  EXPECT_FALSE(tree.status.ok());
  EXPECT_EQ(tree.documents.size(), 1u);
  EXPECT_GE(tree.line, 3);
}

TEST(YamlTreeTest, EveryLimitHolds) {
  EXPECT_FALSE(ParseYaml("abc", {.bytes_max = 2}).status.ok());
  EXPECT_FALSE(ParseYaml("[a, b]", {.nodes_max = 2}).status.ok());
  EXPECT_TRUE(ParseYaml("[a, b]", {.nodes_max = 3}).status.ok());
  EXPECT_FALSE(ParseYaml("[[a]]", {.depth_max = 1}).status.ok());
  EXPECT_TRUE(ParseYaml("[[a]]", {.depth_max = 2}).status.ok());
}

}  // namespace
}  // namespace postern::directory
