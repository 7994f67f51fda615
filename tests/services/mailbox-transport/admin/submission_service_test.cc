#include "services/mailbox-transport/admin/submission_service.h"

#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <grpcpp/grpcpp.h>

#include "common/base/text.h"
#include "common/rpc/settings.h"
#include "postern/v1/submission.grpc.pb.h"
#include "services/mailbox-transport/admin/submission_check.h"
#include "tests/services/mailbox-transport/accept/fake_intake.h"
#include "tests/support/await.h"

namespace postern::admin {
namespace {

using testing::Soon;

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kContent[] = "Subject: hello\r\nFrom: ann@a.test\r\n\r\nhow are you\r\n";

constexpr std::size_t kChunk = kContentBytesMax;

struct Answer {
  grpc::StatusCode code;
  std::string text;
  v1::SubmitResponse response;
};

class SubmissionServiceTest : public ::testing::Test {
 protected:
  SubmissionServiceTest() {
    executor_.Start();
    settings_.insecure_plaintext.value = true;
    rules_.line_bytes_max = 2 * kChunk;
    authority_ = *rpc::Authority::Make(settings_);
    Serve(absl::Minutes(2));
  }

  ~SubmissionServiceTest() override {
    server_.reset();
    service_.reset();
    executor_.Stop();
  }

  void Serve(absl::Duration idle_timeout) {
    server_.reset();
    service_ = std::make_unique<SubmissionService>(SubmissionService::Parts{
        .authority = *authority_,
        .executors = {&executor_},
        .intake = intake_,
        .rules = [this] { return std::make_shared<const accept::Rules>(rules_); },
        .rate_limit = rate_limit_,
        .registry = registry_,
        .host_name = "mbx-0.test",
        .idle_timeout = idle_timeout});
    rpc::Server::Options options;
    options.address = "127.0.0.1:0";
    server_ = *rpc::Server::Start(settings_, options, {service_->service()});
    stub_ = v1::Submission::NewStub(grpc::CreateChannel(base::Cat("127.0.0.1:", server_->port()),
                                                        grpc::InsecureChannelCredentials()));
  }

  static v1::SubmitRequest Envelope(const std::string& key = "",
                                    const std::vector<std::string>& to = {"bob@b.test"}) {
    v1::SubmitRequest frame;
    frame.mutable_envelope()->set_idempotency_key(key);
    v1::Envelope& envelope = *frame.mutable_envelope()->mutable_envelope();
    envelope.set_sender("ann@a.test");
    for (const std::string& address : to)
      envelope.add_recipients()->set_address(address);
    return frame;
  }

  static v1::SubmitRequest Piece(std::string content) {
    v1::SubmitRequest frame;
    frame.set_content(std::move(content));
    return frame;
  }

  Answer Send(const std::vector<v1::SubmitRequest>& frames) {
    grpc::ClientContext call;
    call.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    Answer answer;
    const auto writer = stub_->Submit(&call, &answer.response);
    for (const v1::SubmitRequest& frame : frames) {
      if (!writer->Write(frame)) break;
    }
    writer->WritesDone();
    const grpc::Status status = writer->Finish();
    answer.code = status.error_code();
    answer.text = status.error_message();
    return answer;
  }

  // A frame of content: one long line.
  static std::string Line() { return std::string(kChunk - 2, 'x') + "\r\n"; }

  Answer SendMessage(const std::string& content = kContent) {
    return Send({Envelope(), Piece(content)});
  }

