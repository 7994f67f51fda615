// tests/common/smtp/sts_fixture.h
//
// A domain a.test that announces policy "1", a web server that has it, and who asks for it.
//
// Flow      Announce, SayNothing and web_ change the world; Ask; clock_.Advance; Ask again.

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "common/base/text.h"
#include "common/io/executor.h"
#include "common/smtp/sts.h"
#include "tests/support/await.h"
#include "tests/support/certificates.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_resolver.h"
#include "tests/support/https_server.h"

namespace postern::smtp {

inline constexpr char kStsDomain[] = "a.test";
inline constexpr char kStsRecord[] = "_mta-sts.a.test";
inline constexpr char kStsHost[] = "mta-sts.a.test";

inline std::string PolicyText(std::string_view mode, std::string_view mx, int max_age) {
  return base::Cat("version: STSv1\r\nmode: ", mode, "\r\nmx: ", mx, "\r\nmax_age: ", max_age,
                   "\r\n");
}

class StsPoliciesTest : public ::testing::Test {
 protected:
  StsPoliciesTest() {
    executor_.Start();
    http::Client::Options options;
    options.ca_file = ca_.ca_file();
    client_ = *http::Client::Make(options);
    options_.port = web_.port();
    dns_.A(kStsHost, "127.0.0.1");
    Announce("1");
    web_.Serves(PolicyText("enforce", "*.a.test", 86400));
  }

  ~StsPoliciesTest() override { executor_.Stop(); }

  void Announce(std::string_view id) {
    dns_.SetTxt(kStsRecord, {base::Cat("v=STSv1; id=", id, ";")});
  }

  StsPolicies& policies() {
    if (policies_ == nullptr) {
      policies_ = std::make_unique<StsPolicies>(client_.get(), clock_, options_);
    }
    return *policies_;
  }

  StsAnswer Ask(std::string domain = kStsDomain, std::optional<KnownSts> known = std::nullopt) {
    return testing::Await(executor_, policies().For(dns_, std::move(domain), std::move(known)));
  }

  // As if it was fetched so long ago.
  KnownSts Known(std::string id, absl::Duration age, std::string mx = "mx.known.test") {
    KnownSts known;
    known.domain = kStsDomain;
    known.policy.id = std::move(id);
    known.policy.mode = mail::StsMode::kEnforce;
    known.policy.mx = {std::move(mx)};
    known.policy.max_age = absl::Hours(24);
    known.expires = clock_.Now() + absl::Hours(24) - age;
    return known;
  }

  static std::string IdOf(const StsAnswer& answer) {
    return answer.known ? answer.known->policy.id : "none";
  }

  // What a domain may say without announcing a policy.
  void SayNothing(int way) {
    switch (way) {
      case 0:
        return dns_.TxtFails(kStsRecord, absl::UnavailableError("server failure"));
      case 1:
        return dns_.TxtFails(kStsRecord, absl::DeadlineExceededError("no answer"));
      case 2:
        return dns_.TxtFails(kStsRecord, absl::NotFoundError("no such name"));
      case 3:
        return dns_.SetTxt(kStsRecord, {});
      case 4:
        return dns_.SetTxt(kStsRecord, {"v=spf1 -all", "v=STSv1; id=not-good;"});
      default:
        return dns_.SetTxt(kStsRecord, {"v=STSv1; id=1;", "v=STSv1; id=2;"});
    }
  }

  static constexpr int kWaysToSayNothing = 6;

  testing::CertificateAuthority ca_;
  testing::CertificateFiles certificate_ = ca_.Issue(testing::ForHost(kStsHost));
  testing::HttpsServer web_{certificate_};
  testing::FakeResolver dns_;
  testing::FakeClock clock_;
  io::Executor executor_{"sts"};
  std::unique_ptr<http::Client> client_;
  StsPolicies::Options options_;
  std::unique_ptr<StsPolicies> policies_;
};

}  // namespace postern::smtp
