#include "common/mail/address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/text.h"

namespace postern::mail {
namespace {

bool TakesMailbox(std::string_view text, bool utf8 = false) {
  const auto address = ParseMailbox(text, utf8);
  if (!address.ok()) return false;
  EXPECT_EQ(address->ToString(), text);
  return true;
}

std::string MailboxOf(std::size_t local, std::size_t domain) {
  std::string name(domain, 'd');
  for (std::size_t i = 59; i < domain; i += 60)
    name[i] = '.';
  return std::string(local, 'l') + "@" + name;
}

struct MailboxCase {
  std::string_view text;
  bool valid;
};

constexpr MailboxCase kMailboxCases[] = {
    {"", false},
    {"test", false},
    {"@", false},
    {"test@", false},
    {"@example.test", false},
    {"test@io", true},
    {"test@example.test", true},
    {"test@nominet.org.test", true},
    {"a@b", true},
    {"test@e.com", true},
    {"first.last@example.test", true},
    {"a.b.c.d.e@example.test", true},
    {".test@example.test", false},
    {"test.@example.test", false},
    {"test..last@example.test", false},
    {"test_exa-mple.com", false},
    {"!#$%&`*+/=?^`{|}~'@example.test", true},
    {"customer/department=shipping@example.test", true},
    {"123@example.test", true},
    {"test\\@test@example.test", false},
    {"te st@example.test", false},
    {" test@example.test", false},
    {"test@example.test ", false},
    {"test@ example.test", false},
    {"test@example .test", false},
    {"test(comment)@example.test", false},
    {"test@example.test(comment)", false},
    {"test@@example.test", false},
    {"a@b@example.test", false},
    {"test,last@example.test", false},
    {"test:x@example.test", false},
    {"<test@example.test>", false},
    {"test@123.com", true},
    {"test@123.123.123.123", true},
    {"test@.example.test", false},
    {"test@example.test.", false},
    {"test@example..test", false},
    {"test@-example.test", false},
    {"test@example-.test", false},
    {"test@c--n.com", true},
    {"test@xn--hxajbheg2az3al.xn--jxalpdlp", true},
    {"test@under_score.test", true},
    {"test@exa mple.test", false},
    {"test@exam*ple.test", false},
    {"test@a/b", false},
};

constexpr MailboxCase kQuotedAndLiteralCases[] = {
    {"\"test\"@example.test", true},
    {"\"\"@example.test", true},
    {"\"\\a\"@example.test", true},
    {"\"\\\"\"@example.test", true},
    {"\"\\\\\"@example.test", true},
    {"\"test test\"@example.test", true},
    {"\"test@test\"@example.test", true},
    {"\"a>b\"@example.test", true},
    {"\"@example.test", false},
    {"\"\"\"@example.test", false},
    {"\"test\\\"@example.test", false},
    {"test\"@example.test", false},
    {"\"test@example.test", false},
    {"\"test\"test@example.test", false},
    {"test\"text\"@example.test", false},
    {"\"test\".\"test\"@example.test", false},
    {"\"test\".last@example.test", false},
    {"\"te\tst\"@example.test", false},
    {"\"te\r\nst\"@example.test", false},
    {"\"te\x7fst\"@example.test", false},
    {"\"test\"", false},
    {"test@[192.0.2.1]", true},
    {"test@[255.255.255.255]", true},
    {"test@[255.255.255]", false},
    {"test@[255.255.255.255.255]", false},
    {"test@[255.255.255.256]", false},
    {"test@[192.0.2.1", false},
    {"test@192.0.2.1]", false},
    {"test@[]", false},
    {"test@[ 192.0.2.1]", false},
    {"test@[IPv6:2001:db8::1]", true},
    {"test@[ipv6:2001:db8::1]", true},
    {"test@[IPv6:::]", true},
    {"test@[IPv6:1111:2222:3333:4444:5555:6666:7777:8888]", true},
    {"test@[IPv6:1111:2222:3333:4444:5555:6666:7777]", false},
    {"test@[IPv6:1111:2222:3333:4444:5555:6666:7777:8888:9999]", false},
    {"test@[IPv6:1111::2222::3333]", false},
    {"test@[IPv6:1111:2222:3333:4444:5555:6666:255.255.255.255]", true},
    {"test@[2001:db8::1]", false},
    {"test@[IPv6:192.0.2.1]", false},
    {"test@[RFC5322-domain-literal]", false},
    {"test@[IPv6:fe80::1%eth0]", false},
    {"test@example.test\r\n", false},
    {"test@example.test\r\nRCPT TO:<x@y>", false},
    {"test\x01@example.test", false},
    {"caf\xc3\xa9@example.test", false},
    {"test@b\xc3\xbc"
     "cher.test",
     false},
};

TEST(MailboxTest, FollowsTheGrammarOfRfc5321) {
  for (const MailboxCase& row : kMailboxCases) {
    EXPECT_EQ(TakesMailbox(row.text), row.valid) << row.text;
  }
}

TEST(MailboxTest, QuotedStringsAndLiteralsFollowTheGrammar) {
  for (const MailboxCase& row : kQuotedAndLiteralCases) {
    EXPECT_EQ(TakesMailbox(row.text), row.valid) << row.text;
  }
}

TEST(MailboxTest, NulIsRefusedInEveryPart) {
  EXPECT_FALSE(TakesMailbox(std::string_view("a\0b@example.test", 16)));
  EXPECT_FALSE(TakesMailbox(std::string_view("\"a\0b\"@example.test", 18)));
  EXPECT_FALSE(TakesMailbox(std::string_view("a@example.te\0st", 15)));
  EXPECT_FALSE(TakesMailbox(std::string_view("a@[192.0.2.1\0]", 14)));
}

TEST(MailboxTest, LengthsEndWhereExchangeEndsThem) {
  EXPECT_TRUE(TakesMailbox(MailboxOf(315, 20)));
  EXPECT_FALSE(TakesMailbox(MailboxOf(316, 20)));
  EXPECT_TRUE(TakesMailbox(MailboxOf(20, 253)));
  EXPECT_FALSE(TakesMailbox(MailboxOf(20, 254)));
  EXPECT_TRUE(TakesMailbox(MailboxOf(315, 253)));
  EXPECT_FALSE(TakesMailbox(std::string(600, 'a')));
  EXPECT_TRUE(TakesMailbox("a@" + std::string(63, 'b') + ".test"));
  EXPECT_FALSE(TakesMailbox("a@" + std::string(64, 'b') + ".test"));
}

TEST(MailboxTest, Utf8NeedsSmtputf8AndMustBeValid) {
  EXPECT_TRUE(TakesMailbox("caf\xc3\xa9@example.test", true));
  EXPECT_TRUE(TakesMailbox("\"caf\xc3\xa9 x\"@example.test", true));
  EXPECT_TRUE(
      TakesMailbox("test@b\xc3\xbc"
                   "cher.test",
                   true));
  EXPECT_FALSE(TakesMailbox("caf\xe9@example.test", true));
  EXPECT_FALSE(TakesMailbox("caf\xc0\xae@example.test", true));
  EXPECT_FALSE(TakesMailbox("\"\\\xc3\xa9\"@example.test", true));
  EXPECT_FALSE(
      TakesMailbox("test@b\xc3\xbc"
                   "cher.test.",
                   true));
  EXPECT_FALSE(TakesMailbox("test@\xe2\x80\xae.test", true));
  EXPECT_EQ(base::MessageOf(ParseMailbox("caf\xc3\xa9@x", false).status()),
            "address \"caf\\xc3\\xa9@x\" has non-ASCII characters, which need SMTPUTF8");
}

TEST(MailboxTest, FailureNamesTheTextAndTheRule) {
  EXPECT_EQ(
      base::MessageOf(ParseMailbox("a..b@x", false).status()),
      "address \"a..b@x\" must have a local part of atoms joined by single dots, or quote it");
  EXPECT_EQ(base::MessageOf(ParseMailbox("a@x..y", false).status()),
            "address \"a@x..y\" has a domain that must not have an empty label");
}

TEST(PathTest, ReversePathTakesNullAndDropsTheSourceRoute) {
  EXPECT_TRUE(ParseReversePath("<>", false)->null());
  EXPECT_EQ(ParseReversePath("<a@b.test>", false)->ToString(), "a@b.test");
  EXPECT_EQ(ParseReversePath("<@one.test,@two.test:a@b.test>", false)->ToString(), "a@b.test");
  EXPECT_EQ(ParseReversePath("<\"x>y\"@b.test>", false)->local, "\"x>y\"");
}

TEST(PathTest, WhatIsNoPathIsRefused) {
  for (const std::string_view text : {"",
                                      "<",
                                      ">",
                                      "a@b",
                                      "<a@b",
                                      "a@b>",
                                      "<a@b> ",
                                      " <a@b>",
                                      "<<a@b>>",
                                      "<a@b><c@d>",
                                      "< a@b>",
                                      "<a@b >",
                                      "<@one.test a@b>",
                                      "<@one.test>",
                                      "<one.test:a@b>",
                                      "<@one.test,two.test:a@b>",
                                      "<@:a@b>",
                                      "<@one.test:>",
                                      "<@one..test:a@b>",
                                      "<\"a@b>",
                                      "<postmaster>"}) {
    EXPECT_FALSE(ParseReversePath(text, false).ok()) << text;
  }
}

TEST(PathTest, ForwardPathTakesPostmasterButNotNull) {
  EXPECT_EQ(ParseForwardPath("<postMASTER>", false)->ToString(), "Postmaster");
  EXPECT_EQ(ParseForwardPath("<@one.test:a@b>", false)->ToString(), "a@b");
  EXPECT_FALSE(ParseForwardPath("<>", false).ok());
  EXPECT_FALSE(ParseForwardPath("<abuse>", false).ok());
}

TEST(PathTest, SourceRouteIsBounded) {
  std::string route = "@a.test";
  while (route.size() < 520)
    route += ",@a.test";
  EXPECT_FALSE(ParseReversePath("<" + route + ":a@b>", false).ok());
}

TEST(PathTest, PathEndsAtTheBracketOutsideQuotes) {
  EXPECT_EQ(PathBytes("<a@b> SIZE=1"), 5U);
  EXPECT_EQ(PathBytes("<> X"), 2U);
  EXPECT_EQ(PathBytes("<\"a>b\\\">\"@c> X"), 12U);
  EXPECT_EQ(PathBytes("<\"a>b"), 0U);
  EXPECT_EQ(PathBytes("<\"a\\"), 0U);
  EXPECT_EQ(PathBytes(" <a@b>"), 0U);
  EXPECT_EQ(PathBytes(""), 0U);
}

TEST(AsciiMailboxTest, OnlyTheDomainIsMadeAscii) {
  EXPECT_EQ(AsciiMailbox("Ann@Example.test").value_or("?"), "Ann@Example.test");
  EXPECT_EQ(AsciiMailbox("").value_or("?"), "");
  EXPECT_EQ(AsciiMailbox("Ann@B\xc3\xbc"
                         "cher.test")
                .value_or("?"),
            "Ann@xn--bcher-kva.test");
  EXPECT_EQ(AsciiMailbox("\"a@b\"@b\xc3\xbc"
                         "cher.test")
                .value_or("?"),
            "\"a@b\"@xn--bcher-kva.test");
  for (const std::string_view text :
       {"caf\xc3\xa9@a.test", "caf\xc3\xa9@\xc3\xa9.test", "a@\xe2\x80\x8b.test", "a@\xff.test"}) {
    EXPECT_FALSE(AsciiMailbox(text).ok()) << text;
  }
}

TEST(DomainOfTest, IsWhatFollowsTheLastAtOutsideQuotes) {
  EXPECT_EQ(DomainOf("A@Example.Test"), "example.test");
  EXPECT_EQ(DomainOf("\"a@b\"@Example.Test"), "example.test");
  EXPECT_EQ(DomainOf("\"a\\\"@b\"@c"), "c");
  EXPECT_EQ(DomainOf("a@[IPv6:::1]"), "[ipv6:::1]");
  EXPECT_EQ(DomainOf("\"a@b\""), "");
  EXPECT_EQ(DomainOf("\"a@b"), "");
  EXPECT_EQ(DomainOf("\"a\\"), "");
  EXPECT_EQ(DomainOf("postmaster"), "");
  EXPECT_EQ(DomainOf(""), "");
}

}  // namespace
}  // namespace postern::mail
