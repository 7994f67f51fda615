#include "cli/tls_report_verb.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/cli/fake_service.h"

namespace postern::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

v1::GetTlsReportResponse Answer() {
  v1::GetTlsReportResponse response;
  v1::TlsPolicyInfo& policy = *response.add_policies();
  policy.set_date("2026-11-28");
  policy.set_policy_domain("contoso.test");
  policy.set_policy_type("sts");
  policy.set_total_successful_session_count(7);
  policy.set_total_failure_session_count(3);
  for (const char* host : {"mx1.contoso.test", "mx2.contoso.test"}) {
    v1::TlsFailureInfo& detail = *policy.add_failure_details();
    detail.set_result_type("certificate-expired");
    detail.set_receiving_mx_hostname(host);
    detail.set_failed_session_count(host[2] == '1' ? 1 : 2);
  }
  return response;
}

class TlsReportVerb : public ::testing::Test {
 protected:
  void Show(bool one) {
    Shell to = shell_.shell();
    Print(response_, one, to);
  }

  v1::GetTlsReportResponse response_ = Answer();
  StringShell shell_;
};

TEST_F(TlsReportVerb, FailuresOfOneKindAreOneSum) {
  Show(false);
  EXPECT_THAT(shell_.out.str(), HasSubstr("contoso.test sts        2026-11-28          7      3 "
                                          "certificate-expired: 3\n"));
  EXPECT_THAT(shell_.out.str(), Not(HasSubstr("mx1")));
}

TEST_F(TlsReportVerb, OneDomainShowsEachFailure) {
  Show(true);
  EXPECT_THAT(shell_.out.str(), HasSubstr("mx1.contoso.test"));
  EXPECT_THAT(shell_.out.str(), HasSubstr("mx2.contoso.test"));
}

TEST_F(TlsReportVerb, WhatIsMissingIsSaid) {
  response_.set_sessions_left_out(4);
  response_.set_details_left_out(5);
  response_.set_truncated(true);
  Show(false);
  EXPECT_THAT(shell_.err.str(), HasSubstr("WARNING: 4 sessions are not counted"));
  EXPECT_THAT(shell_.err.str(), HasSubstr("WARNING: 5 failed sessions"));
  EXPECT_THAT(shell_.err.str(), HasSubstr("narrow it with -PolicyDomain or -Date"));
}

TEST_F(TlsReportVerb, NothingIsSaidToBeNothing) {
  response_.Clear();
  Show(false);
  EXPECT_EQ(shell_.out.str(), "");
  EXPECT_EQ(shell_.err.str(), "no TLS sessions were counted\n");
}

TEST(TlsReportVerbCall, TheLineIsWhatIsAsked) {
  FakeService service;
  service.tls_report = Answer();
  service.tls_report.add_documents(R"({"report-id":"1"})");
  const auto run = [&service](std::vector<std::string> words) {
    words.insert(words.end(), {"--insecure-plaintext", "--server", service.address()});
    StringShell shell;
    EXPECT_EQ(shell.Run(words), 0) << shell.err.str();
    return shell.out.str();
  };
  EXPECT_THAT(run({"Get-TlsReport", "contoso.test", "-Date", "2026-11-28"}),
              HasSubstr("contoso.test sts"));
  EXPECT_EQ(service.identity, "contoso.test 2026-11-28 table");
  EXPECT_EQ(run({"Get-TlsReport", "-Json"}), "{\"report-id\":\"1\"}\n");
  EXPECT_EQ(service.identity, "  json");
}

}  // namespace
}  // namespace postern::cli
