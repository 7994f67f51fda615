#include "common/mail/sts_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/text.h"

namespace postern::mail {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view kGoodPolicy =
    "version: STSv1\r\nmode: enforce\r\nmx: mail.example.test\r\nmx: *.example.net\r\n"
    "max_age: 604800\r\n";

std::string IdFrom(std::vector<std::string> txt) {
  return StsRecordId(txt).value_or("none");
}

std::string RuleBrokenBy(std::string_view text) {
  const auto policy = ParseStsPolicy(text, "1");
  if (policy.ok()) return "none";
  EXPECT_EQ(policy.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(policy.status().message());
}

bool Matches(std::vector<std::string> mx, std::string_view host) {
  StsPolicy policy;
  policy.mode = StsMode::kEnforce;
  policy.mx = std::move(mx);
  return StsMatches(policy, host);
}

TEST(StsRecordIdTest, WellFormedRecordsGiveTheirId) {
  for (const std::string record :
       {"v=STSv1; id=20160831085700Z;", "v=STSv1;id=20160831085700Z",
        "v=STSv1 ; id=20160831085700Z ;", "v=STSv1; id=20160831085700Z; ",
        "v=STSv1;\tid=20160831085700Z\t;\t", "v=STSv1; a.b-c_d=x/y,z; id=20160831085700Z",
        "v=STSv1; id=20160831085700Z; id=later;"}) {
    EXPECT_EQ(IdFrom({record}), "20160831085700Z") << record;
  }
  EXPECT_EQ(IdFrom({"v=STSv1; id=" + std::string(32, 'a')}), std::string(32, 'a'));
}

TEST(StsRecordIdTest, OtherRecordsAreLeftOut) {
  EXPECT_EQ(IdFrom({"v=spf1 -all", "v=STSv1; id=1", "v=STSv10; id=2", "", "v=STSv1"}), "1");
}

TEST(StsRecordIdTest, SeveralPolicyRecordsAreNone) {
  EXPECT_EQ(IdFrom({"v=STSv1; id=1", "v=STSv1; id=1"}), "none");
  EXPECT_EQ(IdFrom({"v=STSv1; id=1", "v=STSv1; broken"}), "none");
}

TEST(StsRecordIdTest, WhatIsNotWellFormedIsNone) {
  EXPECT_EQ(IdFrom({}), "none");
  for (const std::string record :
       {"v=STSv1;", "v=STSv1; ", "v=STSv1; id", "v=STSv1; id=", "v=STSv1; id=a-b",
        "v=STSv1; id=1;;", "v=STSv1;; id=1", "v=STSv1; id=1 ", "v=STSv1; x=1", "v=STSv1; ID=1",
        "v=stsv1; id=1", "V=STSv1; id=1", " v=STSv1; id=1", "v=STSv1, id=1", "v=STSv1; id=1; a=b=c",
        "v=STSv1; id=1; a b=c", "v=STSv1; id=1; -a=c", "v=STSv1; id=\xc3\xa9"}) {
    EXPECT_EQ(IdFrom({record}), "none") << record;
  }
  EXPECT_EQ(IdFrom({"v=STSv1; id=" + std::string(33, 'a')}), "none");
}

TEST(ParseStsPolicyTest, ReadsThePolicyOfTheStandard) {
  const auto policy = ParseStsPolicy(kGoodPolicy, "2016");
  ASSERT_TRUE(policy.ok()) << policy.status();
  EXPECT_EQ(policy->id, "2016");
  EXPECT_EQ(policy->mode, StsMode::kEnforce);
  EXPECT_THAT(policy->mx, ElementsAre("mail.example.test", "*.example.net"));
  EXPECT_EQ(policy->max_age, absl::Hours(24 * 7));
}

TEST(ParseStsPolicyTest, LinesMayEndEitherWayAndBlanksAreFree) {
  const auto good = ParseStsPolicy(kGoodPolicy, "1");
  for (const std::string_view text :
       {"version: STSv1\nmode: enforce\nmx: mail.example.test\nmx: *.example.net\nmax_age: 604800",
        "version:STSv1\nmode:\tenforce \r\nmx:   Mail.Example.TEST.\nmx:*.EXAMPLE.net\r\n"
        "max_age: 0000604800  \n\r\n\n",
        "max_age: 604800\nmx: mail.example.test\nmode: enforce\nmx: *.example.net\n"
        "version: STSv1\n"}) {
    const auto policy = ParseStsPolicy(text, "1");
    ASSERT_TRUE(policy.ok()) << policy.status() << "\n" << text;
    EXPECT_EQ(*policy, *good) << text;
  }
}

TEST(ParseStsPolicyTest, UnknownKeysAreIgnoredAndTheFirstOfTwoCounts) {
  const auto policy = ParseStsPolicy(
      "version: STSv1\nversion: STSv2\nmode: testing\nmode: enforce\nnew.key-1: caf\xc3\xa9: x\n"
      "empty:\nmx: a.test\nmax_age: 1\nmax_age: soon\n",
      "1");
  ASSERT_TRUE(policy.ok()) << policy.status();
  EXPECT_EQ(policy->mode, StsMode::kTesting);
  EXPECT_EQ(policy->max_age, absl::Seconds(1));
}

TEST(ParseStsPolicyTest, ModeNoneNeedsNoHost) {
  const auto policy = ParseStsPolicy("version: STSv1\nmode: none\nmax_age: 86400\n", "1");
  ASSERT_TRUE(policy.ok()) << policy.status();
  EXPECT_EQ(policy->mode, StsMode::kNone);
  EXPECT_TRUE(policy->mx.empty());
}

TEST(ParseStsPolicyTest, InternationalNamesBecomeALabels) {
  const auto policy = ParseStsPolicy(
      "version: STSv1\nmode: enforce\nmx: *.b\xc3\xbc"
      "cher.test\nmax_age: 1\n",
      "1");
  ASSERT_TRUE(policy.ok()) << policy.status();
  EXPECT_THAT(policy->mx, ElementsAre("*.xn--bcher-kva.test"));
}

TEST(ParseStsPolicyTest, BrokenPoliciesNameLineAndRule) {
  struct Row {
    std::string_view text;
    std::string_view rule;
  };

  for (const Row& row : {
           Row{"", "must have the key version"},
           Row{"version: STSv1\n", "must have the key mode"},
           Row{"version: STSv1\nmode: none\n", "must have the key max_age"},
           Row{"version: STSv1\nmode: testing\nmax_age: 1\n", "must have the key mx"},
           Row{"version: STSv2\n", "line 1 must have the version STSv1"},
           Row{"version: stsv1\n", "line 1 must have the version STSv1"},
           Row{"Version: STSv1\n", "must have the key version"},
           Row{"mode: Enforce\n", "line 1 must have the mode enforce, testing or none"},
           Row{"\nmode:\n", "line 2 must have the mode"},
           Row{"max_age: -1\n", "line 1 must have a max_age of 0 to 31557600 seconds"},
           Row{"max_age: 1d\n", "must have a max_age"},
           Row{"max_age: 31557601\n", "must have a max_age"},
           Row{"max_age: 00000000001\n", "must have a max_age"},
           Row{"max_age:\n", "must have a max_age"},
           Row{"mx:\n", "line 1 mx: domain \"\" must not be empty"},
           Row{"mx: *\n", "line 1 mx: "},
           Row{"mx: *.*.test\n", "line 1 mx: "},
           Row{"mx: a.*.test\n", "line 1 mx: "},
           Row{"mx: a.test b.test\n", "line 1 mx: "},
           Row{"mx: .a.test\n", "line 1 mx: "},
           Row{"<html>\n", "line 1 must be a key, a colon and a value"},
           Row{"mode : none\n", "line 1 must begin with a key"},
           Row{" mode: none\n", "line 1 must begin with a key"},
           Row{"mode: none\rmode: none\n", "line 1 must have a value of UTF-8 without control"},
           Row{"x: \xff\n", "line 1 must have a value of UTF-8"},
       }) {
    EXPECT_THAT(RuleBrokenBy(row.text), HasSubstr(row.rule)) << row.text;
  }
}

TEST(ParseStsPolicyTest, SizeAndPatternsAreBounded) {
  std::string many = "version: STSv1\nmode: enforce\nmax_age: 31557600\n";
  for (std::size_t i = 0; i < kStsMxMax; ++i)
    many += base::Cat("mx: mx", i, ".test\n");
  EXPECT_EQ(RuleBrokenBy(many), "none");
  EXPECT_THAT(RuleBrokenBy(many + "mx: one.more.test\n"), HasSubstr("one mx more than 100"));
  many += "x: " + std::string(kStsPolicyBytesMax - many.size() - 3, 'y');
  EXPECT_EQ(RuleBrokenBy(many), "none");
  EXPECT_THAT(RuleBrokenBy(many + "y"), HasSubstr("65537 bytes, must be at most 65536"));
}

TEST(StsMatchesTest, ExactNamesCompareWithoutCaseAndTrailingDot) {
  EXPECT_TRUE(Matches({"mail.example.test"}, "mail.example.test"));
  EXPECT_TRUE(Matches({"other.test", "mail.example.test"}, "MAIL.Example.test."));
  EXPECT_TRUE(Matches({"Mail.Example.Test."}, "mail.example.test"));
  EXPECT_TRUE(Matches({"xn--bcher-kva.test"},
                      "B\xc3\xbc"
                      "cher.test"));
  EXPECT_FALSE(Matches({"mail.example.test"}, "x.mail.example.test"));
  EXPECT_FALSE(Matches({"mail.example.test"}, "example.test"));
  EXPECT_FALSE(Matches({}, "example.test"));
}

TEST(StsMatchesTest, AWildcardStandsForExactlyOneLabel) {
  EXPECT_TRUE(Matches({"*.example.test"}, "mx1.example.test"));
  EXPECT_TRUE(Matches({"*.example.test"}, "MX1.EXAMPLE.test."));
  EXPECT_FALSE(Matches({"*.example.test"}, "example.test"));
  EXPECT_FALSE(Matches({"*.example.test"}, "a.b.example.test"));
  EXPECT_FALSE(Matches({"*.example.test"}, "mx1.xexample.test"));
  EXPECT_FALSE(Matches({"*.example.test"}, ".example.test"));
  EXPECT_FALSE(Matches({"*.example.test"}, "*.example.test"));
  EXPECT_FALSE(Matches({"*"}, "test"));
  EXPECT_FALSE(Matches({"*."}, "test."));
}

TEST(StsMatchesTest, WhatIsNoNameNeverMatches) {
  for (const std::string_view host : {"", ".", "a..test", "[192.0.2.1]"})
    EXPECT_FALSE(Matches({"*.test", "", ".", "[192.0.2.1]"}, host)) << host;
}

TEST(StsPolicyLinesTest, AreReadAsThePolicyItself) {
  const auto policy = ParseStsPolicy(kGoodPolicy, "1");
  EXPECT_THAT(StsPolicyLines(*policy),
              ElementsAre("version: STSv1", "mode: enforce", "mx: mail.example.test",
                          "mx: *.example.net", "max_age: 604800"));
  EXPECT_EQ(*ParseStsPolicy(base::Join(StsPolicyLines(*policy), "\n"), "1"), *policy);
}

}  // namespace
}  // namespace postern::mail
