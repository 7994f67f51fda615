#include "common/smtp/sasl_scram.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace postern::smtp {
namespace {

using ::testing::HasSubstr;

constexpr char kNonce[] = "rOprNGfwEbeRWgbNEkqO";
constexpr char kServerFirst[] =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
constexpr char kClientFinal[] =
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
    "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
constexpr char kServerFinal[] = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

ScramSha256 Scram(std::string username = "user", std::string nonce = kNonce) {
  auto credential = std::make_shared<Credential>();
  credential->username = std::move(username);
  credential->password = "pencil";
  return ScramSha256(std::move(credential), std::move(nonce));
}

// RFC 7677 §3.
TEST(SaslScramTest, TheExchangeIsThatOfTheRfc) {
  ScramSha256 scram = Scram();
  EXPECT_EQ(scram.Initial(), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
  EXPECT_TRUE(scram.works_long());
  EXPECT_EQ(*scram.Next(kServerFirst), kClientFinal);
  EXPECT_FALSE(scram.works_long());
  EXPECT_FALSE(scram.Proved().ok());
  EXPECT_EQ(*scram.Next(kServerFinal), "");
  EXPECT_TRUE(scram.Proved().ok());
  EXPECT_FALSE(scram.Next("").ok());
}

TEST(SaslScramTest, AServerThatPassedOverTheFirstMessageIsToldAgainOnce) {
  ScramSha256 scram = Scram();
  EXPECT_EQ(*scram.Next(""), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
  EXPECT_FALSE(scram.Next("").ok());
}

TEST(SaslScramTest, ANameWithCommaOrEqualsSignIsEscaped) {
  EXPECT_EQ(Scram("a=b,c", "x").Initial(), "n,,n=a=3Db=2Cc,r=x");
}

TEST(SaslScramTest, AChallengeThatBreaksARuleIsNotAnswered) {
  struct Row {
    std::string challenge;
    std::string_view why;
  };

  const std::string nonce = std::string("r=") + kNonce;
  const Row rows[] = {
      {"x", "does not begin with a nonce"},
      {"m=more," + nonce + "1,s=AAAA,i=4096", "does not begin with a nonce"},
      {"r=another,s=AAAA,i=4096", "no answer to ours"},
      {nonce + ",s=AAAA,i=4096", "no answer to ours"},
      {nonce + " 1,s=AAAA,i=4096", "no answer to ours"},
      {nonce + std::string("1\0", 2) + ",s=AAAA,i=4096", "no answer to ours"},
      {nonce + "1", "no salt"},
      {nonce + "1,s=,i=4096", "no salt"},
      {nonce + "1,s=A,i=4096", "no salt"},
      {nonce + "1,i=4096,s=AAAA", "no salt"},
      {nonce + "1,s=AAAA", "no number of rounds"},
      {nonce + "1,s=AAAA,i=-4096", "no number of rounds"},
      {nonce + "1,s=AAAA,i=4095", "4095 rounds: must be 4096 to 1000000"},
      {nonce + "1,s=AAAA,i=1000001", "1000001 rounds"},
      {nonce + "1,s=AAAA,i=99999999999999999999999", "no number of rounds"},
  };
  for (const Row& row : rows) {
    const auto answer = Scram().Next(row.challenge);
    EXPECT_THAT(std::string(answer.status().message()), HasSubstr(std::string(row.why)))
        << row.challenge;
  }
}

TEST(SaslScramTest, WhatFollowsTheRoundsIsAnExtensionToPassOver) {
  EXPECT_TRUE(Scram().Next(std::string(kServerFirst) + ",x=more").ok());
}

TEST(SaslScramTest, AServerThatDoesNotKnowThePasswordIsFoundOut) {
  for (const char* final : {"", "v=", "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G5=", "v=AAAA",
                            "x=1", "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95Gc="}) {
    ScramSha256 scram = Scram();
    EXPECT_TRUE(scram.Next(kServerFirst).ok());
    EXPECT_EQ(scram.Next(final).status().message(), "the server does not know the password");
    EXPECT_FALSE(scram.Proved().ok());
  }
}

TEST(SaslScramTest, TheServersErrorIsTheReason) {
  ScramSha256 scram = Scram();
  EXPECT_TRUE(scram.Next(kServerFirst).ok());
  EXPECT_EQ(scram.Next("e=invalid-proof").status().message(), "the server says invalid-proof");
}

TEST(SaslScramTest, OnlyPrintableAsciiIsTaken) {
  EXPECT_TRUE(ScramSha256::Takes("correct horse, battery = staple"));
  EXPECT_FALSE(ScramSha256::Takes("k\xc3\xa4se"));
  EXPECT_FALSE(ScramSha256::Takes("a\tb"));
  EXPECT_FALSE(ScramSha256::Takes("a\x7f"));
}

}  // namespace
}  // namespace postern::smtp
