#include "services/mailbox-transport/admin/field_value.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace postern::admin {
namespace {

using Kind = FieldForm::Kind;
using ::testing::HasSubstr;

TEST(FieldValue, EachFormReadsItsOwnValues) {
  const struct {
    FieldForm form;
    const char* text;
    FieldValue value;
  } rows[] = {
      {{"Subject", Kind::kText}, "a b", std::string("a b")},
      {{"Status", Kind::kWord, "Ready, Retry"}, "retry", std::string("Retry")},
      {{"MessageCount", Kind::kNumber}, "-3", std::int64_t{-3}},
      {{"Size", Kind::kSize}, "10KB", std::int64_t{10240}},
      {{"Velocity", Kind::kRate}, "-0.5", -0.5},
      {{"RequireTls", Kind::kFlag}, "$TRUE", true},
      {{"RequireTls", Kind::kFlag}, "false", false},
      {{"MessageLatency", Kind::kSpan}, "00:10:00", absl::Minutes(10)},
      {{"DateReceived", Kind::kTime}, "2026-11-28", absl::FromUnixSeconds(1795824000)},
  };

  for (const auto& row : rows) {
    const auto value = ParseValue(row.form, row.text);
    ASSERT_TRUE(value.ok()) << row.text << ": " << value.status();
    EXPECT_EQ(*value, row.value) << row.text;
  }
}

TEST(FieldValue, WrongValuesNameTheRule) {
  const struct {
    FieldForm form;
    const char* text;
    const char* rule;
  } rows[] = {
      {{"Status", Kind::kWord, "Ready, Retry"}, "Lost", "Ready, Retry"},
      {{"MessageCount", Kind::kNumber}, "10KB", "whole number"},
      {{"Size", Kind::kSize}, "unlimited", "10KB"},
      {{"Velocity", Kind::kRate}, "inf", "number"},
      {{"RequireTls", Kind::kFlag}, "1", "$true"},
      {{"MessageLatency", Kind::kSpan}, "long", "00:10:00"},
      {{"DateReceived", Kind::kTime}, "infinite-future", "2026-11-28"},
  };

  for (const auto& row : rows) {
    const auto value = ParseValue(row.form, row.text);
    ASSERT_FALSE(value.ok()) << row.text;
    EXPECT_THAT(std::string(value.status().message()), HasSubstr(row.rule));
  }
}

TEST(FieldValue, WhatIsNotSetComesFirst) {
  EXPECT_LT(Compare({}, FieldValue(std::int64_t{0})), 0);
  EXPECT_EQ(Compare({}, {}), 0);
  EXPECT_EQ(Compare(std::string("Retry"), std::string("RETRY")), 0);
  EXPECT_GT(Compare(std::int64_t{10}, std::int64_t{9}), 0);
}

TEST(FieldValue, UnknownPropertyIsAnsweredWithTheKnownOnes) {
  constexpr FieldForm kForms[] = {{"Status"}, {"Size"}};
  EXPECT_EQ(*FindField(kForms, "SIZE", "message"), 1u);
  EXPECT_EQ(FindField(kForms, "Sise", "message").status().message(),
            "\"Sise\" is no property of a message; there are Status, Size");
}

}  // namespace
}  // namespace postern::admin
