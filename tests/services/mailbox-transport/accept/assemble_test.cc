#include "services/mailbox-transport/accept/assemble.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/services/mailbox-transport/accept/session_fixture.h"

namespace postern::accept::testing {
namespace {

using ::testing::EndsWith;
using ::testing::StartsWith;

class AssemblerTest : public SessionFixture {
 protected:
  AssemblerTest() {
    submission_.source_name = "gRPC";
    submission_.host_name = "mail.example.test";
    submission_.protocol = "gRPC";
    submission_.envelope.sender = "a@example.test";
    submission_.envelope.recipients.push_back({"b@example.net", 0, ""});
  }

  Taken Submit(std::string_view content, std::size_t piece = 1000) {
    Taken taken;
    io::RunTask(executor_, Run(this, content, piece, &taken));
    return taken;
  }

  static io::Task<void> Run(AssemblerTest* test,
                            std::string_view content,
                            std::size_t piece,
                            Taken* taken) {
    const Assembler::Parts parts{test->intake_, test->clock_, test->random_};
    Assembler assembler(parts, std::make_shared<const Rules>(test->rules_), test->submission_);
    for (std::size_t at = 0; at < content.size(); at += piece) {
      co_await assembler.Add(content.substr(at, piece));
    }
    *taken = co_await assembler.Finish();
  }

