#include "common/tls/session_cache.h"

#include <functional>
#include <optional>

#include "absl/time/clock.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/text.h"
#include "tests/common/tls/dane_records.h"
#include "tests/common/tls/raw_server.h"
#include "tests/common/tls/tls_test.h"

namespace postern::tls {
namespace {

class SessionCacheTest : public TlsTest {
 protected:
  SessionCacheTest() {
    files_ = ca_.Issue(testing::ForHost("mx.a.test"));
    raw_.emplace(files_);
  }

  static ClientContext::Peer Peer(std::string key = "mx.a.test") {
    ClientContext::Peer peer;
    peer.server_name = "mx.a.test";
    peer.demand.chain = true;
    peer.demand.names = {"mx.a.test"};
    peer.resumption_key = std::move(key);
    return peer;
  }

  // Both ends say a word, so that tickets come. "first", "resumed", or the reason.
  std::string Talk(ClientContext::Peer peer) {
    MeetAt(*raw_, client_context_, std::move(peer));
    if (!client_.ok()) return std::string(client_.status().message());
    EXPECT_EQ(Echoed("EHLO"), "EHLO");
    EXPECT_TRUE(testing::Await(executor_, WriteText(server_stream(), "250")).ok());
    EXPECT_EQ(testing::Await(executor_, ReadText(client_stream(), 3)), "250");
    EXPECT_EQ(client_->facts.resumed, server_->facts.resumed);
    return client_->facts.resumed ? "resumed" : "first";
  }

  testing::CertificateFiles files_;
  std::optional<RawServer> raw_;
};

TEST_F(SessionCacheTest, ASecondSessionIsResumedWithTheFactsOfTheFirst) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    raw_->SpeakOnly(version);
    ClientContext::Peer peer = Peer(base::Cat("key ", version));
    peer.describe = true;
    EXPECT_EQ(Talk(peer), "first");
    const Facts first = client_->facts;
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(Talk(peer), "resumed") << version;
      EXPECT_TRUE(client_->facts.verified);
      EXPECT_EQ(client_->facts.version, first.version);
      EXPECT_EQ(client_->facts.peer_subject, "CN=mx.a.test");
      EXPECT_EQ(client_->facts.peer->thumbprint, first.peer->thumbprint);
      EXPECT_EQ(client_->facts.revocation.words, first.revocation.words);
    }
  }
}

TEST_F(SessionCacheTest, WhatWasTriedIsToldOfAResumedSessionToo) {
  ClientContext::Peer peer = Peer();
  peer.demand = Demand();
  peer.tried_name = "other.a.test";
  EXPECT_EQ(Talk(peer), "first");
  EXPECT_EQ(client_->facts.tried, "certificate-host-mismatch");
  EXPECT_EQ(Talk(peer), "resumed");
  EXPECT_EQ(client_->facts.tried, "certificate-host-mismatch");
}

TEST_F(SessionCacheTest, WithoutAKeyNothingIsResumed) {
  EXPECT_EQ(Talk(Peer("")), "first");
  EXPECT_EQ(Talk(Peer("")), "first");
}

TEST_F(SessionCacheTest, WhateverIsDemandedIsPartOfTheKey) {
  using Peer = ClientContext::Peer;
  const std::function<void(Peer&)> changes[] = {
      [](Peer& peer) { peer.resumption_key = "other"; },
      [](Peer& peer) { peer.server_name = "other.a.test"; },
      [](Peer& peer) { peer.demand.chain = false; },
      [](Peer& peer) { peer.demand.names = {"*.a.test"}; },
      [](Peer& peer) { peer.demand.names.push_back("*.a.test"); },
      [](Peer& peer) { peer.describe = true; },
      [](Peer& peer) { peer.tried_name = "mx.a.test"; },
      [this](Peer& peer) {
        peer.certificate = *ReadCertificate(files_.certificate_file, files_.key_file);
      }};
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    raw_->SpeakOnly(version);
    Talk(SessionCacheTest::Peer());
    for (const auto& change : changes) {
      Peer peer = SessionCacheTest::Peer();
      change(peer);
      EXPECT_EQ(Talk(peer), "first") << &change - changes;
    }
    EXPECT_EQ(Talk(SessionCacheTest::Peer()), "resumed");
    ASSERT_TRUE(client_context_.Load("", "", ca_.ca_file()).ok());
    EXPECT_EQ(Talk(SessionCacheTest::Peer()), "first");
    ASSERT_TRUE(client_context_.SetRevocation({}).ok());
    EXPECT_EQ(Talk(SessionCacheTest::Peer()), "first");
    EXPECT_EQ(Talk(SessionCacheTest::Peer()), "resumed");
  }
}

TEST_F(SessionCacheTest, WhatDidNotPassIsNotKept) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    raw_->SpeakOnly(version);
    ClientContext::Peer wrong = Peer();
    wrong.demand.names = {"mx.b.test"};
    for (int i = 0; i < 2; ++i)
      EXPECT_THAT(Talk(wrong), ::testing::HasSubstr("hostname mismatch"));
  }
}

TEST_F(SessionCacheTest, WhereRecordsDecideNothingIsResumed) {
  ClientContext::Peer peer = Peer();
  EXPECT_EQ(Talk(peer), "first");
  peer.demand.dane = {testing::DaneOf(files_.certificate_file, kDaneEe, 1, 1)};
  EXPECT_EQ(Talk(peer), "first");
  EXPECT_EQ(Talk(peer), "first");
  EXPECT_TRUE(client_->facts.dane);
  EXPECT_EQ(Talk(Peer()), "resumed");
}

