#include "services/mailbox-transport/admin/message_export.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "services/mailbox-transport/admin/message_actions.h"
#include "tests/services/mailbox-transport/admin/pipeline_fixture.h"
#include "tests/support/await.h"

namespace postern::admin {
namespace {

using ::testing::HasSubstr;

class MessageExportTest : public PipelineFixture {
 protected:
  absl::StatusOr<Exported> Find(const std::string& identity) {
    return testing::Await(first_, FindExport(*pipeline_, disk_, base::Clock::System(), identity));
  }

  void Suspend(const std::string& identity) {
    v1::MessageActionRequest request;
    request.set_action(v1::MESSAGE_ACTION_SUSPEND);
    request.set_identity(identity);
    v1::ActionResponse response;
    MessageActions actions(*pipeline_, disk_, base::Clock::System());
    ASSERT_TRUE(
        testing::Await(first_, actions.Answer(request, response, [] { return false; })).ok());
  }

  static io::Task<absl::Status> Keep(std::vector<std::string>* pieces, std::string piece) {
    pieces->push_back(std::move(piece));
    co_return absl::OkStatus();
  }

  absl::Status Read(Exported exported) {
    pieces_.clear();
    TakeContent take = [this](std::string piece) { return Keep(&pieces_, std::move(piece)); };
    return testing::Await(first_, ReadExport(store_, disk_, exported, std::move(take)));
  }

  std::vector<std::string> pieces_;
};

TEST_F(MessageExportTest, SuspendedMessageIsGivenAsItIsStored) {
  Directory("Some b.test");
  const std::string id = Accept({"x@nowhere.test"}).ToString();
  ASSERT_TRUE(Soon([&] { return !absl::IsNotFound(Find(id).status()); }));
  const auto early = Find(id);
  EXPECT_EQ(early.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(early.status().message()), HasSubstr("Suspend-Message comes first"));
  Suspend(id);
  const auto found = Find(id);
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_TRUE(Read(*found).ok());
  EXPECT_THAT(pieces_, ::testing::ElementsAre("Subject: hello\r\n\r\nhello\r\n"));
}

TEST_F(MessageExportTest, LargeContentComesInFrames) {
  auto message = std::make_shared<model::Message>();
  message->id = store_.NextId();
  message->envelope.recipients.resize(1);
  message->recipients.resize(1);
  std::string body(model::kChunkBytes + kExportFrameBytes + 7, 'x');
  message->body = std::make_shared<const std::string>(body);
  store_.Put(message, [](const absl::Status& status) { EXPECT_TRUE(status.ok()); });
  Exported exported{message->id, body.size(), 2};
  ASSERT_TRUE(Read(exported).ok());
  EXPECT_EQ(pieces_.size(), model::kChunkBytes / kExportFrameBytes + 2);
  std::string whole;
  for (const std::string& piece : pieces_) {
    EXPECT_LE(piece.size(), kExportFrameBytes);
    whole += piece;
  }
  EXPECT_EQ(whole, body);
  exported.size += 1;
  EXPECT_EQ(Read(exported).code(), absl::StatusCode::kDataLoss);
  exported.chunks = 3;
  EXPECT_EQ(Read(exported).code(), absl::StatusCode::kNotFound);
}

TEST_F(MessageExportTest, WhatIsNotThereIsNamed) {
  Directory("Some b.test");
  EXPECT_EQ(Find("").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Find("17").status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace postern::admin
