#include "common/settings/yaml_file.h"

#include <cstdio>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/text.h"

namespace postern::settings {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

YamlValues Parse(std::string_view text) {
  return ParseYaml(text, "f.yaml",
                   [](std::string_view key) { return key == "a.list" || key == "a.text"; });
}

std::vector<std::string> Flat(const YamlValues& read) {
  std::vector<std::string> out;
  for (const YamlValue& value : read.values) {
    out.push_back(base::Cat(value.place, " ", value.key, "=",
                            value.list ? base::Join(value.parts, "|") : value.text));
  }
  return out;
}

std::string OnlyError(std::string_view text) {
  const YamlValues read = Parse(text);
  return read.errors.size() == 1 ? read.errors[0] : base::Cat(read.errors.size(), " errors");
}

TEST(YamlFileTest, SectionsAndDottedKeysAreTheSame) {
  EXPECT_THAT(Flat(Parse("a:\n  text: x\n  b:\n    c: 1\na.d: 'y'\n")),
              ElementsAre("f.yaml:2 a.text=x", "f.yaml:4 a.b.c=1", "f.yaml:5 a.d=y"));
}

TEST(YamlFileTest, AListOfMapsIsAListOfWords) {
  const YamlValues read = Parse(
      "a:\n  list:\n    - {name: relay, port: 2525, networks: [10.0.0.0/8, '::1/128']}\n    - "
      "plain\n");
  EXPECT_THAT(read.errors, IsEmpty());
  EXPECT_THAT(
      Flat(read),
      ElementsAre("f.yaml:2 a.list=name=relay port=2525 networks=10.0.0.0/8,::1/128|plain"));
}

TEST(YamlFileTest, EmptyFilesAndSectionsGiveNothing) {
  for (const std::string_view text : {"", "# nothing\n", "---\n", "b:\n", "a: {}\n"}) {
    const YamlValues read = Parse(text);
    EXPECT_THAT(read.errors, IsEmpty()) << text;
    EXPECT_THAT(read.values, IsEmpty()) << text;
  }
}

TEST(YamlFileTest, EachErrorNamesItsLine) {
  EXPECT_EQ(OnlyError("a.text:\n"), "a.text has no value (f.yaml:1)");
  EXPECT_EQ(OnlyError("\na.text: {b: c}\n"), "a.text is one setting, not a section (f.yaml:2)");
  EXPECT_EQ(OnlyError("- a\n"), "the file must be a map of settings (f.yaml:1)");
  EXPECT_EQ(OnlyError("a.list:\n- [x]\n"), "a.list must be a list of texts or of maps (f.yaml:2)");
  EXPECT_THAT(OnlyError("a.list:\n- {b: x y}\n"), HasSubstr("holds \"x y\": write it without"));
  EXPECT_THAT(OnlyError("a.list:\n- {b: {c: d}}\n"), HasSubstr("holds a value that is not plain"));
  EXPECT_THAT(OnlyError("a.list:\n- {b: 1, b: 2}\n"), HasSubstr("gives \"b\" twice (f.yaml:2)"));
  EXPECT_THAT(OnlyError("? [x]\n: y\n"), HasSubstr("has a key that is not text (f.yaml:1)"));
  EXPECT_THAT(OnlyError("a: 1\n---\nb: 2\n"), HasSubstr("holds one document (f.yaml:3)"));
}

TEST(YamlFileTest, WhatIsNotYamlIsOneErrorWithItsLine) {
  EXPECT_THAT(OnlyError("a.text: x\nb: [1, 2\n"), HasSubstr("not YAML: "));
  EXPECT_THAT(OnlyError("b: 1\na: b: c\n"), HasSubstr("(f.yaml:2)"));
  EXPECT_THAT(OnlyError("a: *nobody\n"), HasSubstr("not YAML: "));
  EXPECT_THAT(OnlyError(std::string(5000, '[')), HasSubstr("not YAML: "));
}

TEST(YamlFileTest, AQuoteThatNothingClosesSwallowsNoSettings) {
  EXPECT_EQ(OnlyError("a.text: \"Contoso\na.list: [x]  # don't\n"),
            "not YAML: a quoted value has no closing quote (f.yaml:1)");
  EXPECT_THAT(OnlyError("b: 1\na.text: 'x"), HasSubstr("no closing quote (f.yaml:2)"));
  EXPECT_THAT(Flat(Parse("a.text: \"x\n  y\"\n...\n")), ElementsAre("f.yaml:1 a.text=x y"));
}

TEST(YamlFileTest, AliasesCannotMakeItEndless) {
  std::string text = "l0: &l0 {a: 1, b: 2, c: 3, d: 4, e: 5, f: 6, g: 7, h: 8}\n";
  for (int i = 1; i < 8; ++i) {
    text += base::Cat("l", i, ": &l", i, " {");
    for (char c = 'a'; c < 'k'; ++c)
      text += base::Cat(c, ": *l", i - 1, ", ");
    text += "z: 0}\n";
  }
  const YamlValues read = Parse(text);
  EXPECT_LE(read.values.size(), 10'000u);
  EXPECT_THAT(read.errors, ::testing::Contains(HasSubstr("holds too many values")));
}

TEST(YamlFileTest, AMissingFileSaysSo) {
  const auto no_key = [](std::string_view) { return false; };
  EXPECT_THAT(ReadYamlFile("/nowhere/x.yaml", no_key).errors,
              ElementsAre("cannot open the file: No such file or directory (/nowhere/x.yaml)"));
}

TEST(YamlFileTest, AFileOverTheLimitIsRefused) {
  const std::string file = ::testing::TempDir() + "postern_yaml_file_test_large.yaml";
  std::ofstream(file) << std::string((1 << 20) + 1, '#');
  EXPECT_THAT(ReadYamlFile(file, [](std::string_view) { return false; }).errors,
              ElementsAre(HasSubstr("larger than 1MB")));
  std::remove(file.c_str());
}

}  // namespace
}  // namespace postern::settings
