#include "common/rpc/own_certificate.h"

#include <filesystem>
#include <fstream>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"
#include "common/observe/log.h"
#include "tests/support/await.h"
#include "tests/support/certificates.h"

namespace postern::rpc {
namespace {

using ::testing::HasSubstr;

constexpr char kOurs[] = "spiffe://postern.local/here/frontend-transport";

struct Row {
  const char* name;
  std::vector<std::string> uris;
  absl::Duration from_begin;  // now, counted from the first moment
  const char* fault;
};

TEST(CheckOwnTest, NamesTheValueAndTheRule) {
  const absl::Time begins = absl::FromUnixSeconds(1'800'000'000);
  const Row rows[] = {
      {"ours", {kOurs}, absl::Hours(1), ""},
      {"two", {kOurs, "https://a.test/"}, absl::Hours(1), "has 2 URI names: it must have one"},
      {"none", {}, absl::Hours(1), "holds no URI spiffe://postern.local/<site>/frontend-trans"},
      {"another trust domain",
       {"spiffe://evil.test/here/frontend-transport"},
       absl::Hours(1),
       "\"spiffe://evil.test/here/frontend-transport\": its trust domain is not postern.local "
       "(rpc.trust_domain"},
      {"another service",
       {"spiffe://postern.local/here/mailbox-transport"},
       absl::Hours(1),
       "here/mailbox-transport\": its service is not frontend-transport"},
      {"another site",
       {"spiffe://postern.local/there/frontend-transport"},
       absl::Hours(1),
       "its site is not \"here\", which server.site says"},
      {"too early", {kOurs}, -absl::Seconds(1), "is good only from 2027-01-15 08:00:00 UTC on"},
      {"too late", {kOurs}, absl::Hours(24), "ended on 2027-01-16 08:00:00 UTC"},
  };
  const OwnName name{"postern.local", "frontend-transport", "here", "server.site"};
  for (const Row& row : rows) {
    tls::CertificateFacts facts;
    facts.uris = row.uris;
    facts.begins = begins;
    facts.ends = begins + absl::Hours(24);
    const absl::Status status = CheckOwn(facts, name, begins + row.from_begin);
    EXPECT_EQ(status.ok(), row.fault[0] == '\0') << row.name << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(row.fault)) << row.name;
  }
}

class OwnCertificateTest : public ::testing::Test {
 protected:
  OwnCertificateTest() {
    settings_.certificate_file.value = authority_.folder() + "/own.pem";
    settings_.key_file.value = authority_.folder() + "/own.key";
    settings_.ca_file.value = authority_.ca_file();
    Use(kOurs);
  }

  void Use(const char* uri, absl::Duration ends_in = absl::Hours(24)) {
    testing::CertificateRequest request = testing::ForService(uri);
    request.ends_in = ends_in;
    const auto files = authority_.Issue(request);
    std::filesystem::rename(files.key_file, *settings_.key_file);
    std::filesystem::rename(files.certificate_file, *settings_.certificate_file);
  }

  absl::StatusOr<std::unique_ptr<OwnCertificate>> Start() {
    return OwnCertificate::Start(settings_, "frontend-transport", absl::Milliseconds(5));
  }

  std::string Fault() {
    const auto own = Start();
    return std::string(own.ok() ? (*own)->SetSite("here", "server.site").message()
                                : own.status().message());
  }

  testing::CertificateAuthority authority_;
  RpcSettings settings_;
};

TEST_F(OwnCertificateTest, GoodOneTellsWhenItEnds) {
  const auto own = Start();
  ASSERT_TRUE(own.ok()) << own.status();
  EXPECT_TRUE((*own)->SetSite("here", "server.site").ok());
  EXPECT_NEAR((*own)->expires_unix_seconds(),
              static_cast<double>(absl::ToUnixSeconds(absl::Now() + absl::Hours(24))), 60);
}

TEST_F(OwnCertificateTest, WrongOneIsNamedWithSettingAndFile) {
  Use(kOurs, -absl::Minutes(1));
  EXPECT_THAT(Fault(), HasSubstr(base::Cat("rpc.certificate_file ", *settings_.certificate_file,
                                           ": ended on ")));
  Use("spiffe://postern.local/there/frontend-transport");
  EXPECT_THAT(Fault(), HasSubstr("its site is not \"here\", which server.site says"));
  settings_.ca_file.value = "/nowhere/ca.pem";
  EXPECT_THAT(Fault(), HasSubstr("rpc.ca_file /nowhere/ca.pem"));
}

TEST_F(OwnCertificateTest, WithPlainTextThereIsNone) {
  RpcSettings plain;
  plain.insecure_plaintext.value = true;
  const auto own = OwnCertificate::Start(plain, "frontend-transport");
  ASSERT_TRUE(own.ok()) << own.status();
  EXPECT_TRUE((*own)->SetSite("here", "server.site").ok());
  EXPECT_EQ((*own)->expires_unix_seconds(), 0);
}

TEST_F(OwnCertificateTest, EndIsThatOfTheFileAsItIsNow) {
  const auto own = Start();
  ASSERT_TRUE(own.ok()) << own.status();
  Use(kOurs, absl::Hours(48));
  const auto later = static_cast<double>(absl::ToUnixSeconds(absl::Now() + absl::Hours(47)));
  EXPECT_TRUE(testing::Soon([&] { return (*own)->expires_unix_seconds() > later; }));
}

TEST_F(OwnCertificateTest, WrongOneThatReplacesItIsAnErrorInTheLog) {
  const std::string log = authority_.folder() + "/log";
  ASSERT_TRUE(observe::OpenLog(observe::Level::kInfo, log).ok());
  const auto own = Start();
  ASSERT_TRUE(own.ok()) << own.status();
  Use("spiffe://evil.test/here/frontend-transport");
  const auto text = [&log] {
    std::ifstream in(log);
    return std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  };
  EXPECT_TRUE(testing::Soon([&] { return text().find("is wrong") != std::string::npos; }));
  observe::CloseLog();
  EXPECT_THAT(text(), HasSubstr("certificate is wrong: other services refuse the calls"));
  EXPECT_THAT(text(), HasSubstr("its trust domain is not postern.local"));
}

}  // namespace
}  // namespace postern::rpc
