#include "common/mail/imcea.h"

#include "gtest/gtest.h"

#include "common/base/text.h"

namespace postern::mail {
namespace {

struct ImceaRow {
  const char* fact;
  const char* address;
  const char* decoded;  // "" when it is none
};

constexpr ImceaRow kImceaRows[] = {
    {"a fax number", "IMCEAFAX-+2B1+20425+20555@contoso.com", "FAX:+1 425 555"},
    {"the prefix in any case", "imceafax-1234567890@MyDomain.com", "FAX:1234567890"},
    {"an underscore is a slash", "IMCEAEX-_o=Org_ou=First+20Group_cn=Bob@a.com",
     "EX:/o=Org/ou=First Group/cn=Bob"},
    {"a hyphen in the address stays", "IMCEAFAX-555-1234@a.com", "FAX:555-1234"},
    {"a plus of its own", "IMCEAX-a+2Bb@a.com", "X:a+b"},
    {"a byte that is no ASCII", "IMCEAX-caf+C3+A9@a.com", "X:caf\xc3\xa9"},
    {"an underscore of its own", "IMCEAX-a+5Fb@a.com", "X:a_b"},
    {"lower-case hexadecimal", "IMCEAX-a+3bb@a.com", "X:a;b"},
    {"no prefix", "bob@a.com", ""},
    {"only the prefix", "IMCEA@a.com", ""},
    {"no type", "IMCEA-1234@a.com", ""},
    {"no hyphen", "IMCEAFAX@a.com", ""},
    {"no address", "IMCEAFAX-@a.com", ""},
    {"no domain", "IMCEAFAX-1234", ""},
    {"a dot is not legal in it", "IMCEAFAX-a.b@a.com", ""},
    {"an at is not legal in it", "IMCEAFAX-a@b@a.com", ""},
    {"half a code", "IMCEAFAX-a+2@a.com", ""},
    {"no code", "IMCEAFAX-a+@a.com", ""},
    {"no hexadecimal", "IMCEAFAX-a+2G@a.com", ""},
    {"a control character", "IMCEAFAX-a+0Ab@a.com", ""},
    {"a NUL", "IMCEAFAX-a+00b@a.com", ""},
    {"an encoded type", "IMCEA+46AX-1@a.com", ""},
    {"a type that is too long", "IMCEAABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGH-1@a.com", ""},
    {"SMTP needs no capsule", "IMCEASMTP-bob+40a+2Ecom@a.com", ""},
    {"a quoted local part", "\"IMCEAFAX-1\"@a.com", ""},
};

TEST(ImceaTest, IsReadAsItIsWritten) {
  for (const ImceaRow& row : kImceaRows) {
    const auto typed = FromImcea(row.address);
    EXPECT_EQ(typed ? base::Cat(typed->type, ":", typed->address) : "", row.decoded) << row.fact;
  }
}

TEST(ImceaTest, WhatIsWrittenIsReadAgain) {
  for (const char* address : {"+1 (425) 555", "/o=Org/cn=Bob", "c=us;a= ;p=Org", "caf\xc3\xa9"}) {
    const TypedAddress typed{"FAX", address};
    EXPECT_EQ(FromImcea(base::Cat(ToImcea(typed), "@a.com")), typed) << address;
  }
  EXPECT_EQ(ToImcea({"FAX", "+1555"}), "IMCEAFAX-+2B1555");
}

}  // namespace
}  // namespace postern::mail
