#include "common/rpc/server.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <grpcpp/grpcpp.h>

#include "common/base/text.h"
#include "postern/v1/admin.grpc.pb.h"

namespace postern::rpc {
namespace {

using ::testing::HasSubstr;

// Answers GetQueue with the name of the caller.
class WhoAmI final : public v1::Admin::CallbackService {
 public:
  WhoAmI(const Authority& authority, Role role) : authority_(authority), role_(role) {}

  grpc::ServerUnaryReactor* GetQueue(grpc::CallbackServerContext* call,
                                     const v1::GetQueueRequest*,
                                     v1::GetQueueResponse* response) override {
    const auto identity = authority_.Require(*call, role_);
    if (identity.ok()) response->add_queues()->set_identity(identity->name);
    grpc::ServerUnaryReactor* reactor = call->DefaultReactor();
    reactor->Finish(ToGrpc(identity.status()));
    return reactor;
  }

 private:
  const Authority& authority_;
  Role role_;
};

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    settings_.insecure_plaintext.value = true;
    authority_ = *Authority::Make(settings_);
  }

  Server::Options On(std::string address) {
    Server::Options options;
    options.address = std::move(address);
    return options;
  }

  RpcSettings settings_;
  std::unique_ptr<Authority> authority_;
};

TEST_F(ServerTest, PlaintextCallerHasEveryRole) {
  WhoAmI service(*authority_, Role::kAdminister);
  const auto server = Server::Start(settings_, On("127.0.0.1:0"), {&service});
  ASSERT_TRUE(server.ok()) << server.status();
  const auto stub = v1::Admin::NewStub(grpc::CreateChannel(
      base::Cat("127.0.0.1:", (*server)->port()), grpc::InsecureChannelCredentials()));
  grpc::ClientContext call;
  v1::GetQueueResponse response;
  ASSERT_TRUE(stub->GetQueue(&call, {}, &response).ok());
  EXPECT_EQ(response.queues(0).identity(), "plaintext");
}

TEST_F(ServerTest, PortInUseIsNamed) {
  WhoAmI service(*authority_, Role::kRead);
  const auto first = Server::Start(settings_, On("127.0.0.1:0"), {&service});
  ASSERT_TRUE(first.ok());
  const std::string address = base::Cat("127.0.0.1:", (*first)->port());
  WhoAmI other(*authority_, Role::kRead);
  const auto second = Server::Start(settings_, On(address), {&other});
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr(base::Cat("listen on ", address)));
}

TEST_F(ServerTest, PlainTextOnOtherAddressesIsRefused) {
  const auto server = Server::Start(settings_, On("0.0.0.0:0"), {});
  EXPECT_EQ(server.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(server.status().message()), HasSubstr("rpc.insecure_plaintext"));
}

TEST_F(ServerTest, UnreadableTokensFileStopsTheStart) {
  settings_.tokens_file.value = "/nowhere/tokens";
  EXPECT_EQ(Authority::Make(settings_).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(ServerTest, StatusCrossesGrpcUnchanged) {
  const absl::Status status = absl::NotFoundError("queue \"x\": there is none");
  EXPECT_EQ(FromGrpc(ToGrpc(status)), status);
  EXPECT_TRUE(FromGrpc(ToGrpc(absl::OkStatus())).ok());
}

TEST_F(ServerTest, AMessageThatNoPeerWouldTakeIsCut) {
  EXPECT_EQ(ToGrpc(absl::NotFoundError(std::string(7000, 'x'))).error_message().size(), 7000u);
  const std::string plain = ToGrpc(absl::NotFoundError(std::string(9000, 'x'))).error_message();
  EXPECT_EQ(plain, std::string(7000, 'x') + "...");
  std::string umlauts = "x";
  for (int i = 0; i < 5000; ++i)
    umlauts += "\xC3\xBC";
  const std::string cut = ToGrpc(absl::NotFoundError(umlauts)).error_message();
  EXPECT_LE(cut.size(), 7000u / 3 + 3);
  EXPECT_TRUE(cut.ends_with("\xC3\xBC...")) << "whole characters only";
}

TEST_F(ServerTest, StopMayBeCalledTwice) {
  WhoAmI service(*authority_, Role::kRead);
  const auto server = Server::Start(settings_, On("127.0.0.1:0"), {&service});
  ASSERT_TRUE(server.ok()) << server.status();
  (*server)->Stop(absl::ZeroDuration());
  (*server)->Stop(absl::ZeroDuration());
  (*server)->SetServing(true);
}

}  // namespace
}  // namespace postern::rpc