TEST_F(SessionCacheTest, AServerThatHasForgottenIsMetAnew) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    raw_.emplace(files_);
    raw_->SpeakOnly(version);
    EXPECT_EQ(Talk(Peer()), "first");
    raw_->ForgetTickets();
    EXPECT_EQ(Talk(Peer()), "first");
    EXPECT_TRUE(client_->facts.verified);
  }
}

TEST_F(SessionCacheTest, AFailedHandshakeIsNotTriedAgainFromTheSameSessions) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    raw_->SpeakOnly(version);
    EXPECT_EQ(Talk(Peer()), "first");
    raw_->SpeakOnly(TLS1_1_VERSION);
    EXPECT_THAT(Talk(Peer()), ::testing::HasSubstr("tls handshake with"));
    raw_->SpeakOnly(version);
    EXPECT_EQ(Talk(Peer()), "first");
    ASSERT_TRUE(client_context_.Load("", "", ca_.ca_file()).ok());
  }
}

TEST_F(SessionCacheTest, AnotherServerBehindTheNameIsCheckedAnew) {
  EXPECT_EQ(Talk(Peer()), "first");
  raw_.emplace(ca_.SelfSign(testing::ForHost("mx.a.test")));
  EXPECT_THAT(Talk(Peer()), ::testing::HasSubstr("self-signed"));
}

TEST_F(SessionCacheTest, ABrokenConnectionDoesNotSpoilWhatIsKept) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    raw_->SpeakOnly(version);
    Talk(Peer());
    executor_.Run([this] { server_ = absl::UnknownError("gone"); });
    Drop();
    EXPECT_EQ(Talk(Peer()), "resumed");
  }
}

// The cache by itself.

SessionCache::Resumable Made(int version, absl::Time until, std::string mark = "") {
  SessionCache::Resumable made;
  made.session.reset(SSL_SESSION_new());
  SSL_SESSION_set_protocol_version(made.session.get(), version);
  made.facts.cipher = std::move(mark);
  made.until = until;
  return made;
}

TEST(SessionCacheByItselfTest, ATicketIsUsedOnceAndAnOlderSessionOften) {
  SessionCache cache;
  const absl::Time now = absl::Now();
  cache.Put("new", Made(TLS1_3_VERSION, now + absl::Hours(1), "1"));
  cache.Put("new", Made(TLS1_3_VERSION, now + absl::Hours(1), "2"));
  cache.Put("old", Made(TLS1_2_VERSION, now + absl::Hours(1)));
  EXPECT_EQ(cache.Take("new", now)->facts.cipher, "2");
  EXPECT_EQ(cache.Take("new", now)->facts.cipher, "1");
  EXPECT_FALSE(cache.Take("new", now).has_value());
  EXPECT_TRUE(cache.Take("old", now).has_value());
  EXPECT_TRUE(cache.Take("old", now).has_value());
  cache.Forget("old");
  EXPECT_FALSE(cache.Take("old", now).has_value());
  EXPECT_FALSE(cache.Take("never", now).has_value());
  EXPECT_EQ(cache.size(), 0u);
}

TEST(SessionCacheByItselfTest, NoSessionOutlivesItsEnd) {
  SessionCache cache;
  const absl::Time now = absl::Now();
  cache.Put("a", Made(TLS1_3_VERSION, now + absl::Seconds(10), "long"));
  cache.Put("a", Made(TLS1_3_VERSION, now + absl::Seconds(5), "short"));
  EXPECT_EQ(cache.Take("a", now + absl::Seconds(5))->facts.cipher, "long");
  EXPECT_FALSE(cache.Take("a", now + absl::Seconds(10)).has_value());
  EXPECT_EQ(cache.size(), 0u);
}

TEST(SessionCacheByItselfTest, TheOldestGoFirst) {
  SessionCache cache;
  const absl::Time now = absl::Now();
  const absl::Time later = now + absl::Hours(1);
  for (std::size_t i = 0; i <= kResumablePerHostMax; ++i)
    cache.Put("first", Made(TLS1_3_VERSION, later, std::to_string(i)));
  EXPECT_EQ(cache.size(), kResumablePerHostMax);
  cache.Put("second", Made(TLS1_3_VERSION, later));
  cache.Put("first", Made(TLS1_3_VERSION, later));
  for (std::size_t i = 2; i <= kResumableHostsMax; ++i)
    cache.Put(std::to_string(i), Made(TLS1_3_VERSION, later));
  EXPECT_FALSE(cache.Take("second", now).has_value());
  EXPECT_TRUE(cache.Take("first", now).has_value());
}

TEST(SessionCacheByItselfTest, NoTwoDemandsMakeOneKey) {
  ClientContext::Peer one, two;
  one.resumption_key = two.resumption_key = "k";
  one.demand.names = {"a", "b"};
  two.demand.names = {"a1:b"};
  EXPECT_NE(KeyFor(one, 1), KeyFor(two, 1));
  EXPECT_NE(KeyFor(one, 1), KeyFor(one, 2));
  EXPECT_EQ(KeyFor(one, 1), KeyFor(one, 1));
}

}  // namespace
}  // namespace postern::tls
