#include "services/mailbox-transport/admin/admin_service.h"

#include <fstream>
#include <iostream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <google/protobuf/empty.pb.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/client_unary_call.h>
#include <grpcpp/impl/codegen/rpc_method.h>

#include "common/base/text.h"
#include "common/rpc/credentials.h"
#include "common/rpc/proxy_server.h"
#include "common/tls/digest.h"
#include "postern/v1/admin.grpc.pb.h"
#include "postern/v1/directory.grpc.pb.h"
#include "postern/v1/proxy.grpc.pb.h"
#include "postern/v1/submission.grpc.pb.h"
#include "services/mailbox-transport/admin/directory_service.h"
#include "services/mailbox-transport/admin/submission_service.h"
#include "tests/services/mailbox-transport/admin/pipeline_fixture.h"
#include "tests/support/certificates.h"

namespace postern::admin {
namespace {

using ::testing::HasSubstr;

// Takes streams and says nothing.
class QuietFrontEnd final : public rpc::ToMailbox::Handler {
 public:
  void OnFrame(v1::ProxyToFrontEnd) override {}

  void OnClosed(absl::Status) override {}
};

// A directory that is always the same.
class OneDirectory final : public directory::DirectorySource {
 public:
  absl::Status Start(Changed) override { return absl::OkStatus(); }

  void Stop() override {}

  directory::SnapshotPtr current() const override { return snapshot_; }

  directory::DirectoryReadings readings() const override { return {}; }

 private:
  const directory::SnapshotPtr snapshot_ = directory::MakeSnapshot({});
};

std::string HashOf(const std::string& token) {
  tls::Sha256 hash;
  hash.Update(token);
  return base::Hex(hash.Finish());
}

// All services of both programs on one port with real certificates; callers with certificates,
// tokens or nothing.
class AdminServiceTest : public PipelineFixture {
 protected:
  AdminServiceTest() {
    const auto files = authority_files_.Issue(
        testing::ForService("spiffe://postern.local/here/mailbox-transport"));
    settings_.certificate_file.value = files.certificate_file;
    settings_.key_file.value = files.key_file;
    settings_.ca_file.value = authority_files_.ca_file();
    settings_.tokens_file.value = authority_files_.folder() + "/tokens";
    std::ofstream tokens(*settings_.tokens_file);
    for (const char* role : {"submit", "relay", "proxy", "read", "operate", "administer"})
      tokens << HashOf(base::Cat("token-", role)) << " test-" << role << ' ' << role << '\n';
    tokens.close();
    authority_ = *rpc::Authority::Make(settings_);
    Directory("Internet nowhere.test");
    admin_ = std::make_unique<AdminService>(AdminService::Parts{
        *authority_, *pipeline_, disk_, settings_, [this] { return source_.current(); }});
    directory_ =
        std::make_unique<DirectoryService>(DirectoryService::Parts{.authority = *authority_,
                                                                   .executor = first_,
                                                                   .registry = registry_,
                                                                   .source = source_,
                                                                   .server = "ours"});
    directory_->Changed();
    submission_ = std::make_unique<SubmissionService>(
        SubmissionService::Parts{.authority = *authority_,
                                 .executors = {&first_},
                                 .intake = *pipeline_,
                                 .rules = [] { return std::make_shared<const accept::Rules>(); },
                                 .rate_limit = rate_limit_,
                                 .registry = registry_,
                                 .host_name = "ours"});
    proxy_ = std::make_unique<rpc::ProxyServer>(*authority_, "here", [this](const rpc::Identity&) {
      return rpc::ProxyServer::Caller{
          &first_, [this](std::shared_ptr<rpc::ToMailbox>) { return &front_end_; }};
    });
    server_ = Start(rpc::ClientCertificate::kOptional);
    server_->SetServing(true);
  }

  ~AdminServiceTest() override {
    directory_->Stop();
    server_.reset();
    admin_.reset();
    directory_.reset();
    submission_.reset();
  }

