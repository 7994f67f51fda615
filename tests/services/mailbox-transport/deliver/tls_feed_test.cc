#include "services/mailbox-transport/deliver/tls_feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/text.h"
#include "tests/support/fake_clock.h"

namespace postern::deliver {
namespace {

using smtp::PolicySource;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class TlsFeedTest : public ::testing::Test {
 protected:
  smtp::HostTried& Tried(std::string result, PolicySource policy = PolicySource::kConnector) {
    smtp::HostTried tried;
    tried.host = "mx1.example.test";
    tried.address = "192.0.2.1:25";
    tried.sending_ip = "198.51.100.7";
    tried.tls_result = std::move(result);
    tried.policy = policy;
    outcome_.hosts.push_back(std::move(tried));
    return outcome_.hosts.back();
  }

  static smtp::KnownSts Known(mail::StsMode mode) {
    smtp::KnownSts known;
    known.domain = "example.test";
    known.policy.mode = mode;
    known.policy.mx = {"mx1.example.test"};
    known.policy.max_age = absl::Hours(24);
    return known;
  }

  // "sts 1+2 (certificate-expired 2)" for each policy of the domain, after the outcome was noted.
  std::vector<std::string> Counted(const std::string& domain) {
    feed_.Note(outcome_, known_);
    std::vector<std::string> out;
    for (const smtp::TlsPolicySums& sums : reports_.PoliciesOf(reports_.today(), domain)) {
      std::string text = base::Cat(smtp::TlsPolicyTypeName(sums.policy.type), " ", sums.successes,
                                   "+", sums.failures);
      for (const auto& [failure, sessions] : sums.details)
        text += base::Cat(" (", smtp::TlsResultName(failure.result), " ", sessions, ")");
      out.push_back(std::move(text));
    }
    return out;
  }

  smtp::TlsPolicySums Only(const std::string& domain) {
    return reports_.PoliciesOf(reports_.today(), domain).at(0);
  }

  testing::FakeClock clock_;
  observe::Registry registry_;
  smtp::TlsReports reports_{clock_, smtp::TlsReports::Options()};
  TlsFeed feed_{reports_, registry_};
  smtp::Outcome outcome_ = [] {
    smtp::Outcome outcome;
    outcome.tls_policy_domain = "example.test";
    return outcome;
  }();
  std::optional<smtp::KnownSts> known_;
};

TEST_F(TlsFeedTest, WithoutAPolicySessionsAreThoseOfTheRecipientsDomain) {
  Tried("successful");
  Tried("starttls-not-supported");
  EXPECT_THAT(Counted("example.test"),
              ElementsAre("no-policy-found 1+1 (starttls-not-supported 1)"));
  EXPECT_THAT(registry_.Text(),
              HasSubstr("postern_deliver_tls_sessions_total{policy=\"no-policy-found\",result="
                        "\"starttls-not-supported\"} 1"));
}

TEST_F(TlsFeedTest, AFailureTellsBothEnds) {
  Tried("certificate-expired");
  Counted("example.test");
  const smtp::TlsFailure failure = Only("example.test").details.begin()->first;
  EXPECT_EQ(failure.receiving_mx, "mx1.example.test");
  EXPECT_EQ(failure.receiving_ip, "192.0.2.1");
  EXPECT_EQ(failure.sending_ip, "198.51.100.7");
}

TEST_F(TlsFeedTest, ThePolicyThatWasHandedInIsQuoted) {
  known_ = Known(mail::StsMode::kEnforce);
  Tried("certificate-host-mismatch", PolicySource::kSts);
  EXPECT_THAT(Counted("example.test"), ElementsAre("sts 0+1 (certificate-host-mismatch 1)"));
  EXPECT_THAT(Only("example.test").policy.mx, ElementsAre("mx1.example.test"));
  EXPECT_THAT(Only("example.test").policy.strings, ::testing::Contains("mode: enforce"));
}

TEST_F(TlsFeedTest, ANewerPolicyGoesBeforeTheOneHandedIn) {
  known_ = Known(mail::StsMode::kEnforce);
  outcome_.sts = Known(mail::StsMode::kTesting);
  Tried("successful").sts_testing = true;
  EXPECT_THAT(Counted("example.test"), ElementsAre("sts 1+0"));
  EXPECT_THAT(Only("example.test").policy.strings, ::testing::Contains("mode: testing"));
}

TEST_F(TlsFeedTest, TlsaRecordsAreThoseOfTheHost) {
  smtp::HostTried& tried = Tried("validation-failure", PolicySource::kDane);
  tried.tlsa_base = "mx1.example.test";
  tried.tlsa = {"3 1 1 00ff"};
  EXPECT_THAT(Counted("mx1.example.test"), ElementsAre("tlsa 0+1 (validation-failure 1)"));
  EXPECT_THAT(Only("mx1.example.test").policy.strings, ElementsAre("3 1 1 00ff"));
  EXPECT_THAT(reports_.Domains(reports_.today()), ElementsAre("mx1.example.test"));
}

TEST_F(TlsFeedTest, APolicyThatCouldNotBeHadIsCountedBesideTheSession) {
  outcome_.sts_result = "sts-policy-fetch-error";
  Tried("successful");
  Tried("successful");
  EXPECT_THAT(Counted("example.test"),
              ElementsAre("no-policy-found 2+0", "sts 0+1 (sts-policy-fetch-error 1)"));
}

TEST_F(TlsFeedTest, ASessionThatIsUsedAgainIsNotCountedAgain) {
  outcome_.sts_result = "sts-policy-fetch-error";
  Tried("");
  EXPECT_THAT(Counted("example.test"), IsEmpty());
}

TEST_F(TlsFeedTest, ASmartHostIsItsOwnPolicyDomain) {
  outcome_.tls_policy_domain.clear();
  Tried("successful").host = "relay.test";
  Tried("successful").host = "[192.0.2.7]";
  Tried("successful").host = "192.0.2.8";
  EXPECT_THAT(Counted("relay.test"), ElementsAre("no-policy-found 1+0"));
  EXPECT_THAT(reports_.Domains(reports_.today()), ElementsAre("relay.test"));
  EXPECT_EQ(reports_.left_out(reports_.today()).sessions, 0u);
}

TEST_F(TlsFeedTest, WordsThatAreNotKnownAreNotCounted) {
  Tried("quantum-failure");
  outcome_.sts_result = "sts-policy-odd";
  EXPECT_THAT(Counted("example.test"), IsEmpty());
}

TEST_F(TlsFeedTest, EachPolicyAndResultHasItsSeries) {
  const std::string text = registry_.Text();
  std::size_t series = 0;
  for (std::size_t at = text.find("_sessions_total{"); at != std::string::npos;
       at = text.find("_sessions_total{", at + 1))
    ++series;
  EXPECT_EQ(series, 3u * 12u);
}

}  // namespace
}  // namespace postern::deliver
