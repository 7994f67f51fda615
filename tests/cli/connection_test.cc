#include "cli/connection.h"

#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/rpc/server.h"
#include "tests/cli/fake_service.h"
#include "tests/support/certificates.h"

namespace postern::cli {
namespace {

using ::testing::HasSubstr;

std::string OpenFault(const ConnectionOptions& options) {
  return std::string(Connection::Open(options).status().message());
}

ConnectionOptions Plain(std::string address) {
  ConnectionOptions options;
  options.address = std::move(address);
  options.insecure_plaintext = true;
  return options;
}

TEST(Connection, WithoutFilesItSaysWhichOptionsAreMissing) {
  ConnectionOptions options;
  options.address = "mbx:7172";
  EXPECT_THAT(OpenFault(options), HasSubstr("no --ca"));
  options.ca_file = "/nowhere/ca.pem";
  EXPECT_THAT(OpenFault(options), HasSubstr("--ca /nowhere/ca.pem: the file cannot be read"));
  options.key_file = "/nowhere/key.pem";
  EXPECT_THAT(OpenFault(options), HasSubstr("give both"));
}

TEST(Connection, PlainTextStaysOnThisMachine) {
  EXPECT_THAT(OpenFault(Plain("192.0.2.1:7172")), HasSubstr("is not on this machine"));
  EXPECT_TRUE(Connection::Open(Plain("localhost:7172")).ok());
}

TEST(Connection, TokenFileThatIsEmptyIsNamed) {
  ConnectionOptions options = Plain("127.0.0.1:7172");
  options.token_file = "/dev/null";
  EXPECT_THAT(OpenFault(options), HasSubstr("--token-file /dev/null"));
}

TEST(Connection, ServiceThatIsNotThereIsUnavailable) {
  ConnectionOptions options = Plain("127.0.0.1:1");
  options.timeout = absl::Seconds(5);
  auto connection = Connection::Open(options);
  const auto answer = connection->Ask(v1::GetQueueRequest());
  ASSERT_EQ(answer.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(Advise(answer.status(), options, "read").message()),
              HasSubstr("127.0.0.1:1: cannot be reached: Connection refused; check"));
}

TEST(Connection, AdviceFitsTheTrouble) {
  const auto advice = [](absl::StatusCode code, const char* text) {
    return std::string(Advise(absl::Status(code, text), Plain("mbx:1"), "submit").message());
  };
  EXPECT_THAT(advice(absl::StatusCode::kUnauthenticated, "who"), HasSubstr("--token-file"));
  EXPECT_THAT(advice(absl::StatusCode::kPermissionDenied, "no"), HasSubstr("role submit"));
  EXPECT_THAT(advice(absl::StatusCode::kDeadlineExceeded, "late"), HasSubstr("within 30 s"));
  EXPECT_THAT(advice(absl::StatusCode::kUnimplemented, "x"), HasSubstr("7172"));
  EXPECT_EQ(advice(absl::StatusCode::kUnavailable, "421 4.3.2 the service is stopping"),
            "421 4.3.2 the service is stopping; try again later");
  EXPECT_EQ(advice(absl::StatusCode::kNotFound, "there is none"), "there is none");
}

TEST(Connection, ContentThatBreaksOffIsNotSubmitted) {
  FakeService service;
  auto connection = Connection::Open(Plain(service.address()));
  int pieces = 0;
  const auto answer = connection->Submit({}, [&]() -> absl::StatusOr<std::string> {
    if (++pieces > 2) return absl::DataLossError("the disk is gone");
    return std::string("piece");
  });
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kDataLoss);
}

TEST(Connection, CertificateOfAnotherServiceIsNotBelieved) {
  testing::CertificateAuthority authority;
  rpc::RpcSettings settings;
  const auto files =
      authority.Issue(testing::ForService("spiffe://postern.local/here/frontend-transport"));
  settings.certificate_file.value = files.certificate_file;
  settings.key_file.value = files.key_file;
  settings.ca_file.value = authority.ca_file();
  v1::Admin::CallbackService nothing;
  rpc::Server::Options on;
  on.address = "127.0.0.1:0";
  const auto server = rpc::Server::Start(settings, on, {&nothing});
  ASSERT_TRUE(server.ok()) << server.status();
  ConnectionOptions options;
  options.address = base::Cat("127.0.0.1:", (*server)->port());
  options.ca_file = authority.ca_file();
  options.certificate_file = files.certificate_file;
  options.key_file = files.key_file;
  options.timeout = absl::Seconds(5);
  auto connection = Connection::Open(options);
  ASSERT_TRUE(connection.ok()) << connection.status();
  EXPECT_EQ(connection->Ask(v1::GetQueueRequest()).status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace postern::cli
