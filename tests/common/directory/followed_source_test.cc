#include "common/directory/followed_source.h"

#include <atomic>
#include <filesystem>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <unistd.h>

#include "common/base/text.h"
#include "common/directory/snapshot_cache.h"
#include "common/directory/watch_feed.h"
#include "tests/support/await.h"

namespace postern::directory {
namespace {

using postern::testing::Soon;

using ::testing::AllOf;
using ::testing::HasSubstr;

// The writer's side, in memory: what it serves, to how many, and whether it is there.
class MemoryWriter {
 public:
  class Stream final : public rpc::WatchStream {
   public:
    Stream(MemoryWriter& writer, const std::string& known) : writer_(writer), feed_(known) {}

    absl::StatusOr<v1::WatchResourcesResponse> Next(absl::Duration within) override {
      std::unique_lock lock(writer_.mutex_);
      const auto end = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(within);
      while (true) {
        if (cancelled_) return absl::CancelledError("cancelled");
        if (writer_.away_) return absl::UnavailableError("no route to the writer");
        if (writer_.answers_left_ == 0) return absl::UnavailableError("the connection broke");
        if (auto told = feed_.Next(writer_.now_)) {
          --writer_.answers_left_;
          if (writer_.spoil_) writer_.spoil_(*told);
          return *std::move(told);
        }
        if (writer_.wake_.wait_until(lock, end) == std::cv_status::timeout) {
          return absl::DeadlineExceededError("nothing was heard");
        }
      }
    }

    void Cancel() override {
      const std::lock_guard lock(writer_.mutex_);
      cancelled_ = true;
      writer_.wake_.notify_all();
    }

   private:
    MemoryWriter& writer_;
    WatchFeed feed_;
    bool cancelled_ = false;
  };

  // "a b:1": sites a and b, b with the comment 1.
  void Serve(const std::string& sites, int answers = 1000) {
    SnapshotParts parts;
    for (const std::string_view word : base::Split(sites, ' ')) {
      Site& site = parts.sites.emplace_back();
      site.name = std::string(word.substr(0, word.find(':')));
      site.comment = std::string(word.substr(std::min(word.size(), word.find(':'))));
    }
    const std::lock_guard lock(mutex_);
    now_ = std::make_shared<const ResourceIndex>(MakeSnapshot(std::move(parts)));
    answers_left_ = answers;
    away_ = false;
    wake_.notify_all();
  }

  void GoAway() {
    const std::lock_guard lock(mutex_);
    away_ = true;
    wake_.notify_all();
  }

  // The next answers arrive, then the connection breaks, again and again.
  void BreakAfter(int answers, const std::string& sites) { Serve(sites, answers); }

  void Spoil(std::function<void(v1::WatchResourcesResponse&)> spoil) {
    const std::lock_guard lock(mutex_);
    spoil_ = std::move(spoil);
  }

  std::unique_ptr<rpc::WatchStream> Open(const v1::WatchResourcesRequest& request) {
    const std::lock_guard lock(mutex_);
    ++calls_;
    known_ = request.snapshot_version();
    return std::make_unique<Stream>(*this, known_);
  }

  int calls() {
    const std::lock_guard lock(mutex_);
    return calls_;
  }

  std::string known() {
    const std::lock_guard lock(mutex_);
    return known_;
  }

  std::string version() {
    const std::lock_guard lock(mutex_);
    return now_->snapshot().version();
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  ResourceIndexPtr now_;
  bool away_ = true;
  int answers_left_ = 1000;
  std::function<void(v1::WatchResourcesResponse&)> spoil_;
  int calls_ = 0;
  std::string known_;
};

class FollowedSourceTest : public ::testing::Test {
 protected:
  FollowedSourceTest() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "postern-followed-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    settings_.writer.value = "writer.test:7172";
    settings_.writer_timeout.value = absl::Milliseconds(20);
    settings_.path.value = "/no/such/folder";
    settings_.cache.value = root_ + "/snapshot";
    waits_.retry_first = absl::Milliseconds(1);
    waits_.copy_after = absl::Milliseconds(1);
  }

  ~FollowedSourceTest() override {
    source_.reset();
    std::filesystem::remove_all(root_);
  }

