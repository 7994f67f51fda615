#include "common/smtp/tls_report.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/text.h"
#include "tests/support/fake_clock.h"

namespace postern::smtp {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class TlsReportsTest : public ::testing::Test {
 protected:
  TlsReportsTest() {
    reporter_.organization = "Company-X";
    reporter_.contact = "sts-reporting@company-x.test";
    reporter_.report_id = "5065427c@company-x.test";
    sts_.domain = "company-y.test";
    sts_.type = TlsPolicyType::kSts;
    sts_.strings = {"version: STSv1", "mode: testing", "mx: *.mail.company-y.test",
                    "max_age: 86400"};
    sts_.mx = {"*.mail.company-y.test"};
    expired_.result = TlsResult::kCertificateExpired;
    expired_.receiving_mx = "mx1.mail.company-y.test";
    expired_.receiving_ip = "203.0.113.58";
    expired_.sending_ip = "2001:db8:abcd:12::1";
  }

  TlsReports& reports() {
    if (reports_ == nullptr) reports_ = std::make_unique<TlsReports>(clock_, options_);
    return *reports_;
  }

  std::string Json(const std::string& domain, absl::CivilDay day = kDay) {
    return reports().ToJson(day, domain, reporter_).value_or("none");
  }

  static TlsPolicyUsed Without(std::string domain) {
    TlsPolicyUsed policy;
    policy.domain = std::move(domain);
    return policy;
  }

  static constexpr absl::CivilDay kDay{2026, 11, 27};