  std::unique_ptr<rpc::Server> Start(rpc::ClientCertificate client) {
    rpc::Server::Options options;
    options.address = "127.0.0.1:0";
    options.client = client;
    return *rpc::Server::Start(
        settings_, options,
        {admin_->service(), directory_->service(), submission_->service(), proxy_->service()});
  }

  std::shared_ptr<grpc::Channel> ChannelWith(const std::string& uri, int port) {
    rpc::RpcSettings caller;
    caller.ca_file.value = authority_files_.ca_file();
    if (!uri.empty()) {
      const auto files = authority_files_.Issue(testing::ForService(uri));
      caller.certificate_file.value = files.certificate_file;
      caller.key_file.value = files.key_file;
    }
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel(base::Cat("127.0.0.1:", port),
                                     *rpc::MakeChannelCredentials(caller, "", "mailbox-transport"),
                                     arguments);
  }

  // A caller is "certificate <service>", "token <role>", "nobody" or a URI.
  void Come(const std::string& caller) {
    token_.clear();
    std::string uri;
    if (caller.starts_with("certificate ")) {
      uri = base::Cat("spiffe://postern.local/here/", caller.substr(12));
    } else if (caller.starts_with("token ")) {
      token_ = base::Cat("token-", caller.substr(6));
    } else if (caller != "nobody") {
      uri = caller;
    }
    channel_ = ChannelWith(uri, server_->port());
  }

  std::unique_ptr<grpc::ClientContext> Call() const {
    auto call = std::make_unique<grpc::ClientContext>();
    call->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    if (!token_.empty()) call->AddMetadata("authorization", base::Cat("Bearer ", token_));
    return call;
  }

  grpc::Status Do(const std::string& rpc);
  grpc::Status Stream(const std::string& rpc);
  grpc::Status Ask(const std::string& rpc);

