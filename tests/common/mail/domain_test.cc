#include "common/mail/domain.h"

#include <gtest/gtest.h>

#include "common/base/text.h"

namespace postern::mail {
namespace {

TEST(NormalizeDomainTest, GivesLowerCaseALabelsWithoutTheDot) {
  EXPECT_EQ(*NormalizeDomain("Example.TEST."), "example.test");
  EXPECT_EQ(*NormalizeDomain("_dmarc.example.test"), "_dmarc.example.test");
  EXPECT_EQ(*NormalizeDomain("B\xc3\xbc"
                             "cher.Example"),
            "xn--bcher-kva.example");
  EXPECT_EQ(*NormalizeDomain("B\xc3\x9c"
                             "CHER.example"),
            "xn--bcher-kva.example");
  EXPECT_EQ(*NormalizeDomain("bu\xcc\x88"
                             "cher.example"),
            "xn--bcher-kva.example");
  EXPECT_EQ(*NormalizeDomain("b\xc3\xbc"
                             "cher\xe3\x80\x82"
                             "example"),
            "xn--bcher-kva.example");
}

TEST(NormalizeDomainTest, SharpSIsKeptAsIdna2008Asks) {
  EXPECT_EQ(*NormalizeDomain("fa\xc3\x9f.test"), "xn--fa-hia.test");
}

TEST(NormalizeDomainTest, WhatIsNoNameIsRefused) {
  for (const std::string_view name :
       {"", ".", "..", ".a", "a..b", "a..", "-a.test", "a-.test", "a b", "a@b", "a/b", "*.test",
        "[192.0.2.1]", "a\r\nb", "\xff\xfe.test", "\xe2\x80\xae.test",
        "\xef\xbc\x8f\xc3\xbc.test"}) {
    EXPECT_EQ(NormalizeDomain(name).status().code(), absl::StatusCode::kInvalidArgument) << name;
  }
  EXPECT_FALSE(NormalizeDomain(std::string_view("a\0b", 3)).ok());
  EXPECT_FALSE(NormalizeDomain(std::string_view("\xc3\xbc\0b", 4)).ok());
  EXPECT_FALSE(NormalizeDomain(std::string(5000, 'a')).ok());
}

TEST(NormalizeDomainTest, LengthsEndAt63And253) {
  const std::string label(63, 'a');
  const std::string long_name = label + "." + label + "." + label + "." + std::string(61, 'a');
  EXPECT_TRUE(NormalizeDomain(label).ok());
  EXPECT_FALSE(NormalizeDomain(label + "a").ok());
  EXPECT_TRUE(NormalizeDomain(long_name).ok());
  EXPECT_TRUE(NormalizeDomain(long_name + ".").ok());
  EXPECT_FALSE(NormalizeDomain(long_name + "a").ok());
}

TEST(NormalizeDomainTest, FailureNamesTheNameAndTheRule) {
  EXPECT_EQ(base::MessageOf(NormalizeDomain("a..b").status()),
            "domain \"a..b\" must not have an empty label");
}

TEST(AddressLiteralTest, LiteralsOfBothFamiliesGiveTheirAddress) {
  EXPECT_EQ(*LiteralAddress("[192.0.2.1]"), "192.0.2.1");
  EXPECT_EQ(*LiteralAddress("[IPv6:2001:DB8:0:0::1]"), "2001:db8::1");
  EXPECT_EQ(*LiteralAddress("[ipv6:::ffff:192.0.2.1]"), "::ffff:192.0.2.1");
}

TEST(AddressLiteralTest, OtherFormsAreRefused) {
  for (const std::string_view text :
       {"", "[]", "[", "192.0.2.1", "[192.0.2]", "[192.0.2.01]", "[192.0.2.1 ]", "[::1]",
        "[IPv6:192.0.2.1]", "[IPv6:]", "[IPv6:::1%1]", "[tag:content]", "[IPv6:1:2:3]"}) {
    EXPECT_FALSE(LiteralAddress(text).ok()) << text;
  }
  EXPECT_FALSE(LiteralAddress("[" + std::string(300, '1') + "]").ok());
  EXPECT_TRUE(IsAddressLiteral("[anything]"));
  EXPECT_FALSE(IsAddressLiteral("["));
}

TEST(HostNameTest, IsLettersDigitsAndHyphens) {
  EXPECT_TRUE(IsHostName("mail-1.Example.test"));
  EXPECT_TRUE(IsHostName("localhost"));
  for (const std::string_view text : {"", "a_b.test", "a.test.", "-a", "a b", "b\xc3\xbc.test"}) {
    EXPECT_FALSE(IsHostName(text)) << text;
  }
}

}  // namespace
}  // namespace postern::mail
