#include "common/kubernetes/source.h"

#include <atomic>
#include <filesystem>
#include <fstream>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <unistd.h>

#include "common/base/text.h"
#include "tests/support/kubernetes/api_server.h"

namespace postern::kubernetes {
namespace {

using ::testing::HasSubstr;
using testing::KubernetesObject;

class KubernetesSourceTest : public ::testing::Test {
 protected:
  KubernetesSourceTest() {
    cache_ = base::Cat("/tmp/postern-kubernetes-", ::getpid(), ".cache");
    std::filesystem::remove(cache_);
    directory_.cache.value = cache_;
    directory_.quiet_time.value = absl::Milliseconds(5);
    settings_ = api_.settings();
    Site("main");
  }

  ~KubernetesSourceTest() override {
    source_.reset();
    std::filesystem::remove(cache_);
  }

  void Site(const std::string& name, const std::string& comment = "") {
    api_.Put("sites",
             KubernetesObject("Site", name, base::Cat(R"({"comment":")", comment, R"("})")));
  }

  absl::Status Start() {
    source_.reset();
    access_ = *Access::Make(settings_);
    source_ = std::make_unique<KubernetesSource>(directory_, settings_, *access_);
    changes_ = 0;
    return source_->Start([this](const directory::SnapshotPtr&) { ++changes_; });
  }

  std::string Sites() const {
    std::string text;
    for (const directory::Site& site : source_->current()->sites())
      text += base::Cat(text.empty() ? "" : " ", site.name,
                        site.comment.empty() ? "" : base::Cat(":", site.comment));
    return text;
  }

  bool Comes(const std::string& sites) const {
    return api_.Await([&] { return Sites() == sites; });
  }

  bool GoesStale() const {
    return api_.Await([&] { return source_->readings().stale; });
  }

  bool IsFresh() const {
    return api_.Await([&] { return !source_->readings().stale; });
  }

  bool Watches() const {
    return api_.Await([&] { return api_.watches() == 6; });
  }