  testing::CertificateAuthority authority_files_;
  rpc::RpcSettings settings_;
  std::unique_ptr<rpc::Authority> authority_;
  accept::RateLimit rate_limit_{base::Clock::System()};
  QuietFrontEnd front_end_;
  std::unique_ptr<AdminService> admin_;
  OneDirectory source_;
  std::unique_ptr<DirectoryService> directory_;
  std::unique_ptr<SubmissionService> submission_;
  std::unique_ptr<rpc::ProxyServer> proxy_;
  std::unique_ptr<rpc::Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::string token_;
};

grpc::Status AdminServiceTest::Stream(const std::string& rpc) {
  const auto call = Call();
  if (rpc == "Deliver") {
    const auto stream = v1::Proxy::NewStub(channel_)->Deliver(call.get());
    stream->WritesDone();
    return stream->Finish();
  }
  v1::SubmitResponse response;
  const auto writer = v1::Submission::NewStub(channel_)->Submit(call.get(), &response);
  v1::SubmitRequest frame;
  frame.mutable_envelope()->mutable_envelope()->add_recipients()->set_address("x@b.test");
  writer->Write(frame);
  frame.set_content("Subject: x\r\n\r\nhello\r\n");
  writer->Write(frame);
  writer->WritesDone();
  return writer->Finish();
}

// Of the Directory service. What may be asked is answered: that it is not there, or holds nothing.
grpc::Status AdminServiceTest::Ask(const std::string& rpc) {
  const auto call = Call();
  const auto stub = v1::Directory::NewStub(channel_);
  v1::ChangeResponse change;
  grpc::Status status;
  if (rpc == "List") {
    v1::ListResourcesResponse response;
    status = stub->List(call.get(), {}, &response);
  } else if (rpc == "Watch") {
    const auto reader = stub->Watch(call.get(), {});
    v1::WatchResourcesResponse told;
    if (reader->Read(&told)) return grpc::Status::OK;
    status = reader->Finish();
  } else if (rpc == "Get") {
    v1::GetResourceRequest request;
    request.set_kind("TransportConfig");
    v1::Resource response;
    status = stub->Get(call.get(), request, &response);
  } else if (rpc == "Create") {
    status = stub->Create(call.get(), {}, &change);
  } else if (rpc == "Update") {
    status = stub->Update(call.get(), {}, &change);
  } else {
    status = stub->Delete(call.get(), {}, &change);
  }
  return status.error_code() == grpc::INVALID_ARGUMENT ? grpc::Status::OK : status;
}

grpc::Status AdminServiceTest::Do(const std::string& rpc) {
  if (rpc == "Deliver" || rpc == "Submit") return Stream(rpc);
  for (const char* name : {"Get", "List", "Watch", "Create", "Update", "Delete"}) {
    if (rpc == name) return Ask(rpc);
  }
  const auto call = Call();
  const auto stub = v1::Admin::NewStub(channel_);
  if (rpc == "GetQueue") {
    v1::GetQueueResponse response;
    return stub->GetQueue(call.get(), {}, &response);
  }
  if (rpc == "ActOnQueues") {
    v1::QueueActionRequest request;
    request.set_action(v1::QUEUE_ACTION_RETRY);
    request.set_filter("MessageCount -gt 1000000");
    v1::ActionResponse response;
    return stub->ActOnQueues(call.get(), request, &response);
  }
  if (rpc == "ActOnMessages") {
    v1::MessageActionRequest request;
    request.set_action(v1::MESSAGE_ACTION_SUSPEND);
    request.set_filter("Size -gt 1GB");
    v1::ActionResponse response;
    return stub->ActOnMessages(call.get(), request, &response);
  }
  if (rpc == "ExportMessage") {
    v1::ExportMessageRequest request;
    request.set_identity("1");
    v1::ExportMessageResponse frame;
    const auto reader = stub->ExportMessage(call.get(), request);
    while (reader->Read(&frame))
      continue;
    const grpc::Status status = reader->Finish();
    return status.error_code() == grpc::NOT_FOUND ? grpc::Status::OK : status;
  }
  if (rpc == "GetQueueDigest") {
    v1::GetQueueDigestResponse response;
    return stub->GetQueueDigest(call.get(), {}, &response);
  }
  if (rpc == "GetMessage") {
    v1::GetMessageResponse response;
    return stub->GetMessage(call.get(), {}, &response);
  }
  if (rpc == "TestRoute") {
    v1::TestRouteRequest request;
    request.set_recipient("x@b.test");
    v1::TestRouteResponse response;
    return stub->TestRoute(call.get(), request, &response);
  }
  if (rpc == "GetTlsReport") {
    v1::GetTlsReportResponse response;
    return stub->GetTlsReport(call.get(), {}, &response);
  }
  // The health service's request and answer, of which nothing is needed here.
  using google::protobuf::Empty;
  const grpc::internal::RpcMethod method("/grpc.health.v1.Health/Check",
                                         grpc::internal::RpcMethod::NORMAL_RPC, channel_);
  Empty response;
  return grpc::internal::BlockingUnaryCall<Empty, Empty, google::protobuf::MessageLite,
                                           google::protobuf::MessageLite>(
      channel_.get(), method, call.get(), {}, &response);
}

std::string_view Word(grpc::StatusCode code) {
  switch (code) {
    case grpc::OK:
      return "OK";
    case grpc::PERMISSION_DENIED:
      return "denied";
    case grpc::UNAUTHENTICATED:
      return "unknown";
    default:
      return "?";
  }
}

// What each caller may: the table of docs/architecture.md "Ports and roles".
TEST_F(AdminServiceTest, EveryRpcWithEveryRole) {
  const std::vector<std::string> rpcs = {
      "Submit",  "GetQueue",    "GetQueueDigest", "GetMessage",   "TestRoute", "GetTlsReport",
      "Get",     "List",        "Watch",          "Create",       "Update",    "Delete",
      "Deliver", "ActOnQueues", "ActOnMessages",  "ExportMessage"};
  const std::string read =
      " GetQueue GetQueueDigest GetMessage TestRoute GetTlsReport Get List Watch ";
  const std::string change = " Create Update Delete ";
  const std::string operate = " ActOnQueues ActOnMessages ExportMessage ";
  const std::pair<std::string, std::string> callers[] = {
      {"certificate mailbox-transport", "Deliver" + read},
      {"certificate frontend-transport", ""},
      {"certificate admin-center", "Submit" + read + change + operate},
      {"certificate administrator", "Submit" + read + change + operate},
      {"certificate operator", read + operate},
      {"certificate reader", read},
      {"certificate app-billing", "Submit"},
      {"certificate stranger", ""},
      {"token submit", "Submit"},
      {"token relay", ""},
      {"token proxy", "Deliver"},
      {"token read", read},
      {"token operate", operate},
      {"token administer", change},
      {"token nobody-has", "-"},
      {"spiffe://elsewhere.test/here/administrator", "-"},
      {"nobody", "-"},
  };
  std::string table = base::Cat("caller\t", base::Join(rpcs, "\t"), "\n");
  for (const auto& [caller, may] : callers) {
    Come(caller);
    table += caller;
    for (const std::string& rpc : rpcs) {
      const grpc::Status status = Do(rpc);
      const bool allowed =
          base::Cat(" ", may, " ").find(base::Cat(" ", rpc, " ")) != std::string::npos;
      const grpc::StatusCode expected = may == "-" ? grpc::UNAUTHENTICATED
                                        : allowed  ? grpc::OK
                                                   : grpc::PERMISSION_DENIED;
      EXPECT_EQ(status.error_code(), expected)
          << caller << " " << rpc << ": " << status.error_message();
      table += base::Cat("\t", Word(status.error_code()));
    }
    EXPECT_TRUE(Do("Health").ok()) << caller << ": health is open to everybody";
    table += "\n";
  }
  std::cout << table;
}

TEST_F(AdminServiceTest, FrontEndServesItsOwnSiteOnly) {
  Come("spiffe://postern.local/elsewhere/mailbox-transport");
  EXPECT_EQ(Do("Deliver").error_code(), grpc::PERMISSION_DENIED);
}

TEST_F(AdminServiceTest, PortThatDemandsCertificatesTakesNoToken) {
  const auto strict = Start(rpc::ClientCertificate::kRequired);
  token_ = "token-read";
  channel_ = ChannelWith("", strict->port());
  EXPECT_EQ(Do("GetQueue").error_code(), grpc::UNAVAILABLE);
  channel_ = ChannelWith("spiffe://postern.local/here/reader", strict->port());
  EXPECT_TRUE(Do("GetQueue").ok());
}

TEST_F(AdminServiceTest, RefusalNamesCallerAndRole) {
  Come("token submit");
  EXPECT_THAT(Do("GetQueue").error_message(),
              HasSubstr("token:test-submit does not have the role read"));
}

TEST_F(AdminServiceTest, WrongQuestionsAreAnsweredByStatus) {
  Come("token read");
  const auto stub = v1::Admin::NewStub(channel_);
  v1::GetQueueRequest request;
  request.set_identity("nowhere");
  v1::GetQueueResponse response;
  const auto call = Call();
  const grpc::Status status = stub->GetQueue(call.get(), request, &response);
  EXPECT_EQ(status.error_code(), grpc::NOT_FOUND);
  EXPECT_THAT(status.error_message(), HasSubstr("queue \"nowhere\": there is none on ours"));
}

TEST_F(AdminServiceTest, SubmittedMessageIsSeenInItsQueue) {
  Come("certificate administrator");
  ASSERT_TRUE(Do("Submit").ok());
  const auto stub = v1::Admin::NewStub(channel_);
  v1::GetMessageRequest request;
  request.set_queue("Unreachable");
  v1::GetMessageResponse response;
  EXPECT_TRUE(Soon([&] {
    const auto call = Call();
    return stub->GetMessage(call.get(), request, &response).ok() && response.messages_size() == 1;
  }));
  EXPECT_EQ(response.messages(0).subject(), "x");
  EXPECT_EQ(response.messages(0).message_source_name(), "gRPC");
}

}  // namespace
}  // namespace postern::admin