  accept::Rules rules_;
  accept::testing::FakeIntake intake_;
  accept::RateLimit rate_limit_{base::Clock::System()};
  observe::Registry registry_;
  rpc::RpcSettings settings_;
  std::unique_ptr<rpc::Authority> authority_;
  io::Executor executor_{"submission"};
  std::unique_ptr<SubmissionService> service_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<v1::Submission::Stub> stub_;
};

TEST_F(SubmissionServiceTest, ReceiptComesWithTheMessage) {
  const Answer answer = SendMessage();
  ASSERT_EQ(answer.code, grpc::OK) << answer.text;
  ASSERT_EQ(intake_.messages.size(), 1u);
  EXPECT_EQ(answer.response.message_id(), intake_.messages[0].message.id.ToString());
  EXPECT_EQ(answer.response.internet_message_id(), intake_.messages[0].message.internet_message_id);
  EXPECT_THAT(answer.response.internet_message_id(), StartsWith("<"));
  EXPECT_EQ(answer.response.server(), "mbx-0.test");
  EXPECT_FALSE(answer.response.repeated());
}

TEST_F(SubmissionServiceTest, ContentIsKeptByteForByteBehindTheStamp) {
  SendMessage();
  ASSERT_EQ(intake_.messages.size(), 1u);
  EXPECT_THAT(intake_.messages[0].content, StartsWith("Received: from plaintext ([127.0.0.1])"));
  EXPECT_THAT(intake_.messages[0].content, HasSubstr("by mbx-0.test with gRPC"));
  EXPECT_THAT(intake_.messages[0].content, EndsWith(kContent));
}

TEST_F(SubmissionServiceTest, MessageSaysWhereItCameFrom) {
  Send({Envelope("order-17"), Piece(kContent)});
  ASSERT_EQ(intake_.messages.size(), 1u);
  const model::Message& message = intake_.messages[0].message;
  EXPECT_EQ(message.source_name, "gRPC");
  EXPECT_EQ(message.source_ip, "127.0.0.1");
  EXPECT_EQ(message.identity, "plaintext");
  EXPECT_EQ(message.idempotency_key, "order-17");
  EXPECT_EQ(message.content_hash.size(), 32u);
}

TEST_F(SubmissionServiceTest, LargeMessageArrivesInManyFrames) {
  std::string body;
  while (body.size() < 3 * 1024 * 1024)
    body += "a line of a large message\r\n";
  std::vector<v1::SubmitRequest> frames = {Envelope(), Piece("Subject: large\r\n\r\n")};
  for (std::size_t from = 0; from < body.size(); from += kChunk)
    frames.push_back(Piece(body.substr(from, kChunk)));
  EXPECT_EQ(Send(frames).code, grpc::OK);
  ASSERT_EQ(intake_.messages.size(), 1u);
  EXPECT_THAT(intake_.messages[0].content, EndsWith(body));
}

TEST_F(SubmissionServiceTest, StreamThatIsNoSubmissionIsInvalid) {
  const v1::SubmitRequest envelope = Envelope();
  const std::pair<std::vector<v1::SubmitRequest>, std::string> cases[] = {
      {{}, "must be the envelope"},
      {{Piece(kContent)}, "must be the envelope"},
      {{envelope}, "content: missing"},
      {{envelope, envelope}, "only the first message"},
      {{envelope, v1::SubmitRequest()}, "carries content"},
      {{envelope, Piece(std::string(300'000, 'x'))}, "at most 262144"},
      {{Envelope("", {"bob"}), Piece(kContent)}, "recipients.address"},
      {{Envelope("a\tb"), Piece(kContent)}, "idempotency_key"},
  };
  for (const auto& [frames, rule] : cases) {
    const Answer answer = Send(frames);
    EXPECT_EQ(answer.code, grpc::INVALID_ARGUMENT) << rule;
    EXPECT_THAT(answer.text, HasSubstr(rule));
  }
  EXPECT_TRUE(intake_.messages.empty());
}

TEST_F(SubmissionServiceTest, BareLineEndsAndNulAreInvalid) {
  for (const std::string& content :
       {std::string("Subject: x\n\nhello\n"), std::string("Subject: x\r\n\r\nhel\rlo\r\n"),
        std::string("Subject: x\r\n\r\nhel\0lo\r\n", 22)}) {
    const Answer answer = SendMessage(content);
    EXPECT_EQ(answer.code, grpc::INVALID_ARGUMENT);
    EXPECT_THAT(answer.text, StartsWith("554 5.6.0"));
  }
  EXPECT_TRUE(intake_.messages.empty());
}

TEST_F(SubmissionServiceTest, MessageAboveTheLimitIsOutOfRange) {
  rules_.policy.max_receive_size = 1000;
  const Answer answer = SendMessage(base::Cat(kContent, std::string(2000, 'x')));
  EXPECT_EQ(answer.code, grpc::OUT_OF_RANGE);
  EXPECT_THAT(answer.text, StartsWith("552 5.3.4"));
}

TEST_F(SubmissionServiceTest, RecipientsAboveTheLimitAreInvalid) {
  rules_.policy.max_recipient_envelope_limit = 1;
  const Answer answer = Send({Envelope("", {"a@b.test", "c@b.test"}), Piece(kContent)});
  EXPECT_EQ(answer.code, grpc::INVALID_ARGUMENT);
  EXPECT_THAT(answer.text, HasSubstr("maxRecipientEnvelopeLimit"));
}

TEST_F(SubmissionServiceTest, OneIdentityHasItsMessagesAMinute) {
  rules_.rates.messages_per_minute = 2;
  EXPECT_EQ(SendMessage().code, grpc::OK);
  EXPECT_EQ(SendMessage().code, grpc::OK);
  EXPECT_EQ(SendMessage().code, grpc::RESOURCE_EXHAUSTED);
}

TEST_F(SubmissionServiceTest, OneIdentityHasItsRecipientsAMinute) {
  rules_.rates.recipients_per_minute = 2;
  const auto two = Envelope("", {"a@b.test", "c@b.test"});
  EXPECT_EQ(SendMessage().code, grpc::OK);
  EXPECT_EQ(Send({two, Piece(kContent)}).code, grpc::RESOURCE_EXHAUSTED);
  EXPECT_EQ(SendMessage().code, grpc::OK);
}

TEST_F(SubmissionServiceTest, MoreRecipientsThanAMinuteHasAreNotToldToComeAgain) {
  rules_.rates.recipients_per_minute = 2;
  rules_.rates.messages_per_minute = 1;
  const auto three = Envelope("", {"a@b.test", "c@b.test", "d@b.test"});
  const Answer answer = Send({three, Piece(kContent)});
  EXPECT_EQ(answer.code, grpc::INVALID_ARGUMENT);
  EXPECT_THAT(answer.text, HasSubstr("accept.recipients_per_minute is 2"));
  EXPECT_EQ(SendMessage().code, grpc::OK) << "it has cost nothing";
}

TEST_F(SubmissionServiceTest, IntakeThatIsNotReadyIsSaidAtTheEnvelope) {
  intake_.ready_answer = absl::UnavailableError("stopping");
  EXPECT_EQ(SendMessage().code, grpc::UNAVAILABLE);
  intake_.ready_answer = absl::ResourceExhaustedError("full");
  EXPECT_EQ(SendMessage().code, grpc::RESOURCE_EXHAUSTED);
}

TEST_F(SubmissionServiceTest, KeyWithOtherContentAlreadyExists) {
  intake_.accept_answer = absl::AlreadyExistsError("idempotency_key \"k\" was used");
  const Answer answer = Send({Envelope("k"), Piece(kContent)});
  EXPECT_EQ(answer.code, grpc::ALREADY_EXISTS);
  EXPECT_THAT(answer.text, HasSubstr("was used"));
}

// A call that breaks off must never pass for one that ended.
TEST_F(SubmissionServiceTest, CancelledCallLeavesNothing) {
  for (int i = 0; i < 100; ++i) {
    grpc::ClientContext call;
    v1::SubmitResponse response;
    const auto writer = stub_->Submit(&call, &response);
    writer->Write(Envelope());
    writer->Write(Piece(kContent));
    if (i % 2 == 0) writer->Write(Piece(std::string(kChunk, 'x')));
    if (i % 3 == 0) writer->Write(Piece(std::string(kChunk, 'x')));
    call.TryCancel();
    EXPECT_FALSE(writer->Finish().ok());
  }
  server_->Stop(absl::Seconds(5));
  service_->Stop(absl::Seconds(5));
  EXPECT_TRUE(intake_.messages.empty());
  EXPECT_EQ(intake_.chunks_left(), 0u);
}

TEST_F(SubmissionServiceTest, SilentCallerIsLate) {
  Serve(absl::Milliseconds(50));
  grpc::ClientContext call;
  v1::SubmitResponse response;
  const auto writer = stub_->Submit(&call, &response);
  writer->Write(Envelope());
  EXPECT_EQ(writer->Finish().error_code(), grpc::DEADLINE_EXCEEDED);
}

TEST_F(SubmissionServiceTest, StopRefusesNewCallsAndEndsThoseUnderWay) {
  grpc::ClientContext call;
  v1::SubmitResponse response;
  const auto writer = stub_->Submit(&call, &response);
  writer->Write(Envelope());
  writer->Write(Piece("Subject: x\r\n\r\n"));
  writer->Write(Piece(Line()));
  writer->Write(Piece(Line()));
  service_->Stop(absl::Milliseconds(10));
  EXPECT_EQ(writer->Finish().error_code(), grpc::UNAVAILABLE);
  EXPECT_EQ(SendMessage().code, grpc::UNAVAILABLE);
  EXPECT_EQ(intake_.chunks_left(), 0u);
}

TEST_F(SubmissionServiceTest, StopLetsACallEndWithinItsGrace) {
  grpc::ClientContext call;
  v1::SubmitResponse response;
  const auto writer = stub_->Submit(&call, &response);
  writer->Write(Envelope());
  writer->Write(Piece("Subject: x\r\n\r\n"));
  writer->Write(Piece(Line()));
  writer->Write(Piece(Line()));
  ASSERT_TRUE(Soon([&] { return intake_.chunks_put() == 2; }));
  std::thread stopping([this] { service_->Stop(absl::Seconds(10)); });
  writer->WritesDone();
  EXPECT_TRUE(writer->Finish().ok());
  stopping.join();
}

// While a chunk is being written nothing more is read of the stream.
TEST_F(SubmissionServiceTest, SlowStoreHoldsTheCallerBack) {
  intake_.hold = true;
  Answer answer;
  std::thread caller([&] {
    std::vector<v1::SubmitRequest> frames = {Envelope(), Piece("Subject: x\r\n\r\n")};
    for (int i = 0; i < 16; ++i)
      frames.push_back(Piece(Line()));
    answer = Send(frames);
  });
  EXPECT_TRUE(Soon([this] { return intake_.chunks_put() == 1; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(intake_.chunks_put(), 1u);
  intake_.hold = false;
  intake_.held.front()();
  caller.join();
  EXPECT_EQ(answer.code, grpc::OK) << answer.text;
  EXPECT_EQ(intake_.chunks_put(), 17u);
}

}  // namespace
}  // namespace postern::admin
