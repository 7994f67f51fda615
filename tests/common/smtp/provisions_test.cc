#include "common/smtp/provisions.h"

#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/certificates.h"

namespace postern::smtp {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class ProvisionsTest : public ::testing::Test {
 protected:
  ProvisionsTest() { options_.step = "deliver"; }

  std::string WhyNot() {
    const auto made = Provisions::Make(options_, disk_, registry_);
    return made.ok() ? "ok" : std::string(made.status().message());
  }

  testing::CertificateAuthority ca_;
  io::DiskPool disk_{1};
  observe::Registry registry_;
  Provisions::Options options_;
};

TEST_F(ProvisionsTest, WithoutSettingsThereIsNothingAndNothingIsWrong) {
  auto made = Provisions::Make(options_, disk_, registry_);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ((*made)->stores().protocol_log, nullptr);
  EXPECT_EQ((*made)->stores().certificates->size(), 0u);
  EXPECT_FALSE((*made)->stores().credentials->Read("relay").ok());
}

TEST_F(ProvisionsTest, WhatIsWrongNamesItsSetting) {
  options_.tls_ca_file = "/nowhere/ca.pem";
  EXPECT_THAT(WhyNot(), HasSubstr("deliver.tls_ca_file: tls authority file /nowhere/ca.pem"));
  options_.tls_ca_file = ca_.ca_file();
  EXPECT_EQ(WhyNot(), "ok");
  options_.implicit_tls_ports = {"465", "smtps"};
  EXPECT_THAT(WhyNot(), HasSubstr("deliver.implicit_tls_ports: \"smtps\": must be a port"));
  options_.implicit_tls_ports = {"465"};
  options_.protocol_log.path.value = ca_.ca_file() + "/logs";
  EXPECT_THAT(WhyNot(), HasSubstr("protocol_log.path: log folder"));
  options_.protocol_log.path.value = ca_.folder() + "/logs";
  EXPECT_EQ(WhyNot(), "ok");
}

TEST_F(ProvisionsTest, AnEmptyPathOfTheProtocolLogIsTheFolderBesideTheStore) {
  options_.protocol_folder = ca_.folder() + "/store.logs/protocol";
  const auto made = Provisions::Make(options_, disk_, registry_);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_NE((*made)->stores().protocol_log, nullptr);
  EXPECT_TRUE(fs::is_directory(options_.protocol_folder));
}

TEST_F(ProvisionsTest, TheGaugeTellsWhenEachCertificateEnds) {
  options_.certificates_path = ca_.folder() + "/store";
  fs::create_directory(options_.certificates_path);
  const auto files = ca_.Issue(testing::ForHost("mx.a.test"));
  fs::copy_file(files.certificate_file, options_.certificates_path + "/mail.crt");
  fs::copy_file(files.key_file, options_.certificates_path + "/mail.key");
  const auto made = Provisions::Make(options_, disk_, registry_);
  ASSERT_TRUE(made.ok()) << made.status();
  const std::string text = registry_.Text();
  const std::string name = "postern_deliver_certificate_expires_seconds{certificate=\"mail\"} ";
  ASSERT_THAT(text, HasSubstr(name));
  const double ends = std::stod(text.substr(text.find(name) + name.size()));
  EXPECT_NEAR(ends, static_cast<double>(absl::ToUnixSeconds(absl::Now() + absl::Hours(24))), 60);
}

}  // namespace
}  // namespace postern::smtp
