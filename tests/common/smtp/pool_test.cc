#include "common/smtp/pool.h"

#include "gtest/gtest.h"

#include "tests/support/memory_stream.h"

namespace postern::smtp {
namespace {

class PoolTest : public ::testing::Test {
 protected:
  static io::Endpoint At(std::uint8_t last) {
    io::Endpoint endpoint;
    endpoint.address = *io::IpAddress::Parse("192.0.2." + std::to_string(last));
    endpoint.port = 25;
    return endpoint;
  }

  SessionKey Key(std::uint8_t host) const { return {"mx", At(host), policy_, proof_, mx_set_}; }

  // An open session to the host with this number; null when there is no place.
  std::unique_ptr<PooledSession> Open(std::uint8_t host) {
    std::unique_ptr<PooledSession> pooled = pool_.Open(Key(host));
    if (pooled == nullptr) return nullptr;
    auto [ours, theirs] = testing::MemoryPipe();
    pooled->session = std::make_unique<Session>(std::move(ours), limits_);
    peers_.push_back(std::move(theirs));
    return pooled;
  }

  void Idle(std::uint8_t host, absl::Duration at = absl::ZeroDuration()) {
    pool_.Put(Open(host), start_ + at);
  }

  std::unique_ptr<PooledSession> Take(std::uint8_t host, absl::Duration at = absl::Seconds(1)) {
    return pool_.Take(Key(host), start_ + at);
  }

  Limits limits_;
  ConnectorPolicy policy_;
  std::string proof_;
  std::string mx_set_;
  absl::Time start_ = absl::FromUnixSeconds(1'800'000'000);
  std::vector<std::unique_ptr<io::Stream>> peers_;
  Pool pool_{limits_};
};

TEST_F(PoolTest, AnIdleSessionServesItsOwnKind) {
  Idle(1);
  EXPECT_EQ(Take(2), nullptr);
  ConnectorPolicy other = policy_;
  other.require_tls = true;
  EXPECT_EQ(pool_.Take(SessionKey{"mx", At(1), other, ""}, start_), nullptr);
  // Another name was checked, or a secret was read again.
  proof_ = "contoso.test";
  EXPECT_EQ(Take(1), nullptr);
  proof_.clear();
  EXPECT_NE(Take(1), nullptr);
  EXPECT_EQ(pool_.idle(), 0u);
  EXPECT_EQ(pool_.open(), 0u);
}

TEST_F(PoolTest, AnAddressIsOneServerUnderEachOfItsNames) {
  Idle(1);
  EXPECT_NE(pool_.Take(SessionKey{"other", At(1), policy_, ""}, start_), nullptr);
}

TEST_F(PoolTest, TheYoungestIsTakenFirst) {
  Idle(1, absl::Seconds(1));
  Idle(1, absl::Seconds(2));
  EXPECT_EQ(Take(1)->idle_since, start_ + absl::Seconds(2));
}

TEST_F(PoolTest, AnOldSessionIsNotTaken) {
  policy_.inactivity = absl::Seconds(5);
  Idle(1);
  EXPECT_EQ(Take(1, absl::Seconds(5)), nullptr);
  EXPECT_EQ(pool_.open(), 0u);
}

TEST_F(PoolTest, InactivityIsWhatTheConnectorSays) {
  policy_.inactivity = absl::Hours(24);
  Idle(1);
  EXPECT_EQ(pool_.next_expiry(), start_ + absl::Hours(24));
  pool_.Expire(start_ + absl::Hours(24) - absl::Seconds(1));
  EXPECT_EQ(pool_.open(), 1u);
  pool_.Expire(start_ + absl::Hours(24));
  EXPECT_EQ(pool_.open(), 0u);
  EXPECT_EQ(pool_.next_expiry(), absl::InfiniteFuture());
}

TEST_F(PoolTest, TheNextExpiryIsThatOfTheFirstToGoWhenItCameLater) {
  policy_.inactivity = absl::Hours(24);
  Idle(1);
  policy_.inactivity = absl::Seconds(30);
  Idle(2);
  EXPECT_EQ(pool_.next_expiry(), start_ + absl::Seconds(30));
  pool_.Expire(start_ + absl::Seconds(30));
  EXPECT_EQ(pool_.open(), 1u);
  EXPECT_EQ(pool_.next_expiry(), start_ + absl::Hours(24));
}

TEST_F(PoolTest, SessionsOfOneMxSetAreClosedWhenTheirPlacesAreNeeded) {
  policy_.connector = "Internet";
  mx_set_ = "10 mx";
  Idle(1);
  Idle(2);
  mx_set_ = "10 other";
  Idle(1);
  pool_.CloseIdle("Partner", "10 mx");
  EXPECT_EQ(pool_.idle(), 3u);
  pool_.CloseIdle("Internet", "10 mx");
  EXPECT_EQ(pool_.idle(), 1u);
  EXPECT_NE(Take(1), nullptr) << "of a session to the same host the set is no condition";
}

TEST_F(PoolTest, ASessionThatThePeerTouchedIsDropped) {
  Idle(1);
  Idle(1);
  peers_[1]->Close();
  std::unique_ptr<PooledSession> pooled = Take(1);
  ASSERT_NE(pooled, nullptr);
  EXPECT_EQ(pool_.open(), 1u);
  peers_[0]->Close();
  pool_.Put(std::move(pooled), start_);
  EXPECT_EQ(Take(1), nullptr);
}

TEST_F(PoolTest, ASpentSessionIsClosed) {
  policy_.messages_per_connection_max = 2;
  std::unique_ptr<PooledSession> pooled = Open(1);
  pooled->messages = 2;
  pool_.Put(std::move(pooled), start_);
  EXPECT_EQ(pool_.open(), 0u);
}

TEST_F(PoolTest, SessionsOfAHostAreBounded) {
  limits_.sessions_per_host_max = 2;
  const auto first = Open(1);
  auto second = Open(1);
  EXPECT_EQ(Open(1), nullptr);
  const auto elsewhere = Open(2);
  EXPECT_NE(elsewhere, nullptr);
  second.reset();
  EXPECT_NE(Open(1), nullptr);
}

TEST_F(PoolTest, TheOldestIdleSessionMakesRoom) {
  limits_.sessions_max = 2;
  Idle(2, absl::Seconds(1));
  Idle(1, absl::Seconds(2));
  const auto third = Open(3);
  EXPECT_NE(third, nullptr);
  EXPECT_EQ(Take(2, absl::Seconds(3)), nullptr);
  const auto first = Take(1, absl::Seconds(3));
  EXPECT_NE(first, nullptr);
  EXPECT_EQ(Open(4), nullptr);
}

}  // namespace
}  // namespace postern::smtp
