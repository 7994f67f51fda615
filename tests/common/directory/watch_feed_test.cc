#include "common/directory/watch_feed.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"

namespace postern::directory {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A directory of sites: "a b:1" are the sites a and b, b with the comment 1.
ResourceIndexPtr SitesOf(const std::string& text) {
  SnapshotParts parts;
  for (const std::string_view word : base::Split(text, ' ')) {
    if (word.empty()) continue;
    const auto halves = base::Split(word, ':');
    Site& site = parts.sites.emplace_back();
    site.name = std::string(halves[0]);
    if (halves.size() > 1) site.comment = std::string(halves[1]);
  }
  return std::make_shared<const ResourceIndex>(MakeSnapshot(std::move(parts)));
}

std::string Told(const v1::WatchResourcesResponse& response) {
  const std::string& type = v1::WatchResourcesResponse::Type_Name(response.type());
  return response.has_resource() ? base::Cat(type, " ", MetadataOf(response.resource()).name())
                                 : type;
}

std::vector<std::string> Heard(WatchFeed& feed, const ResourceIndexPtr& now, int most = 100) {
  std::vector<std::string> told;
  for (int i = 0; i < most; ++i) {
    const auto next = feed.Next(now);
    if (!next) break;
    told.push_back(Told(*next));
  }
  return told;
}

TEST(WatchFeedTest, FirstAllThatIsThere) {
  WatchFeed feed("");
  const auto now = SitesOf("a b");
  EXPECT_FALSE(feed.Pulse().has_value());
  EXPECT_THAT(Heard(feed, now),
              ElementsAre("ADDED a", "ADDED b", "ADDED transport-config", "SYNCED"));
  EXPECT_THAT(Heard(feed, now), IsEmpty());
  ASSERT_TRUE(feed.Pulse().has_value());
  EXPECT_EQ(feed.Pulse()->snapshot_version(), now->snapshot().version());
}

TEST(WatchFeedTest, ThenWhatDiffers) {
  WatchFeed feed("");
  Heard(feed, SitesOf("a b:1 c"));
  EXPECT_THAT(Heard(feed, SitesOf("b:2 c d")),
              ElementsAre("DELETED a", "MODIFIED b", "ADDED d", "SYNCED"));
  EXPECT_THAT(Heard(feed, SitesOf("b:2 c d")), IsEmpty());
  EXPECT_THAT(Heard(feed, SitesOf("")),
              ElementsAre("DELETED b", "DELETED c", "DELETED d", "SYNCED"));
}

TEST(WatchFeedTest, WhoHasItAlreadyHearsThatItIsSo) {
  const auto now = SitesOf("a b");
  WatchFeed feed(now->snapshot().version());
  EXPECT_THAT(Heard(feed, now), ElementsAre("SYNCED"));
  EXPECT_THAT(Heard(feed, SitesOf("a")), ElementsAre("DELETED b", "SYNCED"));
}

TEST(WatchFeedTest, WhoHasAnotherForgetsItFirst) {
  WatchFeed feed("0123456789abcdef");
  EXPECT_THAT(Heard(feed, SitesOf("a")),
              ElementsAre("RESET", "ADDED a", "ADDED transport-config", "SYNCED"));
  EXPECT_THAT(Heard(feed, SitesOf("b")), ElementsAre("DELETED a", "ADDED b", "SYNCED"));
}

TEST(WatchFeedTest, ASlowWatcherEndsWhatWasBegunAndSkipsWhatCameBetween) {
  WatchFeed feed("");
  EXPECT_THAT(Heard(feed, SitesOf("a b"), 1), ElementsAre("ADDED a"));
  EXPECT_FALSE(feed.Pulse().has_value()) << "in the middle of a change";
  // Three changes later: the first directory is told to its end, then the newest.
  EXPECT_THAT(Heard(feed, SitesOf("a b:3 c")),
              ElementsAre("ADDED b", "ADDED transport-config", "SYNCED", "MODIFIED b", "ADDED c",
                          "SYNCED"));
}

TEST(WatchFeedTest, HoldsNoDirectoryButTheLastTwo) {
  WatchFeed feed("");
  std::weak_ptr<const ResourceIndex> first;
  {
    const auto begun = SitesOf("a b");
    first = begun;
    Heard(feed, begun, 1);
  }
  EXPECT_FALSE(first.expired()) << "it is being told";
  for (int i = 0; i < 10; ++i)
    Heard(feed, SitesOf(base::Cat("a b:", i)), 4);
  EXPECT_TRUE(first.expired());
}

}  // namespace
}  // namespace postern::directory