  absl::Status Start() {
    source_ = std::make_unique<FollowedSource>(
        settings_, [this](const auto& request) { return writer_.Open(request); }, random_, waits_);
    return source_->Start([this](const SnapshotPtr&) { ++changes_; });
  }

  // With a writer that answers it takes as long as it takes.
  void StartWell() {
    settings_.writer_timeout.value = absl::Seconds(20);
    const absl::Status started = Start();
    ASSERT_TRUE(started.ok()) << started;
  }

  bool SoonServes(const std::string& site) {
    return Soon([&] { return source_->current()->FindSite(site) != nullptr; });
  }

  bool SoonStale(bool stale) {
    return Soon([&] { return source_->readings().stale == stale; });
  }

  std::string root_;
  DirectorySettings settings_;
  base::SeededRandom random_{1};
  FollowerWaits waits_;
  MemoryWriter writer_;
  std::atomic<int> changes_{0};
  std::unique_ptr<FollowedSource> source_;
};

TEST_F(FollowedSourceTest, WhatTheWriterServesIsServed) {
  writer_.Serve("a b");
  StartWell();
  EXPECT_EQ(source_->current()->version(), writer_.version());
  EXPECT_FALSE(source_->current()->stale());
  writer_.Serve("a c");
  EXPECT_TRUE(SoonServes("c"));
  EXPECT_EQ(source_->current()->FindSite("b"), nullptr);
  EXPECT_TRUE(Soon([&] { return changes_ >= 1; }));
  EXPECT_EQ(writer_.calls(), 1);
}

TEST_F(FollowedSourceTest, APartOfASnapshotIsNotApplied) {
  writer_.Serve("a b");
  StartWell();
  const std::string version = source_->current()->version();
  writer_.BreakAfter(2, "b:1 c d e");
  EXPECT_TRUE(Soon([&] { return writer_.calls() >= 2; }));
  EXPECT_EQ(source_->current()->version(), version) << "DELETED and MODIFIED came, SYNCED did not";
  EXPECT_TRUE(SoonStale(true));
  writer_.Serve("b:1 c d e");
  EXPECT_TRUE(SoonServes("e"));
  EXPECT_EQ(source_->current()->FindSite("a"), nullptr);
}

TEST_F(FollowedSourceTest, WhileTheWriterIsAwayTheLastOneServes) {
  writer_.Serve("a b");
  StartWell();
  const std::uint64_t generation = source_->readings().generation;
  writer_.GoAway();
  EXPECT_TRUE(SoonStale(true));
  EXPECT_NE(source_->current()->FindSite("a"), nullptr);
  EXPECT_THAT(source_->readings().last_error, HasSubstr("no route to the writer"));
  writer_.Serve("a b");
  EXPECT_TRUE(SoonStale(false));
  EXPECT_EQ(writer_.known(), writer_.version()) << "it says what it has";
  EXPECT_EQ(source_->readings().generation, generation) << "nothing is new";
  EXPECT_EQ(source_->readings().last_error, "");
}

TEST_F(FollowedSourceTest, AWriterThatSaysNothingIsLost) {
  waits_.silence_max = absl::Milliseconds(5);
  writer_.Serve("a");
  StartWell();
  EXPECT_TRUE(Soon([&] { return writer_.calls() >= 3; })) << "it is called again and again";
  EXPECT_THAT(source_->readings().last_error, ::testing::AnyOf("", "nothing was heard"));
}

TEST_F(FollowedSourceTest, TheCopyFollowsTheDirectory) {
  writer_.Serve("a");
  StartWell();
  const auto copied = [&] {
    const auto copy = LoadSnapshot(*settings_.cache);
    return copy.ok() && (*copy)->version() == writer_.version();
  };
  EXPECT_TRUE(Soon(copied));
  writer_.Serve("a b");
  EXPECT_TRUE(Soon(copied));
  waits_.copy_after = absl::Hours(1);
  StartWell();
  writer_.Serve("a b c");
  EXPECT_TRUE(SoonServes("c"));
  EXPECT_FALSE(copied()) << "it waits for more";
  source_->Stop();
  EXPECT_TRUE(copied()) << "at the end it is written";
}

TEST_F(FollowedSourceTest, ManyTriesMakeNoManyLinesAndEndWithTheWriter) {
  writer_.Serve("a");
  StartWell();
  writer_.GoAway();
  EXPECT_TRUE(Soon([&] { return source_->readings().failures >= 3; }));
  writer_.Serve("a z");
  EXPECT_TRUE(SoonServes("z"));
}

TEST_F(FollowedSourceTest, StartsFromTheCopyWhenTheWriterIsAway) {
  writer_.Serve("a b");
  StartWell();
  source_.reset();
  writer_.GoAway();
  settings_.writer_timeout.value = absl::Milliseconds(20);
  const absl::Status started = Start();
  ASSERT_TRUE(started.ok()) << started;
  EXPECT_NE(source_->current()->FindSite("b"), nullptr);
  EXPECT_TRUE(source_->current()->stale());
  EXPECT_TRUE(source_->readings().stale);
  const int before = changes_;
  writer_.Serve("a b");
  EXPECT_TRUE(Soon([&] { return changes_ > before; })) << "the same one, and not old any more";
  EXPECT_FALSE(source_->current()->stale());
  EXPECT_FALSE(source_->readings().stale);
}

TEST_F(FollowedSourceTest, ACopyOfAnotherDirectoryIsForgotten) {
  SnapshotParts parts;
  parts.sites.emplace_back().name = "old";
  ASSERT_TRUE(SaveSnapshot(*MakeSnapshot(std::move(parts)), *settings_.cache).ok());
  writer_.Serve("a");
  StartWell();
  EXPECT_NE(source_->current()->FindSite("a"), nullptr);
  EXPECT_EQ(source_->current()->FindSite("old"), nullptr);
}

TEST_F(FollowedSourceTest, WithNeitherWriterNorCopyItSaysWhatToDo) {
  const absl::Status status = Start();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(base::MessageOf(status)),
              AllOf(HasSubstr("its writer writer.test:7172: no route to the writer"),
                    HasSubstr(*settings_.cache), HasSubstr("start the writer")));
  settings_.cache.value = "";
  EXPECT_THAT(std::string(base::MessageOf(Start())), HasSubstr("directory.cache is not set"));
}

TEST_F(FollowedSourceTest, TheStartWaitsForAWriterThatComes) {
  settings_.writer_timeout.value = absl::Seconds(20);
  std::thread later([&] {
    while (writer_.calls() < 2)
      std::this_thread::yield();
    writer_.Serve("a");
  });
  const absl::Status started = Start();
  later.join();
  ASSERT_TRUE(started.ok()) << started;
  EXPECT_EQ(changes_, 0) << "never inside Start";
}

TEST_F(FollowedSourceTest, ADirectoryThatBreaksARuleIsNotApplied) {
  writer_.Serve("a");
  StartWell();
  writer_.Spoil([](v1::WatchResourcesResponse& told) {
    if (told.resource().has_site())
      told.mutable_resource()->mutable_site()->mutable_spec()->add_front_ends("?");
  });
  writer_.Serve("a b");
  EXPECT_TRUE(SoonStale(true));
  EXPECT_EQ(source_->current()->FindSite("b"), nullptr);
  EXPECT_THAT(source_->readings().last_error, HasSubstr("breaks a rule of this server"));
  writer_.Spoil(nullptr);
  EXPECT_TRUE(SoonServes("b"));
}

TEST_F(FollowedSourceTest, AKindOfANewerWriterIsPassedOver) {
  writer_.Spoil([](v1::WatchResourcesResponse& told) {
    if (told.resource().has_transport_config()) told.mutable_resource()->Clear();
  });
  writer_.Serve("a");
  StartWell();
  EXPECT_NE(source_->current()->FindSite("a"), nullptr);
}

TEST_F(FollowedSourceTest, TellsWhenTheWriterWasHeard) {
  const absl::Time before = absl::Now();
  writer_.Serve("a");
  StartWell();
  EXPECT_GE(source_->readings().writer_heard, before);
  EXPECT_LE(source_->readings().writer_heard, absl::Now());
}

}  // namespace
}  // namespace postern::directory
