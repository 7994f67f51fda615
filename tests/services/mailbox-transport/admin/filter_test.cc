#include "services/mailbox-transport/admin/filter.h"

#include <map>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace postern::admin {
namespace {

using Kind = FieldForm::Kind;
using ::testing::HasSubstr;

constexpr FieldForm kFilterForms[] = {{"Status", Kind::kWord, "Ready, Retry"},
                                      {"Subject", Kind::kText},
                                      {"Size", Kind::kSize},
                                      {"LastRetryTime", Kind::kTime},
                                      {"RequireTls", Kind::kFlag}};

FieldValue SampleValue(std::size_t field) {
  switch (field) {
    case 0:
      return std::string("Retry");
    case 1:
      return std::string("It's an \"Invoice\"");
    case 2:
      return std::int64_t{10240};
    case 4:
      return true;
    default:
      return {};  // never tried
  }
}

absl::StatusOr<Filter> FilterFrom(std::string_view text) {
  return Filter::Parse(text, kFilterForms, "message");
}

TEST(Filter, EveryOperatorDoesWhatItsNameSays) {
  const std::pair<const char*, bool> rows[] = {
      {"", true},
      {"Status -eq Retry", true},
      {"status -EQ 'retry'", true},
      {"Status -ne \"Retry\"", false},
      {"Subject -like '*invoice*'", true},
      {"Subject -like 'invoice'", false},
      {"Subject -eq 'It''s an \"Invoice\"'", true},
      {"Subject -eq \"It's an \"\"Invoice\"\"\"", true},
      {"Size -eq 10KB", true},
      {"Size -gt 10KB", false},
      {"Size -ge 10KB", true},
      {"Size -lt 10241", true},
      {"Size -le 10239", false},
      {"RequireTls -eq $true", true},
      {"RequireTls -ne $true", false},
      {"LastRetryTime -eq $null", true},
      {"Subject -ne $null", true},
      {"LastRetryTime -lt 2026-11-28", false},
      {"LastRetryTime -gt \"2026-11-28 06:30\"", false},
      {"LastRetryTime -ne 2026-11-28", true},
      {"{Status -eq 'Retry' -and Size -gt 1KB}", true},
      {"Status -eq 'Retry' -and Size -gt 1MB", false},
  };
  for (const auto& [text, holds] : rows) {
    const auto filter = FilterFrom(text);
    ASSERT_TRUE(filter.ok()) << text << ": " << filter.status();
    EXPECT_EQ(filter->Holds(SampleValue), holds) << text;
  }
}

TEST(Filter, MistakesNamePropertyValueAndRule) {
  const std::pair<const char*, const char*> rows[] = {
      {"Colour -eq red", "\"Colour\" is no property of a message; there are Status, Subject"},
      {"Status", "Status: an operator and a value are expected"},
      {"Status -eq", "an operator and a value are expected"},
      {"Status = Retry", "Status =: -eq, -ne"},
      {"Status -eq Lost", "Status -eq \"Lost\": one of these is expected: Ready, Retry"},
      {"Status -gt Ready", "compared with -eq and -ne"},
      {"Subject -gt a", "text is compared with -eq, -ne and -like"},
      {"Size -like 1*", "-like compares text"},
      {"Size -gt $null", "$null is compared with -eq and -ne only"},
      {"Size -gt many", "a size is expected"},
      {"Subject -eq 'open", "the quote before open is not closed"},
      {"Subject -eq a b", "\"b\": only -and joins two conditions"},
      {"Size -gt 1 -or Size -lt 1", "only -and joins"},
      {"Size -gt 1 -and", "a condition is missing at the end"},
  };
  for (const auto& [text, rule] : rows) {
    const auto filter = FilterFrom(text);
    ASSERT_FALSE(filter.ok()) << text;
    EXPECT_EQ(filter.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(filter.status().message()), HasSubstr(rule)) << text;
  }
}

TEST(Filter, QuotedNullIsText) {
  EXPECT_FALSE(FilterFrom("Subject -eq '$null'")->Holds([](std::size_t) { return FieldValue(); }));
}

TEST(Filter, IsBounded) {
  EXPECT_FALSE(FilterFrom(std::string(kFilterBytesMax + 1, ' ')).ok());
  std::string text = "Size -gt 1";
  for (std::size_t i = 1; i < kConditionsMax; ++i)
    text += " -and Size -gt 1";
  EXPECT_TRUE(FilterFrom(text).ok());
  EXPECT_FALSE(FilterFrom(text + " -and Size -gt 1").ok());
}

TEST(Filter, ItsOwnFormIsReadAsTheSameFilter) {
  for (const char* text :
       {"Subject -eq 'a \"b\" ''c'''", "Size -ge 10KB -and RequireTls -eq $false",
        "LastRetryTime -ne $null -and LastRetryTime -lt 2026-11-28T06:30:00.25Z"}) {
    const auto filter = FilterFrom(text);
    ASSERT_TRUE(filter.ok()) << text;
    EXPECT_EQ(FilterFrom(filter->ToString())->conditions(), filter->conditions()) << text;
  }
}

}  // namespace
}  // namespace postern::admin
