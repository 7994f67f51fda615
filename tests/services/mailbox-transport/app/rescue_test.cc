#include "services/mailbox-transport/app/rescue.h"

#include <filesystem>

#include "gmock/gmock.h"

#include "common/base/random.h"
#include "services/mailbox-transport/store/rocks_store.h"

namespace postern::app {
namespace {

using ::testing::HasSubstr;

class RescueTest : public ::testing::Test {
 protected:
  RescueTest() {
    options_.store_path = folder_;
    options_.server = "127.0.0.1:1";
    options_.rpc.insecure_plaintext.value = true;
    settings_.path.value = folder_;
  }

  ~RescueTest() override { std::filesystem::remove_all(folder_); }

  void Store(int messages) {
    auto store = store::RocksStore::Open(settings_, registry_);
    ASSERT_TRUE(store.ok()) << store.status();
    for (int i = 0; i < messages; ++i) {
      auto message = std::make_shared<model::Message>();
      message->id = (*store)->NextId();
      message->envelope.recipients.push_back({"bob@contoso.test"});
      message->recipients.resize(1);
      message->body = std::make_shared<const std::string>("Subject: x\r\n\r\nx\r\n");
      message->size = message->body->size();
      (*store)->Put(message, [](absl::Status status) { EXPECT_TRUE(status.ok()); });
    }
  }

  const std::string folder_ =
      (std::filesystem::temp_directory_path() / ("postern-rescue-" + base::Random::System().Uuid()))
          .string();
  observe::Registry registry_;
  store::StoreSettings settings_;
  RescueOptions options_;
};

TEST_F(RescueTest, AFolderWithoutAStoreIsToldAndNotMade) {
  const auto report = Rescue(options_);
  EXPECT_EQ(report.status().code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(folder_));
}

TEST_F(RescueTest, WhatNoServerTakesStaysInTheStore) {
  Store(3);
  for (int again = 0; again < 2; ++again) {
    const auto report = Rescue(options_);
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_EQ(report->found, 3u);
    EXPECT_EQ(report->rescued, 0u);
    EXPECT_EQ(report->kept, 3u);
    EXPECT_THAT(report->error, HasSubstr("127.0.0.1:1"));
  }
}

TEST_F(RescueTest, TheStoreOfARunningServiceIsLeftAlone) {
  auto running = store::RocksStore::Open(settings_, registry_);
  ASSERT_TRUE(running.ok());
  EXPECT_EQ(Rescue(options_).status().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace postern::app