  Submission submission_;
};

TEST_F(AssemblerTest, EveryCutGivesTheSameMessage) {
  const std::string content = MessageOf("line\r\n.\r\nend\r\n");
  for (std::size_t piece = 1; piece <= content.size(); ++piece) {
    const Taken taken = Submit(content, piece);
    ASSERT_FALSE(taken.refusal) << piece;
    EXPECT_EQ(Content(piece - 1), content);
    EXPECT_EQ(taken.receipt.internet_message_id, "<m@example.test>");
    const FakeIntake::Kept& kept = intake_.messages[piece - 1];
    EXPECT_EQ(kept.content.substr(kept.message.header_bytes), "line\r\n.\r\nend\r\n");
  }
}

TEST_F(AssemblerTest, NobodyForgesFieldsOfTheOrganization) {
  const std::string forged =
      "X-MS-Exchange-Organization-AuthAs: Internal\r\n"
      "x-ms-exchange-organization-SCL : -1\r\n folded\r\n"
      "X-MS-Exchange-Forest-RulesExecuted: r\r\n"
      "X-MS-Exchange-CrossPremises-SCL: -1\r\n";
  const std::string fields =
      "Received: from x by y; z\r\nSubject: s\r\nMessage-ID: <m@a.test>\r\n"
      "Date: Mon, 1 Jan 2024 00:00:00 +0000\r\n";
  for (const std::size_t piece : {std::size_t{1}, std::size_t{17}, std::size_t{5000}}) {
    ASSERT_FALSE(Submit(forged + fields + "\r\nbody\r\n", piece).refusal);
    const FakeIntake::Kept& kept = intake_.messages.back();
    EXPECT_THAT(kept.content, EndsWith(fields + "\r\nbody\r\n"));
    EXPECT_EQ(kept.content.find("xchange"), std::string::npos) << kept.content;
    EXPECT_EQ(kept.message.size, kept.content.size());
    EXPECT_EQ(kept.content.substr(kept.message.header_bytes), "body\r\n");
  }
}

TEST_F(AssemblerTest, WhatIsTheSendersAloneGoesToNobody) {
  const std::string fields =
      "Subject: s\r\nBcc: c@example.org,\r\n d@example.org\r\nReturn-Path: <x@y>\r\n"
      "Message-ID: <m@a.test>\r\nDate: Mon, 1 Jan 2024 00:00:00 +0000\r\n";
  ASSERT_FALSE(Submit(fields + "\r\nBcc: body\r\n").refusal);
  const FakeIntake::Kept& kept = intake_.messages.back();
  EXPECT_THAT(kept.content, EndsWith("\r\nSubject: s\r\nMessage-ID: <m@a.test>\r\n"
                                     "Date: Mon, 1 Jan 2024 00:00:00 +0000\r\n\r\nBcc: body\r\n"));
  EXPECT_EQ(kept.content.substr(kept.message.header_bytes), "Bcc: body\r\n");
  EXPECT_EQ(kept.message.size, kept.content.size());
}

TEST_F(AssemblerTest, ATrustedPeerBringsWhatItMay) {
  submission_.headers.rights = {.organization = true, .routing = true};
  ASSERT_FALSE(Submit("X-MS-Exchange-Organization-SCL: 1\r\nX-MS-Exchange-Forest-A: x\r\n"
                      "X-MS-Exchange-CrossPremises-SCL: 2\r\n\r\nbody\r\n")
                   .refusal);
  const std::string& content = intake_.messages.back().content;
  EXPECT_NE(content.find("X-MS-Exchange-Organization-SCL: 1\r\n"), std::string::npos);
  EXPECT_EQ(content.find("Forest"), std::string::npos);
  EXPECT_EQ(content.find("CrossPremises"), std::string::npos);

  // Servers of ours among themselves.
  submission_.headers = {mail::HeaderRights::All(), mail::CrossPremises::kKeep};
  const std::string all = "X-MS-Exchange-Forest-A: x\r\nX-MS-Exchange-CrossPremises-SCL: 2\r\n";
  ASSERT_FALSE(Submit(all + "\r\nbody\r\n").refusal);
  EXPECT_THAT(intake_.messages.back().content, EndsWith(all + "\r\nbody\r\n"));
}

TEST_F(AssemblerTest, TheHeaderSaysThatTlsIsOptional) {
  const std::string content = "TLS-Required: No\r\n" + MessageOf("x\r\n");
  for (const std::size_t piece : {std::size_t{1}, std::size_t{5000}}) {
    ASSERT_FALSE(Submit(content, piece).refusal);
    EXPECT_TRUE(intake_.messages.back().message.envelope.tls_optional);
  }
  submission_.envelope.tls_optional = true;
  ASSERT_FALSE(Submit(MessageOf("TLS-Required: No\r\n")).refusal);
  EXPECT_FALSE(intake_.messages.back().message.envelope.tls_optional) << "only the header says it";
  submission_.envelope.require_tls = true;
  ASSERT_FALSE(Submit(content).refusal);
  EXPECT_FALSE(intake_.messages.back().message.envelope.tls_optional);
  EXPECT_TRUE(intake_.messages.back().message.envelope.require_tls);
}

TEST_F(AssemblerTest, WithRequireTlsAKeyIsOfAnotherMessage) {
  submission_.idempotency_key = "key";
  ASSERT_FALSE(Submit(MessageOf("x\r\n")).refusal);
  submission_.envelope.require_tls = true;
  ASSERT_FALSE(Submit(MessageOf("x\r\n")).refusal);
  EXPECT_NE(intake_.messages.at(0).message.content_hash,
            intake_.messages.at(1).message.content_hash);
}

TEST_F(AssemblerTest, AMessageThatIsAllForgedHeaderKeepsItsStamp) {
  ASSERT_FALSE(Submit("X-MS-Exchange-Organization-SCL: 1\r\n").refusal);
  const FakeIntake::Kept& kept = intake_.messages.back();
  EXPECT_THAT(kept.content, StartsWith("Received: "));
  EXPECT_EQ(kept.content.find("xchange"), std::string::npos);
  EXPECT_EQ(kept.message.header_bytes, kept.content.size());
}

TEST_F(AssemblerTest, AMessageAsksForThePriorityThatItsHeaderNames) {
  const std::pair<const char*, model::Priority> rows[] = {
      {"", model::Priority::kNormal},
      {"X-Priority: 1 (Highest)\r\n", model::Priority::kHigh},
      {"Importance: low\r\n", model::Priority::kLow},
      {"Importance: low\r\nX-Priority: 2\r\n", model::Priority::kHigh}};
  for (const auto& [fields, priority] : rows) {
    ASSERT_FALSE(Submit(std::string(fields) + MessageOf(""), 262144).refusal);
    EXPECT_EQ(intake_.messages.back().message.priority, priority) << fields;
  }
}

TEST_F(AssemblerTest, SmallStaysInMemoryAndLargeGoesToTheStore) {
  struct Row {
    std::size_t bytes;
    bool in_memory;
  };

  const Row rows[] = {{1000, true},    {60000, true},   {250000, true},
                      {262144, false}, {600000, false}, {2'000'000, false}};
  for (const Row& row : rows) {
    std::string content = MessageOf("");
    while (content.size() < row.bytes)
      content += std::string(500, 'x') + "\r\n";
    ASSERT_FALSE(Submit(content, 262144).refusal);
    const FakeIntake::Kept& kept = intake_.messages.back();
    EXPECT_EQ(kept.message.body != nullptr, row.in_memory) << row.bytes;
    EXPECT_THAT(kept.content, EndsWith(content)) << row.bytes;
    EXPECT_EQ(kept.message.size, kept.content.size()) << row.bytes;
  }
  for (const std::size_t bytes : intake_.chunk_bytes)
    EXPECT_LE(bytes, model::kChunkBytes);
}

TEST_F(AssemblerTest, RefusalsFitBothEdges) {
  struct Row {
    std::string content;
    std::string answer;
    absl::StatusCode status;
  };

  std::string loop;
  for (int i = 0; i < 31; ++i)
    loop += "Received: by x\r\n";
  rules_.policy.max_receive_size = 100000;
  const Row rows[] = {
      {MessageOf("a\nb"), "554 5.6.0 ", absl::StatusCode::kInvalidArgument},
      {MessageOf("a\rb"), "554 5.6.0 ", absl::StatusCode::kInvalidArgument},
      {MessageOf("a\r"), "554 5.6.0 ", absl::StatusCode::kInvalidArgument},
      {MessageOf(std::string("a\0b", 3)), "554 5.6.0 ", absl::StatusCode::kInvalidArgument},
      {MessageOf(std::string(70000, 'x')), "554 5.6.0 ", absl::StatusCode::kInvalidArgument},
      {MessageOf(std::string(100001, 'x')), "552 5.3.4 ", absl::StatusCode::kOutOfRange},
      {loop + MessageOf(""), "554 5.4.6 ", absl::StatusCode::kFailedPrecondition},
  };
  for (const Row& row : rows) {
    const Taken taken = Submit(row.content);
    ASSERT_TRUE(taken.refusal) << row.answer;
    EXPECT_THAT(taken.refusal->ToString(), StartsWith(row.answer));
    EXPECT_EQ(taken.refusal->status, row.status);
  }
  EXPECT_EQ(intake_.count(), 0u);
}

TEST_F(AssemblerTest, AChunkThatCannotBeKeptIsTheAnswer) {
  intake_.chunk_answer = absl::ResourceExhaustedError("disk full");
  std::string content = MessageOf("");
  while (content.size() < 600000)
    content += std::string(500, 'x') + "\r\n";
  const Taken taken = Submit(content);
  ASSERT_TRUE(taken.refusal);
  EXPECT_THAT(taken.refusal->ToString(), StartsWith("452 4.3.1"));
}

TEST_F(AssemblerTest, TheHashIsOfEnvelopeAndContentAndNotOfTheStamp) {
  submission_.idempotency_key = "key";
  const auto hash = [this](std::string_view content, std::size_t piece) {
    Submit(content, piece);
    return intake_.messages.back().message.content_hash;
  };
  const std::string first = hash("Subject: t\r\n\r\nx\r\n", 3);
  EXPECT_EQ(first.size(), 32u);
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(hash("Subject: t\r\n\r\nx\r\n", 100), first);
  EXPECT_NE(hash("Subject: t\r\n\r\ny\r\n", 100), first);
  submission_.envelope.recipients[0].address = "c@example.net";
  EXPECT_NE(hash("Subject: t\r\n\r\nx\r\n", 100), first);
}

TEST_F(AssemblerTest, TheOriginalSizeIsThatOfWhatCame) {
  const std::string content = MessageOf("x\r\n");
  ASSERT_FALSE(Submit(content).refusal);
  EXPECT_EQ(intake_.messages.at(0).message.original_size, content.size());
  EXPECT_GT(intake_.messages.at(0).message.size, content.size()) << "with our Received";
  // Who submits cannot make a message smaller than it is.
  const std::string lie = base::Cat("X-MS-Exchange-Organization-OriginalSize: 1\r\n", content);
  ASSERT_FALSE(Submit(lie).refusal);
  EXPECT_EQ(intake_.messages.at(1).message.original_size, lie.size());
}

TEST_F(AssemblerTest, ARelayedMessageKeepsWhatItBrings) {
  model::Message relayed;
  relayed.envelope = submission_.envelope;
  relayed.recipients.resize(1);
  relayed.recipients[0].attempts = 3;
  relayed.original_size = 77;
  relayed.notice = true;
  relayed.accepted = absl::FromUnixSeconds(1'700'000'000);
  relayed.servers = {"mbx-1"};
  relayed.source_name = "SMTP:relay";
  relayed.source_ip = "192.0.2.1";
  relayed.relay_key = "key";
  submission_.relayed = relayed;
  submission_.helo = "mbx-1";
  submission_.source_ip = "10.0.0.1";
  const std::string content = base::Cat("Received: by mbx-1\r\n", MessageOf("x\r\n"));
  ASSERT_FALSE(Submit(content).refusal);
  const FakeIntake::Kept& kept = intake_.messages.at(0);
  EXPECT_EQ(kept.message.envelope, relayed.envelope);
  EXPECT_EQ(kept.message.recipients[0].attempts, 3u);
  EXPECT_EQ(kept.message.original_size, 77u);
  EXPECT_TRUE(kept.message.notice);
  EXPECT_EQ(kept.message.accepted, relayed.accepted);
  EXPECT_EQ(kept.message.servers, relayed.servers);
  EXPECT_EQ(kept.message.source_name, "SMTP:relay");
  EXPECT_EQ(kept.message.source_ip, "192.0.2.1");
  EXPECT_EQ(kept.message.relay_key, "key");
  EXPECT_EQ(kept.message.content_hash, "");
  EXPECT_EQ(kept.message.internet_message_id, "<m@example.test>");
  EXPECT_EQ(kept.message.size, kept.content.size());
  EXPECT_THAT(kept.content, StartsWith("Received: from mbx-1 ([10.0.0.1])"));
  EXPECT_THAT(kept.content, EndsWith(content)) << "with one field more, and no byte changed";
}

TEST_F(AssemblerTest, ContentWithoutAHeaderIsAllBody) {
  ASSERT_FALSE(Submit("just text\r\n").refusal);
  const FakeIntake::Kept& kept = intake_.messages.at(0);
  EXPECT_EQ(kept.content.substr(kept.message.header_bytes), "just text\r\n");
  EXPECT_THAT(kept.content.substr(0, kept.message.header_bytes), EndsWith("\r\n\r\n"));
}

}  // namespace
}  // namespace postern::accept::testing
