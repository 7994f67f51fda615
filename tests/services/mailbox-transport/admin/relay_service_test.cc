#include "services/mailbox-transport/admin/relay_service.h"

#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <grpcpp/grpcpp.h>

#include "common/base/text.h"
#include "common/rpc/relay_client.h"
#include "common/rpc/settings.h"
#include "postern/v1/relay.grpc.pb.h"
#include "services/mailbox-transport/model/relayed.h"
#include "tests/services/mailbox-transport/accept/fake_intake.h"
#include "tests/support/certificates.h"

namespace postern::admin {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kRelayed[] = "Received: by mbx-1\r\nSubject: hello\r\n\r\nhow are you\r\n";

struct RelayedAnswer {
  grpc::StatusCode code;
  std::string text;
  bool ours = false;
  v1::RelayReceipt receipt;
};

class RelayServiceTest : public ::testing::Test {
 protected:
  RelayServiceTest() {
    executor_.Start();
    settings_.insecure_plaintext.value = true;
    rules_.policy.max_receive_size = 10;  // not for what is relayed
    Serve();
  }

  ~RelayServiceTest() override {
    server_.reset();
    service_.reset();
    executor_.Stop();
  }

  void Serve(absl::Duration idle_timeout = absl::Minutes(2)) {
    server_.reset();
    authority_ = *rpc::Authority::Make(settings_);
    service_ = std::make_unique<RelayService>(RelayService::Parts{
        .authority = *authority_,
        .executors = {&executor_},
        .intake = intake_,
        .rules = [this] { return std::make_shared<const accept::Rules>(rules_); },
        .registry = registry_,
        .server = "mbx-2",
        .host_name = "mbx-2.test",
        .idle_timeout = idle_timeout});
    rpc::Server::Options options;
    options.address = "127.0.0.1:0";
    server_ = *rpc::Server::Start(settings_, options, {service_->service()});
    stub_ = v1::Relay::NewStub(grpc::CreateChannel(base::Cat("127.0.0.1:", server_->port()),
                                                   grpc::InsecureChannelCredentials()));
  }

  static v1::RelayRequest First(std::string content = kRelayed, std::uint64_t size = 0) {
    v1::RelayRequest frame;
    v1::RelayedMessage& message = *frame.mutable_message();
    message.set_origin_database("db");
    message.set_origin_id(42);
    message.set_sender("ann@a.test");
    v1::RelayedRecipient& recipient = *message.add_recipients();
    recipient.set_address("bob@b.test");
    recipient.set_attempts(2);
    message.set_size(size == 0 ? content.size() : size);
    message.set_original_size(30);
    message.set_accepted_unix_ms(1'700'000'000'000);
    message.set_expires_unix_ms(1'800'000'000'000);
    message.add_servers("mbx-1");
    message.set_source_name("SMTP:relay");
    frame.set_content(std::move(content));
    return frame;
  }

  static v1::RelayRequest More(std::string content) {
    v1::RelayRequest frame;
    frame.set_content(std::move(content));
    return frame;
  }

  RelayedAnswer Send(const std::vector<v1::RelayRequest>& frames) {
    grpc::ClientContext call;
    call.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    RelayedAnswer answer;
    const auto writer = stub_->Relay(&call, &answer.receipt);
    for (const v1::RelayRequest& frame : frames) {
      if (!writer->Write(frame)) break;
    }
    writer->WritesDone();
    const grpc::Status status = writer->Finish();
    answer.code = status.error_code();
    answer.text = status.error_message();
    answer.ours = call.GetServerTrailingMetadata().count(rpc::kRelayAnswered) != 0;
    return answer;
  }

