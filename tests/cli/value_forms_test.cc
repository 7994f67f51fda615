#include "cli/value_forms.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"

namespace postern::cli {
namespace {

using ::testing::ElementsAre;

TEST(ValueForms, FlagsAreWrittenInManyWays) {
  for (const char* yes : {"$true", "True", "TRUE", "1", " true "})
    EXPECT_TRUE(ParseFlag(yes).value_or(false)) << yes;
  for (const char* no : {"$false", "False", "$FALSE", "0"})
    EXPECT_FALSE(ParseFlag(no).value_or(true)) << no;
  for (const char* neither : {"", "$null", "yes", "2", "$"})
    EXPECT_EQ(ParseFlag(neither).status().message(), "is true or false") << neither;
}

TEST(ValueForms, NumbersAreWhole) {
  EXPECT_EQ(ParseNumber(" 587 ").value_or(0), 587);
  EXPECT_EQ(ParseNumber("-1").value_or(0), -1);
  EXPECT_EQ(ParseNumber("25.0").status().message(), "is a whole number");
  EXPECT_EQ(ParseNumber("").status().message(), "is a whole number");
  EXPECT_EQ(ParseNumber("2147483648").status().message(), "does not fit into 32 bits");
}

struct SizeRow {
  const char* text;
  const char* normal;  // null: refused
};

TEST(ValueForms, SizesHaveExchangesForms) {
  const SizeRow rows[] = {
      {"25MB", "25MB"},
      {"25 MB", "25MB"},
      {"26214400", "25MB"},
      {"unlimited", "unlimited"},
      {"Unlimited", "unlimited"},
      {"25 MB (26,214,400 bytes)", "25MB"},
      {"25 MB (26.214.400 bytes)", "25MB"},
      {"9.766 KB (10,000 bytes)", "10000B"},
      {"25 MB (many bytes)", nullptr},
      {"25 MB (26,214,400", nullptr},
      {"2.5MB", nullptr},
      {"25XB", nullptr},
      {"", nullptr},
  };
  for (const SizeRow& row : rows) {
    const auto normal = NormalSize(row.text);
    EXPECT_EQ(normal.value_or("refused"), row.normal == nullptr ? "refused" : row.normal)
        << row.text;
  }
}

TEST(ValueForms, SizesAreShownAsExchangeShowsThem) {
  EXPECT_EQ(ShownSize("25MB"), "25 MB (26,214,400 bytes)");
  EXPECT_EQ(ShownSize("1536KB"), "1.5 MB (1,572,864 bytes)");
  EXPECT_EQ(ShownSize("10000"), "9.766 KB (10,000 bytes)");
  EXPECT_EQ(ShownSize("0B"), "0 B (0 bytes)");
  EXPECT_EQ(ShownSize("unlimited"), "Unlimited");
  for (const char* size : {"25MB", "10000", "2147483647"})
    EXPECT_EQ(NormalSize(ShownSize(size)).value_or(""), NormalSize(size).value_or("x")) << size;
}

TEST(ValueForms, TimeSpansHaveExchangesForms) {
  EXPECT_EQ(NormalSpan("00:15:00").value_or(""), "00:15:00");
  EXPECT_EQ(NormalSpan("1.00:00:00").value_or(""), "1.00:00:00");
  EXPECT_EQ(NormalSpan("15m").value_or(""), "00:15:00");
  EXPECT_FALSE(NormalSpan("15").ok());
  EXPECT_FALSE(NormalSpan("00:15").ok());
}

TEST(ValueForms, WordsAreNamedInTheRule) {
  constexpr std::string_view kValues = "None, BasicAuth, ExchangeServer; needs SmartHosts";
  EXPECT_THAT(WordsFrom(kValues), ElementsAre("None", "BasicAuth", "ExchangeServer"));
  EXPECT_EQ(NormalWord("basicauth", kValues).value_or(""), "BasicAuth");
  EXPECT_EQ(NormalWord("Kerberos", kValues).status().message(),
            "is None, BasicAuth or ExchangeServer");
}

}  // namespace
}  // namespace postern::cli
