#include "common/dns/message.h"

#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/random.h"
#include "tests/common/dns/dns_bytes.h"

#define LLVMFuzzerTestOneInput PosternFuzzDnsMessage
#include "tests/fuzz/dns_message_fuzz.cc"
#undef LLVMFuzzerTestOneInput

namespace postern::dns {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr RecordType kMx = RecordType::kMx;
constexpr RecordType kA = RecordType::kA;

std::string Four(unsigned last) {
  return std::string("\x7F\0\0", 3) + static_cast<char>(last);
}

std::vector<std::string> Hosts(const Answer& answer) {
  std::vector<std::string> out;
  for (const auto& mx : answer.mx)
    out.push_back(base::Cat(mx.preference, " ", mx.host));
  return out;
}

std::string WhyBroken(const std::string& bytes, RecordType asked = kMx) {
  const auto answer = ParseAnswer(bytes, asked);
  EXPECT_TRUE(absl::IsInvalidArgument(answer.status())) << answer.status();
  return std::string(answer.status().message());
}

TEST(MessageTest, MxRecordsComeInOrderInLowerCaseWithTheSmallestTtl) {
  const auto answer = ParseAnswer(
      AnswerBytes("A.Test", kMx).Mx(300, 10, "MX1.a.test").Mx(60, 5, "mx2.a.test").Text(), kMx);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_THAT(Hosts(*answer), ElementsAre("10 mx1.a.test", "5 mx2.a.test"));
  EXPECT_EQ(answer->ttl, absl::Seconds(60));
}

TEST(MessageTest, NullMxHasAnEmptyHost) {
  const auto answer = ParseAnswer(AnswerBytes("a.test", kMx).Mx(300, 0, "").Text(), kMx);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_THAT(Hosts(*answer), ElementsAre("0 "));
}

TEST(MessageTest, AddressesOfBothFamiliesAreRead) {
  const auto v4 =
      ParseAnswer(AnswerBytes("a.test", kA).Record(kSameName, 1, 9, Four(3)).Text(), kA);
  ASSERT_TRUE(v4.ok()) << v4.status();
  ASSERT_EQ(v4->addresses.size(), 1u);
  EXPECT_EQ(v4->addresses[0].ToString(), "127.0.0.3");
  const std::string one = std::string(15, '\0') + '\x01';
  const auto v6 =
      ParseAnswer(AnswerBytes("a.test", RecordType::kAaaa).Record(kSameName, 28, 9, one).Text(),
                  RecordType::kAaaa);
  ASSERT_TRUE(v6.ok()) << v6.status();
  ASSERT_EQ(v6->addresses.size(), 1u);
  EXPECT_EQ(v6->addresses[0].ToString(), "::1");
}

TEST(MessageTest, CnameChainIsFollowedInAnyOrder) {
  const auto answer = ParseAnswer(AnswerBytes("a.test", kA)
                                      .Alias("b.test", 20, "c.test")
                                      .Record(Wire("c.test"), 1, 500, Four(1))
                                      .Record(Wire("other.test"), 1, 1, Four(9))
                                      .Alias("a.test", 400, "b.test")
                                      .Text(),
                                  kA);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->name, "c.test");
  ASSERT_EQ(answer->addresses.size(), 1u);
  EXPECT_EQ(answer->ttl, absl::Seconds(20));
}

TEST(MessageTest, CnameToNothingIsNoData) {
  const auto answer =
      ParseAnswer(AnswerBytes("a.test", kA).Alias("a.test", 20, "b.test").Soa(50, 40).Text(), kA);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_TRUE(answer->addresses.empty());
  EXPECT_EQ(answer->ttl, absl::ZeroDuration());
  EXPECT_EQ(answer->negative_ttl, absl::Seconds(40));
}