  accept::Rules rules_;
  accept::testing::FakeIntake intake_;
  observe::Registry registry_;
  rpc::RpcSettings settings_;
  std::unique_ptr<rpc::Authority> authority_;
  io::Executor executor_{"relay"};
  std::unique_ptr<RelayService> service_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<v1::Relay::Stub> stub_;
};

TEST_F(RelayServiceTest, TheReceiptComesWithTheMessage) {
  const RelayedAnswer answer = Send({First()});
  ASSERT_EQ(answer.code, grpc::OK) << answer.text;
  ASSERT_EQ(intake_.messages.size(), 1u);
  const accept::testing::FakeIntake::Kept& kept = intake_.messages[0];
  EXPECT_EQ(answer.receipt.message_id(), kept.message.id.ToString());
  EXPECT_EQ(answer.receipt.server(), "mbx-2");
  EXPECT_FALSE(answer.receipt.repeated());
  EXPECT_THAT(kept.content, StartsWith("Received: from mbx-1 ([127.0.0.1])"));
  EXPECT_THAT(kept.content, HasSubstr("by mbx-2.test with gRPC"));
  EXPECT_THAT(kept.content, EndsWith(kRelayed)) << "byte for byte";
  EXPECT_EQ(kept.message.recipients[0].attempts, 2u);
  EXPECT_EQ(kept.message.original_size, 30u);
  EXPECT_EQ(absl::ToUnixMillis(kept.message.accepted), 1'700'000'000'000);
  EXPECT_THAT(kept.message.servers, ElementsAre("mbx-1"));
  EXPECT_EQ(kept.message.relay_key, model::RelayKeyOf(First().message()));
  EXPECT_THAT(registry_.Text(), HasSubstr("postern_accept_relayed_total 1"));
}

TEST_F(RelayServiceTest, WhatTheFirstServerReadOfTlsStands) {
  v1::RelayRequest required = First();
  required.mutable_message()->set_require_tls(true);
  ASSERT_EQ(Send({required}).code, grpc::OK);
  EXPECT_TRUE(intake_.messages.at(0).message.envelope.require_tls);
  v1::RelayRequest optional = First();
  optional.mutable_message()->set_tls_optional(true);
  ASSERT_EQ(Send({optional}).code, grpc::OK);
  EXPECT_TRUE(intake_.messages.at(1).message.envelope.tls_optional);
}

TEST_F(RelayServiceTest, ALargeMessageArrivesInManyPieces) {
  std::string body;
  while (body.size() < 3 * 1024 * 1024)
    body += "a line of a large message\r\n";
  std::vector<v1::RelayRequest> frames = {First(kRelayed, sizeof kRelayed - 1 + body.size())};
  for (std::size_t from = 0; from < body.size(); from += model::kChunkBytes)
    frames.push_back(More(body.substr(from, model::kChunkBytes)));
  const RelayedAnswer answer = Send(frames);
  EXPECT_EQ(answer.code, grpc::OK) << answer.text;
  ASSERT_EQ(intake_.messages.size(), 1u);
  EXPECT_THAT(intake_.messages[0].content, EndsWith(body));
}

TEST_F(RelayServiceTest, ItIsTakenBeforeTheCallersEnd) {
  grpc::ClientContext call;
  v1::RelayReceipt receipt;
  const auto writer = stub_->Relay(&call, &receipt);
  writer->Write(First());
  EXPECT_TRUE(writer->Finish().ok());
  EXPECT_EQ(intake_.messages.size(), 1u);
}

struct Refused {
  const char* fact;
  std::vector<v1::RelayRequest> frames;
  grpc::StatusCode code;
  const char* text;
};

TEST_F(RelayServiceTest, WhatIsRefusedForGoodIsSaidInTheWordsOfSmtp) {
  v1::RelayRequest often = First();
  for (int i = 0; i < 20; ++i)
    often.mutable_message()->add_servers("more");
  std::string hops;
  for (int i = 0; i < 31; ++i)
    hops += "Received: by x\r\n";
  std::string header = "X: ";
  while (header.size() < 200'000)
    header += "some text\r\n ";
  const std::vector<Refused> rows = {
      {"no message", {More(kRelayed)}, grpc::INVALID_ARGUMENT, "550 5.6.0 message: missing"},
      {"nothing", {}, grpc::INVALID_ARGUMENT, "550 5.6.0 message: missing"},
      {"a second message",
       {First("Subject: x\r\n\r\n", 100), First()},
       grpc::INVALID_ARGUMENT,
       "550 5.6.0 message: a second one"},
      {"more content than announced", {First(kRelayed, 10)}, grpc::INVALID_ARGUMENT, "550 5.6.0"},
      {"relayed too often", {often}, grpc::FAILED_PRECONDITION, "554 5.4.6"},
      {"too many hops", {First(base::Cat(hops, kRelayed))}, grpc::FAILED_PRECONDITION, "554 5.4.6"},
      {"a header block beyond what relays add",
       {First(base::Cat(header, "\r\n\r\n"))},
       grpc::OUT_OF_RANGE,
       "552 5.3.4"},
      {"a bare LF", {First("Subject: x\n\nhello\n")}, grpc::INVALID_ARGUMENT, "554 5.6.0"},
  };
  for (const Refused& row : rows) {
    const RelayedAnswer answer = Send(row.frames);
    EXPECT_EQ(answer.code, row.code) << row.fact;
    EXPECT_THAT(answer.text, StartsWith(row.text)) << row.fact;
    EXPECT_TRUE(answer.ours) << row.fact;
  }
  EXPECT_TRUE(intake_.messages.empty());
}

TEST_F(RelayServiceTest, ALineThatWasTakenOnceIsTakenAgain) {
  rules_.line_bytes_max = 998;
  EXPECT_EQ(Send({First(base::Cat("Subject: x\r\n\r\n", std::string(5000, 'x'), "\r\n"))}).code,
            grpc::OK);
}

TEST_F(RelayServiceTest, NoRoomAndNoTimeAreForNow) {
  intake_.ready_answer = absl::ResourceExhaustedError("full");
  RelayedAnswer answer = Send({First()});
  EXPECT_EQ(answer.code, grpc::RESOURCE_EXHAUSTED);
  EXPECT_THAT(answer.text, StartsWith("452 4.3.1"));
  EXPECT_TRUE(answer.ours);
  intake_.ready_answer = absl::UnavailableError("stopping");
  answer = Send({First()});
  EXPECT_EQ(answer.code, grpc::UNAVAILABLE);
  EXPECT_THAT(answer.text, StartsWith("421 4.3.2"));
  intake_.ready_answer = absl::OkStatus();
  intake_.accept_answer = absl::ResourceExhaustedError("full at last");
  answer = Send({First()});
  EXPECT_EQ(answer.code, grpc::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(answer.ours);
}

// The end of a broken connection looks like the end of a call: only the size tells.
TEST_F(RelayServiceTest, APartIsNeverTakenForTheWhole) {
  for (int i = 0; i < 50; ++i) {
    const RelayedAnswer cut = Send({First(kRelayed, 1000), More("and a half")});
    EXPECT_EQ(cut.code, grpc::CANCELLED);
    grpc::ClientContext call;
    v1::RelayReceipt receipt;
    const auto writer = stub_->Relay(&call, &receipt);
    writer->Write(First(std::string("Subject: x\r\n\r\n"), 300'000));
    writer->Write(More(std::string(model::kChunkBytes, 'x')));
    call.TryCancel();
    EXPECT_FALSE(writer->Finish().ok());
  }
  server_->Stop(absl::Seconds(5));
  service_->Stop(absl::Seconds(5));
  EXPECT_TRUE(intake_.messages.empty());
  EXPECT_EQ(intake_.chunks_left(), 0u);
}

TEST_F(RelayServiceTest, ASilentCallerIsLate) {
  Serve(absl::Milliseconds(50));
  grpc::ClientContext call;
  v1::RelayReceipt receipt;
  const auto writer = stub_->Relay(&call, &receipt);
  writer->Write(First(kRelayed, 1000));
  EXPECT_EQ(writer->Finish().error_code(), grpc::DEADLINE_EXCEEDED);
}

TEST_F(RelayServiceTest, AStopRefusesNewCallsAndEndsThoseUnderWay) {
  grpc::ClientContext call;
  v1::RelayReceipt receipt;
  const auto writer = stub_->Relay(&call, &receipt);
  writer->Write(First(kRelayed, 1000));
  service_->Stop(absl::Milliseconds(10));
  EXPECT_EQ(writer->Finish().error_code(), grpc::UNAVAILABLE);
  const RelayedAnswer answer = Send({First()});
  EXPECT_EQ(answer.code, grpc::UNAVAILABLE);
  EXPECT_TRUE(answer.ours);
}

TEST_F(RelayServiceTest, OnlyAServerOfOursMayRelay) {
  testing::CertificateAuthority certificates;
  const auto as = [&](const std::string& who) {
    const auto files =
        certificates.Issue(testing::ForService(base::Cat("spiffe://postern.local/", who)));
    rpc::RpcSettings settings;
    settings.certificate_file.value = files.certificate_file;
    settings.key_file.value = files.key_file;
    settings.ca_file.value = certificates.ca_file();
    return settings;
  };
  settings_ = as("here/mailbox-transport");
  Serve();
  const auto come = [&](const std::string& who) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    stub_ = v1::Relay::NewStub(grpc::CreateCustomChannel(
        base::Cat("127.0.0.1:", server_->port()),
        *rpc::MakeChannelCredentials(as(who), "", "mailbox-transport"), arguments));
    return Send({First()});
  };
  EXPECT_EQ(come("here/mailbox-transport").code, grpc::OK);
  EXPECT_EQ(come("elsewhere/mailbox-transport").code, grpc::OK) << "of any site";
  for (const char* who : {"here/frontend-transport", "here/administrator", "here/app-billing"}) {
    const RelayedAnswer answer = come(who);
    EXPECT_EQ(answer.code, grpc::PERMISSION_DENIED) << who;
    EXPECT_THAT(answer.text, HasSubstr("role relay"));
    EXPECT_TRUE(answer.ours);
  }
  EXPECT_EQ(intake_.messages.size(), 2u);
}

}  // namespace
}  // namespace postern::admin
