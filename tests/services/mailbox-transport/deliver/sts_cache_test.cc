#include "services/mailbox-transport/deliver/sts_cache.h"

#include "gtest/gtest.h"

#include "common/base/text.h"
#include "tests/support/fake_clock.h"
#include "tests/support/memory_store.h"

namespace postern::deliver {
namespace {

class StsCacheTest : public ::testing::Test {
 protected:
  smtp::KnownSts Policy(std::string domain, std::string id, absl::Duration left) const {
    smtp::KnownSts known;
    known.domain = std::move(domain);
    known.policy.id = std::move(id);
    known.policy.mode = mail::StsMode::kEnforce;
    known.policy.mx = {"mx1.example.test", "*.example.test"};
    known.policy.max_age = absl::Hours(24);
    known.expires = absl::FromUnixSeconds(absl::ToUnixSeconds(clock_.Now() + left));
    return known;
  }

  testing::FakeClock clock_;
  testing::MemoryStore store_{clock_};
};

TEST_F(StsCacheTest, APolicyIsThereAfterARestart) {
  const smtp::KnownSts known = Policy("example.test", "1", absl::Hours(1));
  {
    StsCache cache(store_, clock_);
    cache.Keep(known);
    EXPECT_EQ(cache.Find("example.test"), known);
    EXPECT_EQ(cache.Find("other.test"), std::nullopt);
  }
  StsCache again(store_, clock_);
  EXPECT_TRUE(again.Restore().ok());
  EXPECT_EQ(again.Find("example.test"), known);
}

TEST_F(StsCacheTest, AnExpiredPolicyIsNotFoundAndNotRestored) {
  StsCache cache(store_, clock_);
  cache.Keep(Policy("example.test", "1", absl::Hours(1)));
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(cache.Find("example.test"), std::nullopt);
  StsCache again(store_, clock_);
  EXPECT_TRUE(again.Restore().ok());
  EXPECT_EQ(again.size(), 0u);
  int left = 0;
  const auto count = [&left](std::string_view, std::string_view) { ++left; };
  EXPECT_TRUE(store_.ScanPolicies(count).ok());
  EXPECT_EQ(left, 0);
}

TEST_F(StsCacheTest, AnOlderAnswerDoesNotReplaceANewerOne) {
  StsCache cache(store_, clock_);
  cache.Keep(Policy("example.test", "2", absl::Hours(2)));
  cache.Keep(Policy("example.test", "1", absl::Hours(1)));
  EXPECT_EQ(cache.Find("example.test")->policy.id, "2");
  cache.Keep(Policy("example.test", "3", absl::Hours(3)));
  EXPECT_EQ(cache.Find("example.test")->policy.id, "3");
}

TEST_F(StsCacheTest, ANewerPolicyReplacesOneThatExpiresLater) {
  StsCache cache(store_, clock_);
  smtp::KnownSts old = Policy("example.test", "1", absl::Hours(24 * 30));
  old.policy.max_age = absl::Hours(24 * 30);
  cache.Keep(old);
  clock_.Advance(absl::Hours(1));
  cache.Keep(Policy("example.test", "2", absl::Hours(24)));
  EXPECT_EQ(cache.Find("example.test")->policy.id, "2");
  cache.Keep(old);
  EXPECT_EQ(cache.Find("example.test")->policy.id, "2");
}

TEST_F(StsCacheTest, WhatCannotBeReadIsForgotten) {
  store_.PutPolicy("example.test", "\xFF nonsense");
  StsCache cache(store_, clock_);
  EXPECT_TRUE(cache.Restore().ok());
  EXPECT_EQ(cache.size(), 0u);
}

TEST_F(StsCacheTest, TheOneThatIsNotAskedForMakesRoomHoweverLongItHolds) {
  StsCache cache(store_, clock_);
  cache.Keep(Policy("short.test", "1", absl::Hours(1)));
  for (std::size_t i = 1; i < kStsDomainsMax; ++i)
    cache.Keep(Policy(base::Cat("d", i, ".test"), "1", absl::Hours(9000)));
  clock_.Advance(absl::Minutes(1));
  EXPECT_TRUE(cache.Find("short.test").has_value());
  for (int i = 0; i < 10; ++i)
    cache.Keep(Policy(base::Cat("more", i, ".test"), "1", absl::Hours(9000)));
  EXPECT_EQ(cache.size(), kStsDomainsMax);
  EXPECT_TRUE(cache.Find("short.test").has_value());
  EXPECT_FALSE(cache.Find("d1.test").has_value());
  EXPECT_TRUE(cache.Find("more9.test").has_value());
}

}  // namespace
}  // namespace postern::deliver