TEST(MessageTest, NameServersWithoutASoaAreAReferral) {
  const auto refers = [](const AnswerBytes& bytes) {
    const auto answer = ParseAnswer(bytes.Text(), kA);
    return answer.ok() && answer->referral;
  };
  EXPECT_TRUE(refers(AnswerBytes("a.test", kA, 0x8000).Refer("test", "ns.test")));
  EXPECT_TRUE(refers(
      AnswerBytes("a.test", kA, 0x8000).Alias("a.test", 20, "b.test").Refer("test", "ns.test")));
  EXPECT_FALSE(refers(AnswerBytes("a.test", kA, 0x8000).Refer("test", "ns.test").Soa(50, 40)));
  EXPECT_FALSE(refers(AnswerBytes("a.test", kA, 0x8000))) << "no data, of the third kind";
  EXPECT_FALSE(refers(AnswerBytes("a.test", kA, 0x8080).Refer("test", "ns.test"))) << "it recurses";
  EXPECT_FALSE(refers(AnswerBytes("a.test", kA, 0x8400).Refer("test", "ns.test"))) << "its own";
}

TEST(MessageTest, NegativeTtlIsTheSmallerOfTtlAndMinimum) {
  const auto answer = ParseAnswer(AnswerBytes("a.test", kMx, 0x8183).Soa(30, 900).Text(), kMx);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->code, ResponseCode::kNoSuchName);
  EXPECT_EQ(answer->negative_ttl, absl::Seconds(30));
}

TEST(MessageTest, TtlWithItsTopBitSetIsZero) {
  const auto answer = ParseAnswer(AnswerBytes("a.test", kMx).Mx(0x80000001, 1, "b").Text(), kMx);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->ttl, absl::ZeroDuration());
}

TEST(MessageTest, StrangeBytesInNamesNeverLookLikeAHost) {
  const std::string data = Short(1) + std::string(
                                          "\x04"
                                          "a.\0b"
                                          "\x00",
                                          6);
  const auto answer =
      ParseAnswer(AnswerBytes("a.test", kMx).Record(kSameName, 15, 1, data).Text(), kMx);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_THAT(Hosts(*answer), ElementsAre("1 a\\046\\000b"));
}

TEST(MessageTest, TruncatedAnswerSaysSoAndIsNotUsed) {
  const auto answer = ParseAnswer(
      AnswerBytes("a.test", kMx, 0x8380).Mx(300, 10, "mx.test").ClaimAnswers(9).Text(), kMx);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_TRUE(answer->truncated);
  EXPECT_TRUE(answer->mx.empty());
}

TEST(MessageTest, AtMost256RecordsAreKept) {
  AnswerBytes bytes("a.test", kA);
  for (int i = 0; i < 300; ++i)
    bytes.Record(kSameName, 1, 60, Four(1));
  const auto answer = ParseAnswer(bytes.Text(), kA);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->addresses.size(), 256u);
}

TEST(MessageTest, BrokenAnswersAreRefusedWithTheRule) {
  const std::string to_itself("\xC0\x1C", 2);  // where the first record begins, after "a.test"

  const struct {
    const char* rule;
    std::string bytes;
  } kCases[] = {
      {"less than 12 bytes", std::string(11, '\0')},
      {"it is a question", AnswerBytes("a.test", kMx, 0x0100).Text()},
      {"not exactly one question", AnswerBytes("a.test", kMx).Questions(2).Text()},
      {"another question", AnswerBytes("a.test", kA).Text()},
      {"does not lead backwards", AnswerBytes("a.test", kMx).Record("\xC0\x18", 15, 1, "").Text()},
      {"does not lead backwards", AnswerBytes("a.test", kMx).Record("\xC0\xFF", 15, 1, "").Text()},
      {"does not lead backwards", AnswerBytes("a.test", kMx).Record(to_itself, 15, 1, "").Text()},
      {"label of unknown kind", AnswerBytes("a.test", kMx).Record("\x80", 15, 1, "").Text()},
      {"cut short", AnswerBytes("a.test", kMx).ClaimAnswers(1).Text()},
      {"more than 4096 records", AnswerBytes("a.test", kMx).ClaimAnswers(65535).Text()},
      {"MX record of less", AnswerBytes("a.test", kMx).Record(kSameName, 15, 1, "\x01").Text()},
      {"does not fit its length",
       AnswerBytes("a.test", kMx).Record(kSameName, 15, 1, Short(1) + Wire("b") + "x").Text()},
      {"CNAME chain",
       AnswerBytes("a.test", kMx).Alias("a.test", 1, "b.test").Alias("b.test", 1, "a.test").Text()},
      {"more than 65535 bytes", std::string(65536, '\0')},
  };

  for (const auto& row : kCases)
    EXPECT_THAT(WhyBroken(row.bytes), HasSubstr(row.rule));
  EXPECT_THAT(WhyBroken(AnswerBytes("a.test", kA).Record(kSameName, 1, 1, "abc").Text(), kA),
              HasSubstr("an address of the wrong length"));
}

