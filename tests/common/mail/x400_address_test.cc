#include "common/mail/x400_address.h"

#include "gtest/gtest.h"

#include "common/base/text.h"

namespace postern::mail {
namespace {

struct HoldsRow {
  const char* fact;
  const char* space;
  const char* address;
  bool holds;
};

constexpr HoldsRow kHolds[] = {
    {"the same", "c=us;a=adatum", "c=us;a=adatum", true},
    {"a part of it", "c=us;a=adatum", "c=us;a=adatum;p=MyOrg;s=Lee", true},
    {"in another order", "a=adatum;c=us", "s=Lee;c=us;a=adatum", true},
    {"in another form", "c=us;a=adatum", "/s=Lee/a=adatum/c=us/", true},
    {"without regard to case", "C=US;A=AdAtum", "c=us;a=adatum", true},
    {"without regard to spaces", "c = us ; o=My  Site", "c=us;o=My Site", true},
    {"another value", "c=us;a=adatum", "c=us;a=other", false},
    {"an attribute that is not there", "c=us;o=Sales", "c=us;a=adatum", false},
    {"not the other way round", "c=us;a=adatum", "c=us", false},
    {"any value", "c=us;a=*", "c=us;a=adatum", true},
    {"any value, but one", "c=us;a=*", "c=us", false},
    {"the old names", "country=us;ADMD=adatum;PRMD=x;OU=y", "c=us;a=adatum;p=x;ou1=y", true},
    {"a blank administration domain", "c=us;a= ;p=Org", "c=us;a=;p=Org;s=Lee", true},
    {"blank is not any", "c=us;a= ", "c=us;a=adatum", false},
};

TEST(X400AddressTest, ASpaceHoldsWhatHasItsAttributes) {
  for (const HoldsRow& row : kHolds) {
    const auto space = ParseX400(row.space);
    const auto address = ParseX400(row.address);
    ASSERT_TRUE(space && address) << row.fact;
    EXPECT_EQ(space->Holds(*address), row.holds) << row.fact;
  }
}

TEST(X400AddressTest, OtherTextIsNone) {
  for (const char* text :
       {"", ";", "*", "c", "c=", "=us", "c=us;c=uk", "c=us;x", "c=us;ou=a;ou1=b", "/c=us/x/"}) {
    EXPECT_FALSE(ParseX400(text).has_value()) << text;
  }
  EXPECT_FALSE(ParseX400(base::Cat("c=", std::string(2000, 'x'))).has_value());
  std::string many;
  for (int i = 0; i < 33; ++i)
    many += base::Cat("n", i, "=x;");
  EXPECT_FALSE(ParseX400(many).has_value());
}

}  // namespace
}  // namespace postern::mail
