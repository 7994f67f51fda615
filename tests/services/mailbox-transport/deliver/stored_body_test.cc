#include "services/mailbox-transport/deliver/stored_body.h"

#include "gtest/gtest.h"

#include "tests/support/await.h"
#include "tests/support/memory_store.h"

namespace postern::deliver {
namespace {

class StoredBodyTest : public ::testing::Test {
 protected:
  StoredBodyTest() { executor_.Start(); }

  ~StoredBodyTest() override { executor_.Stop(); }

  // A message in the store; `in_memory` also in memory.
  model::MessagePtr Message(std::string content, bool in_memory) {
    auto message = std::make_shared<model::Message>();
    message->id = store_.NextId();
    message->envelope.recipients.resize(1);
    message->recipients.resize(1);
    message->size = content.size();
    message->body = std::make_shared<const std::string>(std::move(content));
    store_.Put(message, [](const absl::Status& kept) { EXPECT_TRUE(kept.ok()) << kept; });
    if (!in_memory) message->body = nullptr;
    return message;
  }

  static io::Task<absl::StatusOr<std::string>> ReadAll(StoredBody* body) {
    const absl::Status begun = co_await body->Rewind();
    if (!begun.ok()) co_return begun;
    std::string all;
    while (true) {
      const auto part = co_await body->Next();
      if (!part.ok()) co_return part.status();
      if (part->empty()) co_return all;
      all.append(*part);
    }
  }

  absl::StatusOr<std::string> Read(StoredBody& body) {
    return testing::Await(executor_, ReadAll(&body));
  }

  io::Executor executor_{"stored"};
  io::DiskPool disk_{1};
  testing::MemoryStore store_;
};

TEST_F(StoredBodyTest, InMemoryItIsWhole) {
  StoredBody body(store_, disk_, Message("hello", true));
  EXPECT_EQ(body.whole(), "hello");
  EXPECT_EQ(*Read(body), "hello");
  EXPECT_EQ(*Read(body), "hello") << "again for the next host";
}

TEST_F(StoredBodyTest, ItsBeginningIsAtHandBeforeTheContentIsAskedFor) {
  StoredBody small(store_, disk_, Message("hello", true));
  EXPECT_EQ(small.beginning(), "hello");
  const std::string content = "begins" + std::string(2 * model::kChunkBytes, 'x');
  StoredBody body(store_, disk_, Message(content, false));
  EXPECT_EQ(body.beginning(), "");
  ASSERT_TRUE(testing::Await(executor_, body.Begin()).ok());
  EXPECT_EQ(body.beginning(), content.substr(0, model::kChunkBytes));
  EXPECT_EQ(*Read(body), content);
  EXPECT_EQ(body.beginning(), "") << "the chunk has gone";
}

TEST_F(StoredBodyTest, FromTheStoreItComesInChunks) {
  const std::string content(2 * model::kChunkBytes + 7, 'x');
  StoredBody body(store_, disk_, Message(content, false));
  EXPECT_EQ(body.whole(), "");
  EXPECT_EQ(body.size(), content.size());
  EXPECT_TRUE(*Read(body) == content);
  EXPECT_TRUE(*Read(body) == content);
}

TEST_F(StoredBodyTest, MissingChunkIsAnError) {
  const auto message = Message("hello", false);
  message->chunks = 2;
  StoredBody body(store_, disk_, message);
  EXPECT_TRUE(absl::IsNotFound(Read(body).status()));
}

}  // namespace
}  // namespace postern::deliver