TEST(MessageTest, NameOfMoreThan255BytesIsRefused) {
  std::string name;
  for (int i = 0; i < 5; ++i)
    name += std::string(i == 0 ? "" : ".") + std::string(60, 'a');
  EXPECT_THAT(WhyBroken(AnswerBytes(name, kMx).Text()), HasSubstr("more than 255 bytes"));
}

TEST(MessageTest, EveryCutOfAnAnswerIsHandled) {
  const std::string whole = AnswerBytes("a.test", kMx).Mx(300, 10, "mx1.a.test").Soa(1, 1).Text();
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
    EXPECT_FALSE(ParseAnswer(whole.substr(0, bytes), kMx).ok()) << bytes;
  }
}

TEST(MessageTest, FuzzTargetHoldsOnMutations) {
  base::SeededRandom random(7);
  const std::string seeds[] = {
      AnswerBytes("a.test", kMx).Mx(300, 10, "mx1.a.test").Mx(1, 5, "").Soa(5, 6).Text(),
      AnswerBytes("a.test", kA)
          .Alias("a.test", 5, "b.test")
          .Record(Wire("b.test"), 1, 9, Four(1))
          .Text(),
      AnswerBytes("a.test", kMx)
          .Record(std::string("\x01"
                              "a\xC0\x0E",
                              4),
                  15, 1, Short(1) + kSameName)
          .Text(),
      std::string(600, '\xC0')};
  for (const std::string& seed : seeds) {
    for (int round = 0; round < 3000; ++round) {
      std::string bytes = seed;
      for (std::uint64_t changes = 1 + random.Below(4); changes > 0; --changes) {
        bytes[random.Below(bytes.size())] = static_cast<char>(random.Below(256));
      }
      if (random.Below(4) == 0) bytes.resize(random.Below(bytes.size() + 1));
      const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
      ASSERT_EQ(PosternFuzzDnsMessage(data, bytes.size()), 0);
    }
  }
}

TEST(MessageTest, TlsaRecordsAreRead) {
  const std::string data = std::string("\x03\x01\x01", 3) + std::string(32, 'x');
  const auto answer = ParseAnswer(
      AnswerBytes("_25._tcp.mx.a.test", RecordType::kTlsa).Record(kSameName, 52, 60, data).Text(),
      RecordType::kTlsa);
  ASSERT_TRUE(answer.ok()) << answer.status();
  const TlsaRecord expected{3, 1, 1, std::string(32, 'x')};
  EXPECT_THAT(answer->tlsa, ElementsAre(expected));
  EXPECT_FALSE(answer->authentic);
  const std::string cut = AnswerBytes("a.test", RecordType::kTlsa)
                              .Record(kSameName, 52, 60, std::string("\x03\x01\x01", 3))
                              .Text();
  EXPECT_THAT(WhyBroken(cut, RecordType::kTlsa), HasSubstr("TLSA"));
}

TEST(MessageTest, ThePartsOfATextAreJoined) {
  const auto text = [](const std::string& data) {
    return AnswerBytes("_mta-sts.a.test", RecordType::kTxt).Record(kSameName, 16, 60, data).Text();
  };
  const auto answer =
      ParseAnswer(text(std::string("\x09v=STSv1; \x00\x04id=7", 16)), RecordType::kTxt);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_THAT(answer->txt, ElementsAre("v=STSv1; id=7"));
  EXPECT_THAT(WhyBroken(text("\x05"
                             "abc"),
                        RecordType::kTxt),
              HasSubstr("TXT"));
}

TEST(MessageTest, TheServerSaysThatItHasValidated) {
  EXPECT_TRUE(ParseAnswer(AnswerBytes("a.test", kMx, 0x81A0).Text(), kMx)->authentic);
  EXPECT_FALSE(ParseAnswer(AnswerBytes("a.test", kMx, 0x8180).Text(), kMx)->authentic);
}