  testing::FakeClock clock_{
      absl::FromCivil(absl::CivilSecond(2026, 11, 27, 12, 0, 0), absl::UTCTimeZone())};
  TlsReports::Options options_;
  std::unique_ptr<TlsReports> reports_;
  TlsReporter reporter_;
  TlsPolicyUsed sts_;
  TlsFailure expired_;
};

TEST_F(TlsReportsTest, AReportReadsAsTheStandardHasIt) {
  for (int i = 0; i < 5326; ++i)
    reports().NoteSuccess(sts_);
  for (int i = 0; i < 100; ++i)
    reports().NoteFailure(sts_, expired_);
  TlsFailure plain = expired_;
  plain.result = TlsResult::kStarttlsNotSupported;
  plain.receiving_mx = "mx2.mail.company-y.test";
  reports().NoteFailure(sts_, plain);
  EXPECT_EQ(
      Json("company-y.test"),
      R"({"organization-name":"Company-X",)"
      R"("date-range":{"start-datetime":"2026-11-27T00:00:00Z",)"
      R"("end-datetime":"2026-11-27T23:59:59Z"},)"
      R"("contact-info":"sts-reporting@company-x.test",)"
      R"("report-id":"5065427c@company-x.test",)"
      R"("policies":[{"policy":{"policy-type":"sts","policy-string":["version: STSv1",)"
      R"("mode: testing","mx: *.mail.company-y.test","max_age: 86400"],)"
      R"("policy-domain":"company-y.test","mx-host":["*.mail.company-y.test"]},)"
      R"("summary":{"total-successful-session-count":5326,"total-failure-session-count":101},)"
      R"("failure-details":[{"result-type":"starttls-not-supported",)"
      R"("sending-mta-ip":"2001:db8:abcd:12::1",)"
      R"("receiving-mx-hostname":"mx2.mail.company-y.test","receiving-ip":"203.0.113.58",)"
      R"("failed-session-count":1},{"result-type":"certificate-expired",)"
      R"("sending-mta-ip":"2001:db8:abcd:12::1",)"
      R"("receiving-mx-hostname":"mx1.mail.company-y.test","receiving-ip":"203.0.113.58",)"
      R"("failed-session-count":100}]}]})");
}

TEST_F(TlsReportsTest, WhatIsNotKnownIsLeftOutOfTheReport) {
  TlsFailure fetch;
  fetch.result = TlsResult::kStsPolicyFetchError;
  reports().NoteFailure(Without("b.test"), fetch);
  EXPECT_THAT(
      Json("b.test"),
      HasSubstr(
          R"("policies":[{"policy":{"policy-type":"no-policy-found","policy-domain":"b.test"},)"
          R"("summary":{"total-successful-session-count":0,"total-failure-session-count":1},)"
          R"("failure-details":[{"result-type":"sts-policy-fetch-error",)"
          R"("failed-session-count":1}]}]})"));
}

TEST_F(TlsReportsTest, EachPolicyOfADomainHasItsOwnSums) {
  reports().NoteSuccess(sts_);
  reports().NoteSuccess(sts_);
  TlsPolicyUsed tlsa = Without("Company-Y.TEST.");
  tlsa.type = TlsPolicyType::kTlsa;
  tlsa.strings = {"3 1 1 1F8B"};
  reports().NoteSuccess(tlsa);
  EXPECT_THAT(reports().Domains(kDay), ElementsAre("company-y.test"));
  EXPECT_THAT(
      Json("COMPANY-Y.test"),
      HasSubstr(
          R"("summary":{"total-successful-session-count":2,"total-failure-session-count":0}},)"
          R"({"policy":{"policy-type":"tlsa","policy-string":["3 1 1 1F8B"],)"
          R"("policy-domain":"company-y.test"},"summary":{)"
          R"("total-successful-session-count":1,"total-failure-session-count":0}}]})"));
}

TEST_F(TlsReportsTest, TextOfAPeerBreaksNoReport) {
  expired_.receiving_mx = "mx\"}\r\n\xff" + std::string(1000, 'x');
  reports().NoteFailure(sts_, expired_);
  const std::string json = Json("company-y.test");
  EXPECT_THAT(json, HasSubstr(R"("receiving-mx-hostname":"mx\"}\r\n)"
                              "\xEF\xBF\xBDxx"));
  EXPECT_THAT(json, Not(HasSubstr(std::string(256, 'x'))));
}

TEST_F(TlsReportsTest, TodayAndYesterdayAreKept) {
  options_.days_max = 1;
  reports().NoteSuccess(sts_);
  clock_.Advance(absl::Hours(12));
  reports().NoteSuccess(Without("b.test"));
  EXPECT_EQ(reports().today(), kDay + 1);
  EXPECT_THAT(reports().Domains(kDay), ElementsAre("company-y.test"));
  EXPECT_THAT(reports().Domains(kDay + 1), ElementsAre("b.test"));
  EXPECT_EQ(Json("b.test"), "none");
  EXPECT_THAT(Json("b.test", kDay + 1), HasSubstr("2026-11-28T23:59:59Z"));
  clock_.Advance(absl::Hours(24));
  reports().NoteSuccess(Without("c.test"));
  EXPECT_THAT(reports().Domains(kDay), IsEmpty());
  EXPECT_THAT(reports().Domains(kDay + 1), ElementsAre("b.test"));
  clock_.Advance(-absl::Hours(48));
  reports().NoteSuccess(Without("d.test"));
  EXPECT_THAT(reports().Domains(kDay), ElementsAre("d.test"));
  EXPECT_THAT(reports().Domains(kDay + 1), IsEmpty());
}

TEST_F(TlsReportsTest, AsManyDaysAreKeptAsAreAskedFor) {
  options_.days_max = 3;
  for (int day = 0; day < 6; ++day) {
    if (day > 0) clock_.Advance(absl::Hours(24));
    reports().NoteSuccess(sts_);
  }
  EXPECT_THAT(reports().Days(), ElementsAre(kDay + 2, kDay + 3, kDay + 4, kDay + 5));
  clock_.Advance(absl::Hours(48));  // nothing comes, and days are over nevertheless
  EXPECT_THAT(reports().Days(), ElementsAre(kDay + 4, kDay + 5));
  EXPECT_THAT(reports().Domains(kDay + 3), IsEmpty());
  EXPECT_EQ(Json("company-y.test", kDay + 3), "none");
}

TEST_F(TlsReportsTest, EveryResultIsKnownByItsName) {
  for (std::size_t i = 0; i < kTlsResults; ++i) {
    const auto result = static_cast<TlsResult>(i);
    EXPECT_EQ(TlsResultNamed(TlsResultName(result)), result);
  }
  EXPECT_EQ(TlsResultNamed("successful"), std::nullopt);
  EXPECT_EQ(TlsResultNamed(""), std::nullopt);
}

TEST_F(TlsReportsTest, DomainsAndPoliciesAreBounded) {
  options_.domains_max = 2;
  options_.policies_max = 3;
  for (const std::string domain : {"a.test", "b.test", "c.test", "a.test", "not a domain"})
    reports().NoteSuccess(Without(domain));
  EXPECT_THAT(reports().Domains(kDay), ElementsAre("a.test", "b.test"));
  EXPECT_EQ(reports().left_out(kDay).sessions, 2u);
  for (int i = 0; i < 5; ++i) {
    TlsPolicyUsed policy = sts_;
    policy.domain = "b.test";
    policy.strings.push_back(std::to_string(i));
    reports().NoteFailure(policy, expired_);
  }
  EXPECT_EQ(reports().left_out(kDay).sessions, 5u);
  EXPECT_EQ(reports().left_out(kDay).details, 0u);
}

TEST_F(TlsReportsTest, DetailsThatDoNotFitAreInTheSums) {
  options_.details_max = 10;
  for (int i = 0; i < 25; ++i) {
    expired_.receiving_ip = base::Cat("203.0.113.", i % 15);
    reports().NoteFailure(sts_, expired_);
  }
  EXPECT_THAT(Json("company-y.test"), HasSubstr(R"("total-failure-session-count":25)"));
  EXPECT_THAT(Json("company-y.test"), Not(HasSubstr("203.0.113.10")));
  EXPECT_EQ(reports().left_out(kDay).details, 5u);
}

TEST_F(TlsReportsTest, BytesAndStringsAreBounded) {
  options_.bytes_max = 5000;
  options_.strings_max = 2;
  sts_.strings.assign(1000, std::string(1000, 's'));
  for (int i = 0; i < 100; ++i) {
    sts_.domain = base::Cat("d", i, ".test");
    reports().NoteFailure(sts_, expired_);
  }
  const std::size_t kept = reports().Domains(kDay).size();
  EXPECT_GE(kept, 3u);
  EXPECT_LE(kept, 8u);
  EXPECT_EQ(reports().left_out(kDay).sessions, 100 - kept);
  EXPECT_LT(Json("d0.test").size(), 1500u);
}

TEST_F(TlsReportsTest, SessionsAreCountedFromEveryThread) {
  std::vector<std::thread> threads;
  TlsReports& all = reports();
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 500; ++j) {
        all.NoteSuccess(sts_);
        all.NoteFailure(sts_, expired_);
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  EXPECT_THAT(Json("company-y.test"), HasSubstr(R"({"total-successful-session-count":2000,)"
                                                R"("total-failure-session-count":2000})"));
}

TEST(TlsResultNameTest, NamesAreThoseOfTheStandard) {
  std::vector<std::string> names;
  for (int i = 0; i <= static_cast<int>(TlsResult::kStsWebpkiInvalid); ++i)
    names.emplace_back(TlsResultName(static_cast<TlsResult>(i)));
  EXPECT_THAT(names,
              ElementsAre("starttls-not-supported", "certificate-host-mismatch",
                          "certificate-expired", "certificate-not-trusted", "validation-failure",
                          "tlsa-invalid", "dnssec-invalid", "dane-required",
                          "sts-policy-fetch-error", "sts-policy-invalid", "sts-webpki-invalid"));
}

TEST(TlsResultOfStsTest, TellsTheThreeKindsApart) {
  EXPECT_EQ(TlsResultOfSts(absl::UnauthenticatedError("")), TlsResult::kStsWebpkiInvalid);
  EXPECT_EQ(TlsResultOfSts(absl::InvalidArgumentError("")), TlsResult::kStsPolicyInvalid);
  EXPECT_EQ(TlsResultOfSts(absl::UnavailableError("")), TlsResult::kStsPolicyFetchError);
  EXPECT_EQ(TlsResultOfSts(absl::FailedPreconditionError("")), TlsResult::kStsPolicyFetchError);
}

}  // namespace
}  // namespace postern::smtp
