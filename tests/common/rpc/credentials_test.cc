#include "common/rpc/credentials.h"

#include <filesystem>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/certificates.h"

namespace postern::rpc {
namespace {

using ::testing::HasSubstr;

class CredentialsTest : public ::testing::Test {
 protected:
  CredentialsTest() {
    const auto files =
        authority_.Issue(testing::ForService("spiffe://postern.local/here/mailbox-transport"));
    settings_.certificate_file.value = files.certificate_file;
    settings_.key_file.value = files.key_file;
    settings_.ca_file.value = authority_.ca_file();
  }

  std::string ServerFault() const {
    return std::string(
        MakeServerCredentials(settings_, ClientCertificate::kRequired).status().message());
  }

  testing::CertificateAuthority authority_;
  RpcSettings settings_;
};

TEST_F(CredentialsTest, FilesMakeBothSides) {
  EXPECT_TRUE(MakeServerCredentials(settings_, ClientCertificate::kRequired).ok());
  EXPECT_TRUE(MakeServerCredentials(settings_, ClientCertificate::kOptional).ok());
  EXPECT_TRUE(MakeChannelCredentials(settings_, "here", "frontend-transport").ok());
}

TEST_F(CredentialsTest, CallerWithATokenNeedsTheAuthoritiesOnly) {
  settings_.certificate_file.value = "";
  settings_.key_file.value = "";
  EXPECT_TRUE(MakeChannelCredentials(settings_, "", "mailbox-transport").ok());
  settings_.ca_file.value = "";
  EXPECT_FALSE(MakeChannelCredentials(settings_, "", "mailbox-transport").ok());
}

TEST_F(CredentialsTest, MissingSettingIsNamed) {
  settings_.key_file.value = "";
  EXPECT_THAT(ServerFault(), HasSubstr("rpc.key_file is not set"));
}

TEST_F(CredentialsTest, UnreadableFileIsNamed) {
  settings_.ca_file.value = "/nowhere/ca.pem";
  EXPECT_THAT(ServerFault(), HasSubstr("rpc.ca_file /nowhere/ca.pem: the file cannot be read"));
}

TEST_F(CredentialsTest, PlainTextNeedsNoFilesButLoopback) {
  RpcSettings plain;
  plain.insecure_plaintext.value = true;
  EXPECT_TRUE(MakeServerCredentials(plain, ClientCertificate::kRequired).ok());
  EXPECT_TRUE(CheckPlaintext(plain, "127.0.0.1:7171").ok());
  EXPECT_TRUE(CheckPlaintext(plain, "[::1]:7171").ok());
  for (const char* address : {"0.0.0.0:7171", "192.0.2.1:7171", "mbx.example:7171"})
    EXPECT_EQ(CheckPlaintext(plain, address).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(CheckPlaintext(settings_, "0.0.0.0:7171").ok());
}

}  // namespace
}  // namespace postern::rpc
