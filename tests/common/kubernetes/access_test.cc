#include "common/kubernetes/access.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <unistd.h>

#include "common/base/text.h"

namespace postern::kubernetes {
namespace {

using ::testing::HasSubstr;

class AccessTest : public ::testing::Test {
 protected:
  AccessTest() {
    folder_ = base::Cat("/tmp/postern-access-", ::getpid());
    std::filesystem::create_directories(folder_);
    for (const std::string_view file : {"token", "ca.crt", "namespace"})
      Write(file, base::Cat(file, "\n"));
    settings_.token_file.value = base::Cat(folder_, "/token");
    settings_.ca_file.value = base::Cat(folder_, "/ca.crt");
    settings_.namespace_file.value = base::Cat(folder_, "/namespace");
  }

  ~AccessTest() override {
    std::filesystem::remove_all(folder_);
    ::unsetenv("KUBERNETES_SERVICE_HOST");
    ::unsetenv("KUBERNETES_SERVICE_PORT");
  }

  void Write(std::string_view file, std::string_view text) const {
    std::ofstream(base::Cat(folder_, "/", file)) << text;
  }

  std::string folder_;
  KubernetesSettings settings_;
};

TEST_F(AccessTest, ThePodIsToldWhereTheServerIs) {
  ::setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1", 1);
  ::setenv("KUBERNETES_SERVICE_PORT", "6443", 1);
  EXPECT_EQ(Access::Make(settings_)->origin(), "https://10.96.0.1:6443");
  ::setenv("KUBERNETES_SERVICE_HOST", "fd00::1", 1);
  EXPECT_EQ(Access::Make(settings_)->origin(), "https://[fd00::1]:6443");
}

TEST_F(AccessTest, OutsideOfAPodTheSettingMustSayIt) {
  const absl::Status status = Access::Make(settings_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.ToString(), HasSubstr("kubernetes.api_server"));
}

TEST_F(AccessTest, PathsAreOfTheNamespace) {
  settings_.api_server.value = "https://api.test:6443";
  EXPECT_EQ(Access::Make(settings_)->PathOf(directory::Kind::kSendConnector),
            "/apis/postern.dev/v1/namespaces/namespace/sendconnectors");
  settings_.name_space.value = "mail";
  EXPECT_EQ(Access::Make(settings_)->LeasesPath(),
            "/apis/coordination.k8s.io/v1/namespaces/mail/leases");
}

TEST_F(AccessTest, EachMistakeIsNamed) {
  settings_.api_server.value = "https://api.test:6443";
  const auto said = [this] { return std::string(Access::Make(settings_).status().ToString()); };
  settings_.name_space.value = "../kube-system";
  EXPECT_THAT(said(), HasSubstr("is not the name of a namespace"));
  settings_.name_space.value = "";
  settings_.namespace_file.value = "/nowhere";
  EXPECT_THAT(said(), HasSubstr("kubernetes.namespace_file"));
  settings_.name_space.value = "mail";
  settings_.ca_file.value = "/nowhere";
  EXPECT_THAT(said(), HasSubstr("CA file /nowhere cannot be read"));
  settings_.ca_file.value = base::Cat(folder_, "/ca.crt");
  settings_.api_server.value = "http://api.test";
  EXPECT_THAT(said(), HasSubstr("must be https://host:port"));
}

TEST_F(AccessTest, TheTokenIsReadForEachRequest) {
  settings_.api_server.value = "https://api.test:6443";
  const auto access = Access::Make(settings_);
  EXPECT_EQ(access->Request("GET", "/")->bearer_token, "token");
  Write("token", "rotated");
  EXPECT_EQ(access->Request("GET", "/")->bearer_token, "rotated");
  std::filesystem::remove(base::Cat(folder_, "/token"));
  EXPECT_EQ(access->Request("GET", "/").status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(AccessTest, ARefusalHasTheWordsOfTheServer) {
  http::Answer answer;
  answer.status = 409;
  answer.body = R"({"kind":"Status","reason":"AlreadyExists","message":"it is there"})";
  EXPECT_EQ(RefusalOf(answer, "create").code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(RefusalOf(answer, "create").ToString(), HasSubstr("409 it is there"));
  answer.body = R"({"reason":"Conflict"})";
  EXPECT_EQ(RefusalOf(answer, "x").code(), absl::StatusCode::kAborted);
  answer.status = 502;
  answer.body = "<html>bad\ngateway";
  EXPECT_EQ(RefusalOf(answer, "x").code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(RefusalOf(answer, "x").ToString(), HasSubstr("502 <html>bad"));
}

TEST_F(AccessTest, WhatIsNoPlainCharacterIsEscaped) {
  EXPECT_EQ(Escaped("a-Z.9_~"), "a-Z.9_~");
  EXPECT_EQ(Escaped("a b+/=&%\xC3"), "a%20b%2B%2F%3D%26%25%C3");
}

}  // namespace
}  // namespace postern::kubernetes