  testing::ApiServer api_;
  std::string cache_;
  directory::DirectorySettings directory_;
  KubernetesSettings settings_;
  std::optional<Access> access_;
  std::unique_ptr<KubernetesSource> source_;
  std::atomic<int> changes_{0};
};

TEST_F(KubernetesSourceTest, WhatIsThereIsTheDirectory) {
  ASSERT_TRUE(Start().ok());
  EXPECT_EQ(Sites(), "main");
  EXPECT_TRUE(IsFresh());
  EXPECT_TRUE(api_.Await([&] { return source_->readings().last_load_ok; }));
  EXPECT_EQ(source_->readings().generation, 1u);
}

TEST_F(KubernetesSourceTest, CreatesUpdatesAndDeletesAreFollowed) {
  ASSERT_TRUE(Start().ok());
  ASSERT_TRUE(Watches());
  Site("other");
  EXPECT_TRUE(Comes("main other"));
  Site("other", "x");
  EXPECT_TRUE(Comes("main other:x"));
  api_.Remove("sites", "main");
  EXPECT_TRUE(Comes("other:x"));
  EXPECT_TRUE(api_.Await([this] { return changes_ == 3; }));
  EXPECT_EQ(api_.CountOf("limit="), 6u);
}

TEST_F(KubernetesSourceTest, EveryKindIsFollowed) {
  ASSERT_TRUE(Start().ok());
  api_.Put("transportservers", KubernetesObject("TransportServer", "mbx-0", R"({"site":"main"})"));
  api_.Put("sitelinks", KubernetesObject("SiteLink", "link", R"({"sites":["main","main2"]})"));
  Site("main2");
  api_.Put("accepteddomains",
           KubernetesObject("AcceptedDomain", "contoso", R"({"domainName":"contoso.com"})"));
  api_.Put("transportconfigs",
           KubernetesObject("TransportConfig", "org", R"({"maxRecipientEnvelopeLimit":7})"));
  api_.Put("sendconnectors", KubernetesObject("SendConnector", "internet", R"({
    "name":"Internet","usage":"Internet","addressSpaces":["*"],"port":25,"enabled":true,
    "sourceTransportServers":["mbx-0"]})"));
  EXPECT_TRUE(api_.Await([&] {
    const auto now = source_->current();
    return now->servers().size() == 1 && now->links().size() == 1 && now->domains().size() == 1 &&
           now->connectors().size() == 1 && now->config().max_recipient_envelope_limit == 7;
  }));
}

TEST_F(KubernetesSourceTest, AListComesInPages) {
  settings_.list_page.value = 2;
  for (const char* name : {"a", "b", "c", "d"})
    Site(name);
  ASSERT_TRUE(Start().ok());
  EXPECT_EQ(Sites(), "a b c d main");
  EXPECT_EQ(api_.CountOf("sites?limit=2"), 3u);
}

TEST_F(KubernetesSourceTest, AWatchGoesOnWhereItBroke) {
  ASSERT_TRUE(Start().ok());
  ASSERT_TRUE(Watches());
  api_.Breaks();
  Site("other");
  EXPECT_TRUE(Comes("main other"));
  EXPECT_TRUE(IsFresh());
  EXPECT_EQ(api_.CountOf("limit="), 6u);
}

TEST_F(KubernetesSourceTest, AWatchThatEndsInPeaceIsNoFailure) {
  settings_.watch_time.value = absl::Seconds(1);
  ASSERT_TRUE(Start().ok());
  ASSERT_TRUE(Watches());
  EXPECT_TRUE(api_.Await([&] { return api_.CountOf("sites?watch=1") >= 2; }));
  EXPECT_EQ(source_->readings().failures, 0u);
  Site("other");
  EXPECT_TRUE(Comes("main other"));
}

TEST_F(KubernetesSourceTest, ABookmarkIsWhereTheNextWatchBegins) {
  ASSERT_TRUE(Start().ok());
  ASSERT_TRUE(Watches());
  Site("other");  // the versions of other kinds move on by bookmarks only
  ASSERT_TRUE(Comes("main other"));
  api_.Bookmarks();
  absl::SleepFor(absl::Milliseconds(50));
  api_.Breaks();
  EXPECT_TRUE(api_.Await([&] { return api_.CountOf("sitelinks?watch=1") == 2; }));
  EXPECT_EQ(api_.CountOf("sitelinks?watch=1&allowWatchBookmarks=true&resourceVersion=101"), 1u);
  EXPECT_EQ(api_.CountOf("sitelinks?watch=1&allowWatchBookmarks=true&resourceVersion=102"), 1u);
}

TEST_F(KubernetesSourceTest, WhatIsGoneIsListedAgain) {
  ASSERT_TRUE(Start().ok());
  ASSERT_TRUE(Watches());
  Site("other");
  api_.Remove("sites", "main");
  api_.Compacts();
  EXPECT_TRUE(Comes("other"));
  EXPECT_TRUE(IsFresh());
  EXPECT_GE(api_.CountOf("sites?limit="), 2u);
}

TEST_F(KubernetesSourceTest, TheLastDirectoryServesWhateverTheServerSays) {
  ASSERT_TRUE(Start().ok());
  const auto faults = {+[](testing::ApiServer& api) { api.Refuses(500); },
                       +[](testing::ApiServer& api) { api.Refuses(403); },
                       +[](testing::ApiServer& api) { api.Babbles(); },
                       +[](testing::ApiServer& api) { api.Leaves(); },
                       +[](testing::ApiServer& api) { api.RotatesToken(false); }};
  int round = 0;
  std::string before = "main";
  for (const auto fault : faults) {
    ASSERT_TRUE(Watches());
    fault(api_);
    api_.Breaks();
    ASSERT_TRUE(GoesStale()) << round;
    const auto away = source_->readings();
    EXPECT_FALSE(away.last_load_ok);
    EXPECT_NE(away.last_error, "");
    EXPECT_LE(away.stale_since, absl::Now());
    EXPECT_EQ(Sites(), before);
    Site("main", base::Cat(++round));
    api_.RotatesToken(true);
    api_.Recovers();
    before = base::Cat("main:", round);
    ASSERT_TRUE(Comes(before)) << round;
    ASSERT_TRUE(IsFresh());
    EXPECT_TRUE(source_->readings().last_load_ok);
  }
}

TEST_F(KubernetesSourceTest, AServerThatNeverAnswersIsGivenUp) {
  settings_.request_timeout.value = absl::Milliseconds(100);
  settings_.watch_silence.value = absl::Milliseconds(100);
  ASSERT_TRUE(Start().ok());
  api_.Stalls();
  EXPECT_TRUE(GoesStale());
  EXPECT_EQ(Sites(), "main");
  api_.Recovers();
  Site("other");
  EXPECT_TRUE(Comes("main other"));
}

TEST_F(KubernetesSourceTest, AWatchThatIsNotGrantedInTimeIsTriedAgain) {
  settings_.request_timeout.value = absl::Milliseconds(100);
  ASSERT_TRUE(Start().ok());
  ASSERT_TRUE(Watches());
  api_.Stalls();
  EXPECT_TRUE(api_.Await([&] { return api_.CountOf("sites?watch=1") >= 3; }));
}

TEST_F(KubernetesSourceTest, ASilentWatchIsTakenForLost) {
  settings_.watch_silence.value = absl::Milliseconds(50);
  ASSERT_TRUE(Start().ok());
  EXPECT_TRUE(api_.Await([&] { return api_.CountOf("sites?watch=1") >= 3; }));
  EXPECT_EQ(api_.CountOf("limit="), 6u);
}

TEST_F(KubernetesSourceTest, ARetryAfterIsKept) {
  settings_.retry_most.value = absl::Seconds(2);
  ASSERT_TRUE(Start().ok());
  ASSERT_TRUE(Watches());
  api_.Refuses(429, "60");
  ASSERT_TRUE(GoesStale());
  absl::SleepFor(absl::Milliseconds(300));
  // One broken watch each, and one more try that was told to come later.
  EXPECT_LE(api_.CountOf("watch=1"), 12u);
}

TEST_F(KubernetesSourceTest, ResourcesThatBreakARuleChangeNothing) {
  ASSERT_TRUE(Start().ok());
  ASSERT_TRUE(Watches());
  api_.Put("transportservers",
           KubernetesObject("TransportServer", "mbx-0", R"({"site":"nowhere"})"));
  Site("other");
  ASSERT_TRUE(api_.Await([&] { return source_->readings().failures > 0; }));
  ASSERT_TRUE(
      api_.Await([&] { return source_->view().objects[directory::Kind::kSite].size() == 2; }));
  EXPECT_EQ(Sites(), "main");
  EXPECT_FALSE(source_->readings().last_load_ok);
  EXPECT_FALSE(source_->readings().stale);
  EXPECT_THAT(source_->readings().last_error,
              HasSubstr(R"(transportservers/mbx-0: spec.site: "nowhere": there is no Site of)"));
  EXPECT_THAT(source_->view().findings["transportservers/mbx-0"], HasSubstr("there is no Site"));
  api_.Remove("transportservers", "mbx-0");
  EXPECT_TRUE(Comes("main other"));
  EXPECT_TRUE(source_->view().findings.empty());
}

TEST_F(KubernetesSourceTest, TwoOfOneNameAreNamedWithoutLines) {
  const std::string domain = R"({"domainName":"contoso.com"})";
  api_.Put("accepteddomains", KubernetesObject("AcceptedDomain", "a", domain));
  api_.Put("accepteddomains", KubernetesObject("AcceptedDomain", "b", domain));
  settings_.start_timeout.value = absl::Milliseconds(200);
  const absl::Status status = Start();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.ToString(), HasSubstr("is already in accepteddomains/a"));
}

TEST_F(KubernetesSourceTest, AStartWithoutTheServerUsesTheCopy) {
  ASSERT_TRUE(Start().ok());
  source_->Stop();
  api_.Leaves();
  settings_.start_timeout.value = absl::Milliseconds(50);
  ASSERT_TRUE(Start().ok());
  EXPECT_EQ(Sites(), "main");
  EXPECT_TRUE(source_->current()->stale());
  EXPECT_TRUE(source_->readings().stale);
  api_.Recovers();
  EXPECT_TRUE(api_.Await([&] { return !source_->current()->stale(); }));
  EXPECT_TRUE(IsFresh());
}

TEST_F(KubernetesSourceTest, AStartWithNeitherSaysWhy) {
  api_.Refuses(403);
  settings_.start_timeout.value = absl::Seconds(2);
  const absl::Status status = Start();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.ToString(), HasSubstr("the API server answers 403"));
  EXPECT_THAT(status.ToString(), HasSubstr("and no copy"));
}

