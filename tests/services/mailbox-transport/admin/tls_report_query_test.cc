#include "services/mailbox-transport/admin/tls_report_query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/text.h"
#include "tests/support/fake_clock.h"

namespace postern::admin {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class TlsReportQueryTest : public ::testing::Test {
 protected:
  TlsReportQueryTest() {
    source_.organization = "Contoso";
    source_.contact = "tls@contoso.test";
    source_.host = "mail.contoso.test";
    source_.since = "17";
    Success("a.test");
    clock_.Advance(absl::Hours(24));
    Success("a.test");
    smtp::TlsFailure failure;
    failure.result = smtp::TlsResult::kCertificateExpired;
    failure.receiving_mx = "mx\x01.b.test";
    reports_.NoteFailure(Policy("b.test"), failure);
  }

  static smtp::TlsPolicyUsed Policy(std::string domain) {
    smtp::TlsPolicyUsed policy;
    policy.domain = std::move(domain);
    policy.type = smtp::TlsPolicyType::kSts;
    policy.strings = {"version: STSv1"};
    policy.mx = {"mx.test"};
    return policy;
  }

  void Success(std::string domain) { reports_.NoteSuccess(Policy(std::move(domain))); }

  absl::Status Ask() {
    response_.Clear();
    return AnswerTlsReport(reports_, source_, request_, response_);
  }

  // "2026-11-27 a.test" for each policy of the answer.
  std::vector<std::string> Told() {
    EXPECT_TRUE(Ask().ok());
    std::vector<std::string> out;
    for (const v1::TlsPolicyInfo& policy : response_.policies())
      out.push_back(base::Cat(policy.date(), " ", policy.policy_domain()));
    return out;
  }

  testing::FakeClock clock_{
      absl::FromCivil(absl::CivilSecond(2026, 11, 27, 12, 0, 0), absl::UTCTimeZone())};
  smtp::TlsReports reports_{clock_, smtp::TlsReports::Options()};
  TlsReportSource source_;
  v1::GetTlsReportRequest request_;
  v1::GetTlsReportResponse response_;
};

TEST_F(TlsReportQueryTest, EveryDayIsToldUnlessOneIsNamed) {
  EXPECT_THAT(Told(), ElementsAre("2026-11-27 a.test", "2026-11-28 a.test", "2026-11-28 b.test"));
  request_.set_date("2026-11-27");
  EXPECT_THAT(Told(), ElementsAre("2026-11-27 a.test"));
  request_.set_date("2026-11-26");
  EXPECT_THAT(Told(), SizeIs(0));
}

TEST_F(TlsReportQueryTest, OneDomainIsToldAlone) {
  request_.set_policy_domain("B.test.");
  EXPECT_THAT(Told(), ElementsAre("2026-11-28 b.test"));
  const v1::TlsPolicyInfo& told = response_.policies(0);
  EXPECT_EQ(told.policy_type(), "sts");
  EXPECT_EQ(told.total_failure_session_count(), 1u);
  ASSERT_EQ(told.failure_details_size(), 1);
  EXPECT_EQ(told.failure_details(0).result_type(), "certificate-expired");
  EXPECT_EQ(told.failure_details(0).receiving_mx_hostname().find('\x01'), std::string::npos);
}

TEST_F(TlsReportQueryTest, ADocumentForEachDayAndDomainHasItsOwnId) {
  request_.set_documents(true);
  ASSERT_TRUE(Ask().ok());
  EXPECT_EQ(response_.policies_size(), 0);
  EXPECT_THAT(
      response_.documents(),
      ElementsAre(HasSubstr(R"("report-id":"2026-11-27-17.a.test@mail.contoso.test")"),
                  HasSubstr(R"("report-id":"2026-11-28-17.a.test@mail.contoso.test")"),
                  AllOf(HasSubstr(R"("report-id":"2026-11-28-17.b.test@mail.contoso.test")"),
                        HasSubstr(R"("organization-name":"Contoso")"),
                        HasSubstr(R"("contact-info":"tls@contoso.test")"))));
}

TEST_F(TlsReportQueryTest, WhatIsNoDayIsRefused) {
  for (const char* date : {"2026-11", "2026-02-30", "2026-11-28T00", " 2026-11-28", "today"}) {
    request_.set_date(date);
    EXPECT_THAT(Ask().ToString(), HasSubstr("is not a day")) << date;
  }
  request_.set_date("");
  request_.set_policy_domain("no domain");
  EXPECT_THAT(Ask().ToString(), HasSubstr("policy_domain: "));
}

TEST_F(TlsReportQueryTest, WhatWasLeftOutIsTold) {
  for (int i = 0; i < 3; ++i)
    Success("no domain");
  ASSERT_TRUE(Ask().ok());
  EXPECT_EQ(response_.sessions_left_out(), 3u);
  EXPECT_FALSE(response_.truncated());
}

}  // namespace
}  // namespace postern::admin
