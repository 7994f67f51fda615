#include "common/connector/address_space.h"

#include "gtest/gtest.h"

#include "common/base/text.h"

namespace postern::connector {
namespace {

struct GoodSpace {
  const char* text;
  const char* canonical;
};

constexpr GoodSpace kGoodSpaces[] = {
    {"*", "SMTP:*;1"},
    {"SMTP:*;1", "SMTP:*;1"},
    {"contoso.com", "SMTP:contoso.com;1"},
    {"SMTP:contoso.com;1", "SMTP:contoso.com;1"},
    {"SMTP:contoso.com", "SMTP:contoso.com;1"},
    {"contoso.com;1", "SMTP:contoso.com;1"},
    {"smtp:Contoso.COM;100", "SMTP:contoso.com;100"},
    {"*.com", "SMTP:*.com;1"},
    {"*.contoso.com;10", "SMTP:*.contoso.com;10"},
    {" contoso.com ; 5 ", "SMTP:contoso.com;5"},
    {"contoso.com.", "SMTP:contoso.com;1"},
    {"bücher.example", "SMTP:xn--bcher-kva.example;1"},
    {"*.Bücher.Example", "SMTP:*.xn--bcher-kva.example;1"},
    {"localhost", "SMTP:localhost;1"},
    {"X400:o=MySite;p=MyOrg;a=adatum;c=us;2", "X400:o=MySite;p=MyOrg;a=adatum;c=us;2"},
    {"FAX:*", "FAX:*;1"},
    {"Notes:Some Free Text;7", "NOTES:Some Free Text;7"},
};

TEST(AddressSpaceTest, ReadsEveryFormAndWritesOne) {
  for (const GoodSpace& row : kGoodSpaces) {
    const auto space = AddressSpace::Parse(row.text);
    ASSERT_TRUE(space.ok()) << row.text << ": " << space.status();
    EXPECT_EQ(space->ToString(), row.canonical) << row.text;
    EXPECT_EQ(*AddressSpace::Parse(space->ToString()), *space) << row.text;
  }
}

struct BadSpace {
  const char* text;
  const char* rule;
};

constexpr BadSpace kBadSpaces[] = {
    {"", "not empty"},
    {"   ", "not empty"},
    {"*contoso.com", "whole first label"},
    {"*.*.com", "whole first label"},
    {"mail.*.com", "whole first label"},
    {"**", "whole first label"},
    {"*.", "must not be empty"},
    {".contoso.com", "empty label"},
    {"contoso..com", "empty label"},
    {"-contoso.com", "hyphen"},
    {"con toso.com", "letters, digits"},
    {"--", "Edge"},
    {"joe@contoso.com", "not an address"},
    {"[10.1.1.1]", "not an address"},
    {"10.1.1.1", "not an IP address"},
    {"contoso.com;0", "1 to 100"},
    {"contoso.com;101", "1 to 100"},
    {"contoso.com;-1", "1 to 100"},
    {"contoso.com;", "1 to 100"},
    {"contoso.com;x", "1 to 100"},
    {"contoso.com;99999999999999999999", "1 to 100"},
    {"contoso.com;1;2", "at most one"},
    {"SMTP:", "empty"},
    {":contoso.com", "type before"},
    {"X 400:c=us", "type before"},
    {"X400:", "empty"},
    {"X400:;5", "empty"},
    {"X400:o=MySite;c=us", "must end in \";cost\""},
    {"X400:o=MySite;c=us;101", "must end in \";cost\""},
    {"conto\tso.com", "control"},
};

TEST(AddressSpaceTest, RefusesWithTheRule) {
  for (const BadSpace& row : kBadSpaces) {
    const auto space = AddressSpace::Parse(row.text);
    ASSERT_FALSE(space.ok()) << row.text;
    EXPECT_NE(base::MessageOf(space.status()).find(row.rule), std::string_view::npos)
        << row.text << ": " << space.status();
  }
  EXPECT_FALSE(AddressSpace::Parse(std::string(513, 'a')).ok());
}

struct Fit {
  const char* space;
  const char* domain;
  bool fits;
};

constexpr Fit kFits[] = {
    {"contoso.com", "contoso.com", true},
    {"contoso.com", "mail.contoso.com", false},
    {"contoso.com", "notcontoso.com", false},
    {"*.contoso.com", "contoso.com", true},
    {"*.contoso.com", "mail.contoso.com", true},
    {"*.contoso.com", "a.b.contoso.com", true},
    {"*.contoso.com", "notcontoso.com", false},
    {"*.contoso.com", "com", false},
    {"*.com", "contoso.com", true},
    {"*.com", "com", true},
    {"*.com", "contoso.org", false},
    {"*", "contoso.com", true},
    {"*", "[10.1.1.1]", true},
    {"*.1]", "[10.1.1.1]", false},
    {"FAX:*", "contoso.com", false},
};

TEST(AddressSpaceTest, FitsTheDomainsItNames) {
  for (const Fit& row : kFits) {
    const auto space = AddressSpace::Parse(row.space);
    if (!space.ok()) {
      EXPECT_FALSE(row.fits) << row.space;
      continue;
    }
    EXPECT_EQ(space->Match(row.domain).has_value(), row.fits) << row.space << " " << row.domain;
  }
}

TEST(AddressSpaceTest, CloserSpacesAreGreater) {
  const char* order[] = {"*", "*.com", "*.contoso.com", "*.eu.contoso.com", "eu.contoso.com"};
  for (std::size_t i = 1; i < std::size(order); ++i) {
    const auto less = AddressSpace::Parse(order[i - 1])->Match("eu.contoso.com");
    const auto more = AddressSpace::Parse(order[i])->Match("eu.contoso.com");
    ASSERT_TRUE(less && more);
    EXPECT_LT(*less, *more) << order[i];
  }
}

}  // namespace
}  // namespace postern::connector