TEST_F(KubernetesSourceTest, AServerOfAnotherAuthorityIsNotTrusted) {
  const testing::CertificateAuthority stranger("Another authority");
  settings_.ca_file.value = stranger.ca_file();
  settings_.start_timeout.value = absl::Seconds(2);
  EXPECT_THAT(Start().ToString(), HasSubstr("certificate"));
  EXPECT_TRUE(api_.heard().empty());
}

TEST_F(KubernetesSourceTest, ChangesThatFollowOneAnotherAreOne) {
  directory_.quiet_time.value = absl::Milliseconds(200);
  ASSERT_TRUE(Start().ok());
  ASSERT_TRUE(Watches());
  for (int i = 0; i < 50; ++i)
    Site("main", base::Cat(i));
  ASSERT_TRUE(Comes("main:49"));
  // It is told a moment after it is there.
  EXPECT_TRUE(api_.Await([this] { return changes_ > 0; }));
  EXPECT_EQ(changes_, 1);
}

// A poll that took it, and then waited for more, would leave a change lying.
TEST(KubernetesWatchTest, WhatCameBetweenTwoPollsEndsTheNextAtOnce) {
  testing::ApiServer api;
  const KubernetesSettings settings = api.settings();
  const auto access = *Access::Make(settings);
  const auto channel = *access.channel();
  auto call = *access.Request("GET", base::Cat(access.PathOf(directory::Kind::kSite),
                                               "?watch=1&resourceVersion=0&timeoutSeconds=60"));
  bool opened = false;
  std::size_t came = 0;
  call.time_max = absl::Minutes(1);
  call.opened = [&] { opened = true; };
  call.take = [&](std::string_view piece) {
    came += piece.size();
    return true;
  };
  channel->Begin(std::move(call), [](const absl::StatusOr<http::Answer>&) {});
  while (!opened)
    channel->Poll(absl::Seconds(1));
  api.Put("sites", KubernetesObject("Site", "main", "{}"));
  absl::SleepFor(absl::Milliseconds(300));  // it lies in the socket by then
  const absl::Time began = absl::Now();
  while (came == 0)
    channel->Poll(absl::Seconds(10));
  EXPECT_LT(absl::Now() - began, absl::Seconds(8));
}

}  // namespace
}  // namespace postern::kubernetes