// One family's result for JoinFamilies.
absl::StatusOr<Answer> Family(std::string_view text, absl::Duration ttl = absl::Minutes(10)) {
  if (text == "nxdomain") return WithNegativeTtl(absl::NotFoundError("no such name"), ttl);
  if (text == "failed") return absl::UnavailableError("server failure");
  Answer answer;
  answer.ttl = ttl;
  answer.name = "a.test";
  if (text != "nodata") answer.addresses.push_back(*io::IpAddress::Parse(text));
  return answer;
}

absl::StatusOr<AddressAnswer> Join(absl::StatusOr<Answer> v4, absl::StatusOr<Answer> v6) {
  const std::array answers = {std::move(v4), std::move(v6)};
  return JoinFamilies("a.test", answers);
}

TEST(JoinFamiliesTest, OneFamilyIsEnoughAndFailureGoesBeforeAbsence) {
  const struct {
    const char *v4, *v6, *joined;
  } kCases[] = {{"192.0.2.1", "2001:db8::1", "192.0.2.1 2001:db8::1"},
                {"192.0.2.1", "nodata", "192.0.2.1"},
                {"192.0.2.1", "nxdomain", "192.0.2.1"},
                {"192.0.2.1", "failed", "192.0.2.1"},
                {"nodata", "nodata", ""},
                {"nodata", "nxdomain", ""},
                {"nodata", "failed", "UNAVAILABLE"},
                {"failed", "nxdomain", "UNAVAILABLE"},
                {"nxdomain", "nxdomain", "NOT_FOUND"}};

  for (const auto& row : kCases) {
    const auto joined = Join(Family(row.v4), Family(row.v6));
    std::string text = absl::StatusCodeToString(joined.status().code());
    if (joined.ok()) {
      std::vector<std::string> addresses;
      for (const auto& address : joined->addresses)
        addresses.push_back(address.ToString());
      text = base::Join(addresses, " ");
    }
    EXPECT_EQ(text, row.joined) << row.v4 << " and " << row.v6;
  }
}

TEST(JoinFamiliesTest, WhatIsUsedDecidesWhetherItIsSecure) {
  const auto family = [](std::string_view text, bool authentic) {
    auto answer = Family(text);
    if (answer.ok()) answer->authentic = authentic;
    return answer;
  };
  const auto secure = [](absl::StatusOr<Answer> v4, absl::StatusOr<Answer> v6) {
    return Join(std::move(v4), std::move(v6))->secure;
  };
  EXPECT_TRUE(secure(family("192.0.2.1", true), family("2001:db8::1", true)));
  EXPECT_TRUE(secure(family("192.0.2.1", true), family("nodata", true)));
  EXPECT_FALSE(secure(family("192.0.2.1", true), family("2001:db8::1", false)));
  EXPECT_FALSE(secure(family("192.0.2.1", true), family("nodata", false)));
  EXPECT_TRUE(secure(family("192.0.2.1", true), Family("failed")));
  EXPECT_FALSE(secure(Family("failed"), family("2001:db8::1", false)));
}

TEST(JoinFamiliesTest, TheNameAtTheEndOfTheAliasesIsKept) {
  auto answer = Family("192.0.2.1");
  answer->name = "a.test";
  EXPECT_EQ(Join(answer, Family("nodata"))->canonical, "");
  answer->name = "b.test";
  EXPECT_EQ(Join(answer, answer)->canonical, "b.test");
}

TEST(JoinFamiliesTest, TtlIsTheSmallestAndShortBesideAFailure) {
  EXPECT_EQ(Join(Family("192.0.2.1"), Family("::1", absl::Seconds(9)))->ttl, absl::Seconds(9));
  EXPECT_EQ(Join(Family("192.0.2.1"), Family("failed"))->ttl, absl::Minutes(1));
  EXPECT_EQ(Join(Family("nodata", absl::Seconds(8)), Family("nodata"))->ttl, absl::Seconds(8));
}

}  // namespace
}  // namespace postern::dns
