#include "common/smtp/attempt.h"

#include "common/base/text.h"
#include "common/smtp/source_pool.h"
#include "tests/support/engine_fixture.h"

namespace postern::smtp {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ScriptedPeer;

class AttemptTest : public testing::EngineFixture {};

// Gives some bytes, then fails, or gives less than it promised.
class BrokenBody final : public BodySource {
 public:
  BrokenBody(std::uint64_t size, std::uint64_t breaks_after, absl::Status failure)
      : size_(size), left_(breaks_after), failure_(std::move(failure)) {}

  std::uint64_t size() const override { return size_; }

  io::Task<absl::Status> Rewind() override {
    ++rewinds;
    co_return absl::OkStatus();
  }

  io::Task<absl::StatusOr<std::string_view>> Next() override {
    if (left_ == 0 && !failure_.ok()) co_return failure_;
    const std::uint64_t bytes = std::min<std::uint64_t>(left_, block_.size());
    left_ -= bytes;
    co_return std::string_view(block_).substr(0, bytes);
  }

  int rewinds = 0;

 private:
  std::string block_ = std::string(30'000, 'b');
  std::uint64_t size_;
  std::uint64_t left_;
  absl::Status failure_;
};

// What Delivery::admits is told.
io::Task<bool> Answer(bool admitted) {
  co_return admitted;
}

TEST_F(AttemptTest, WhoeverIsAskedMayPutItOffBeforeTheFirstConnection) {
  ScriptedPeer& first = Peer("192.0.2.1");
  std::string asked;
  delivery_.admits = [&asked](std::string mx_set, absl::Duration ttl) {
    asked = std::move(mx_set);
    return Answer(ttl <= absl::ZeroDuration());
  };
  Deliver();
  EXPECT_TRUE(outcome_.put_off);
  EXPECT_EQ(asked, "1 mx1.test");
  EXPECT_EQ(outcome_.recipients[0].origin, Origin::kNone);
  EXPECT_EQ(first.connections(), 0);

  delivery_.admits = [](std::string, absl::Duration) { return Answer(true); };
  Deliver();
  EXPECT_FALSE(outcome_.put_off);
  EXPECT_EQ(first.connections(), 1);
}

TEST_F(AttemptTest, LostAfterTheDotIsAmbiguousAndEndsTheAttempt) {
  ScriptedPeer& first = Peer("192.0.2.1").DropsAfter(".");
  ScriptedPeer& second = Peer("192.0.2.2");
  Deliver();
  EXPECT_TRUE(outcome_.body_ended && outcome_.ambiguous);
  EXPECT_THAT(Results(), ElementsAre("connect 4.4.2"));
  EXPECT_THAT(outcome_.recipients[0].error.ToString(), HasSubstr("after the final dot"));
  EXPECT_EQ(second.connections(), 0);
  EXPECT_EQ(first.connections(), 1);
}

TEST_F(AttemptTest, LostAfterTheLastChunkIsAmbiguous) {
  for (const std::vector<std::string>& offer :
       {std::vector<std::string>{"CHUNKING"}, std::vector<std::string>{"CHUNKING", "PIPELINING"}}) {
    ScriptedPeer& first = Peer("192.0.2.1").Keywords(offer).DropsAfter("BDAT");
    ScriptedPeer& second = Peer("192.0.2.2");
    Deliver();
    EXPECT_TRUE(outcome_.body_ended && outcome_.ambiguous);
    EXPECT_TRUE(first.mails().empty());
    EXPECT_EQ(second.connections(), 0);
  }
}

TEST_F(AttemptTest, APeerThatDoesNotKnowItsBdatGetsTheMessageByData) {
  To("bob@example.test");
  To("eve@example.test");
  ScriptedPeer& peer = Peer("192.0.2.1").Keywords({"CHUNKING", "PIPELINING"});
  peer.Says("BDAT", "502 5.5.1 what?").Says("RCPT TO:<eve", "550 5.1.1 no");
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250", "550"));
  ASSERT_EQ(peer.mails().size(), 1u);
  EXPECT_FALSE(peer.mails()[0].chunked);
  EXPECT_EQ(peer.Heard("BDAT"), 1);
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250", "550"));
  EXPECT_EQ(peer.Heard("BDAT"), 1) << "it is remembered";
}

TEST_F(AttemptTest, SoDoesOneThatTakesNoPipelining) {
  ScriptedPeer& peer = Peer("192.0.2.1").Keywords({"CHUNKING"}).Says("BDAT", "503 5.5.1 bad order");
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
  EXPECT_EQ(peer.connections(), 2);
  EXPECT_FALSE(outcome_.ambiguous);
}

TEST_F(AttemptTest, ARefusedMailBeforeAChunkLeavesTheNextHost) {
  Peer("192.0.2.1").Keywords({"CHUNKING", "PIPELINING"}).SaysAndDrops("MAIL", "451 4.3.2 later");
  ScriptedPeer& second = Peer("192.0.2.2");
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
  EXPECT_EQ(second.mails().size(), 1u);
}

TEST_F(AttemptTest, AChunkThatOnlyRefusedRecipientsCouldGetIsNotAmbiguous) {
  Peer("192.0.2.1").Keywords({"CHUNKING", "PIPELINING"}).Says("RCPT", "550 no").DropsAfter("BDAT");
  Deliver();
  EXPECT_FALSE(outcome_.ambiguous);
  EXPECT_THAT(Results(), ElementsAre("550"));
}

TEST_F(AttemptTest, ADotAnsweredWithNonsenseIsAmbiguous) {
  Peer("192.0.2.1").Says(".", "what?");
  Deliver();
  EXPECT_TRUE(outcome_.ambiguous);
}

TEST_F(AttemptTest, RefusedRecipientsKeepTheirAnswerWhenTheRestIsAmbiguous) {
  To("bob@example.test");
  To("eve@example.test");
  Peer("192.0.2.1").Says("RCPT TO:<eve", "550 5.1.1 no").DropsAfter(".");
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("connect 4.4.2", "550"));
}

TEST_F(AttemptTest, LostInTheContentGoesToTheNextHost) {
  dialer_.SetWindow(100'000);
  Content(std::string(700'000, 'x') + "\r\n");
  ScriptedPeer& first = Peer("192.0.2.1").DropsInContent(50'000);
  ScriptedPeer& second = Peer("192.0.2.2");
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
  EXPECT_TRUE(first.mails().empty());
  EXPECT_EQ(second.mails().at(0).content, *content_);
  EXPECT_FALSE(outcome_.ambiguous);
}

TEST_F(AttemptTest, ARefusalInTheMiddleOfTheContentIsAnAnswer) {
  dialer_.SetWindow(100'000);
  Content(std::string(2'000'000, 'x') + "\r\n");
  Peer("192.0.2.1").DropsInContent(300'000, "552 5.3.4 too big");
  ScriptedPeer& second = Peer("192.0.2.2");
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("552"));
  EXPECT_EQ(second.connections(), 0);
  EXPECT_FALSE(outcome_.body_ended);
}

TEST_F(AttemptTest, ABodyThatFailsIsNeverEndedWithADot) {
  ScriptedPeer& peer = Peer("192.0.2.1");
  BrokenBody body(300'000, 100'000, absl::UnavailableError("stream of the proxy is gone"));
  Deliver(body);
  EXPECT_THAT(Results(), ElementsAre("local 4.3.0"));
  EXPECT_THAT(outcome_.recipients[0].error.ToString(), HasSubstr("stream of the proxy is gone"));
  EXPECT_TRUE(peer.mails().empty());
  EXPECT_FALSE(outcome_.body_ended || outcome_.ambiguous);
}

TEST_F(AttemptTest, ABodyOfAnotherSizeIsNeverEndedWithADot) {
  ScriptedPeer& peer = Peer("192.0.2.1");
  BrokenBody body(300'000, 299'999, absl::OkStatus());
  Deliver(body);
  EXPECT_EQ(outcome_.recipients[0].error.code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(peer.mails().empty());
}

TEST_F(AttemptTest, ABodyIsWantedOnlyWhenAHostTakesContent) {
  Peer("192.0.2.1").Says("RCPT", "550 no", 1);
  BrokenBody body(90'000, 90'000, absl::OkStatus());
  Deliver(body);
  EXPECT_EQ(body.rewinds, 0);
  Deliver(body);
  EXPECT_EQ(body.rewinds, 1);
  EXPECT_THAT(Results(), ElementsAre("250"));
}

TEST_F(AttemptTest, AnIdleSessionThatDiedIsReplacedUnseen) {
  ScriptedPeer& peer = Peer("192.0.2.1");
  Deliver();
  peer.DropsAfter("MAIL", 1);
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
  EXPECT_EQ(outcome_.hosts.size(), 1u);
  EXPECT_FALSE(outcome_.session_reused);
  EXPECT_EQ(peer.connections(), 2);
  EXPECT_EQ(counters().reused_sessions_lost.value(), 1u);
}

TEST_F(AttemptTest, ASessionThatClosedWhileIdleIsNotUsed) {
  ScriptedPeer& peer = Peer("192.0.2.1").DropsIdleAfter(1);
  Deliver();
  Deliver();
  EXPECT_EQ(peer.mails().size(), 2u);
  EXPECT_EQ(counters().reused_sessions_lost.value(), 0u);
}

TEST_F(AttemptTest, ANewSessionThatDiesAtMailIsAFailedHost) {
  Peer("192.0.2.1").DropsAfter("MAIL");
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("connect 4.4.2"));
  EXPECT_EQ(outcome_.hosts[0].stage, Stage::kMail);
}

TEST_F(AttemptTest, MessagesPerConnectionAreCountedOverAllUsers) {
  delivery_.policy.messages_per_connection_max = 3;
  ScriptedPeer& peer = Peer("192.0.2.1");
  for (int i = 0; i < 7; ++i)
    Deliver();
  EXPECT_EQ(peer.connections(), 3);
  EXPECT_EQ(peer.mails()[2].connection, 1);
  EXPECT_EQ(peer.mails()[3].connection, 2);
}

TEST_F(AttemptTest, OnlyEqualPoliciesShareASession) {
  ScriptedPeer& peer = Peer("192.0.2.1");
  Deliver();
  delivery_.policy.version = "2";
  Deliver();
  delivery_.policy.fqdn = "other.test";
  Deliver();
  EXPECT_EQ(peer.connections(), 3);
  EXPECT_EQ(engine_->sessions_open(), 3u);
}

TEST_F(AttemptTest, ASessionThatIsSharedHasTheAddressOfOursThatANewOneWouldHave) {
  const std::vector<std::string> lines = {"label=default address=10.0.0.1",
                                          "label=default address=10.0.0.2"};
  const auto pool = SourcePool::Parse(
      lines, {*io::IpAddress::Parse("10.0.0.1"), *io::IpAddress::Parse("10.0.0.2")});
  stores_.sources = &*pool;
  ScriptedPeer& peer = PeerAt("192.0.2.1:25");
  delivery_.route.dns_routing = false;
  for (int i = 0; i < 20; ++i) {
    const std::string name = base::Cat("relay", i, ".test");
    resolver_.A(name, "192.0.2.1");
    delivery_.route.smart_hosts = {name};
    Deliver();
    EXPECT_THAT(Results(), ElementsAre("250"));
  }
  EXPECT_EQ(peer.connections(), 2);
}

TEST_F(AttemptTest, AnIdleSessionMakesRoomForAnother) {
  limits_.sessions_max = 1;
  Peer("192.0.2.1");
  Deliver();
  delivery_.policy.version = "2";
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
  EXPECT_EQ(engine_->sessions_open(), 1u);
}

TEST_F(AttemptTest, StopClosesIdleSessionsAndRefusesAttempts) {
  ScriptedPeer& peer = Peer("192.0.2.1");
  Deliver();
  executor_.Run([this] { engine_->Stop(); });
  EXPECT_EQ(engine_->sessions_open(), 0u);
  Deliver();
  EXPECT_EQ(outcome_.recipients[0].error.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(peer.mails().size(), 1u);
  EXPECT_EQ(peer.Heard("QUIT"), 1);
}

TEST_F(AttemptTest, ASessionIdleForTooLongIsClosed) {
  delivery_.policy.inactivity = absl::Milliseconds(1);
  ScriptedPeer& peer = Peer("192.0.2.1");
  Deliver();
  absl::SleepFor(absl::Milliseconds(3));
  Deliver();
  EXPECT_EQ(peer.connections(), 2);
}

TEST_F(AttemptTest, IdleSessionsAreClosedWithoutAnybodyAsking) {
  delivery_.policy.inactivity = absl::Milliseconds(5);
  ScriptedPeer& peer = Peer("192.0.2.1");
  Deliver();
  std::size_t open = 1;
  for (int i = 0; i < 400 && open > 0; ++i) {
    absl::SleepFor(absl::Milliseconds(5));
    executor_.Run([&] { open = engine_->sessions_open(); });
  }
  EXPECT_EQ(open, 0u);
  executor_.Run([&] { EXPECT_EQ(peer.Heard("QUIT"), 1); });
}

TEST_F(AttemptTest, ABareLfReplyBreaksTheSessionAtOnce) {
  Peer("192.0.2.1").Greets("220 a\n220 b");
  Peer("192.0.2.2").Greets(std::string(5000, '2'));
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("connect 4.4.2"));
  EXPECT_EQ(outcome_.hosts.size(), 2u);
}

TEST_F(AttemptTest, SessionsAreSharedOverLoopbackToo) {
  std::unique_ptr<io::Listener> listener;
  ScriptedPeer& peer = PeerAt("127.0.0.1:1").Keywords({"PIPELINING"});
  executor_.Run([&] {
    io::Endpoint any;
    any.address = *io::IpAddress::Parse("127.0.0.1");
    listener = *io::Listener::Open(executor_, any);
    scope_.Spawn(peer.Serve(*listener, scope_));
  });
  io::TcpDialer tcp;
  Engine::Parts parts{executor_, tcp, resolver_, *tls_, "client.test", limits_};
  executor_.Run([&] { engine_ = std::make_unique<Engine>(std::move(parts)); });
  delivery_.route.dns_routing = false;
  delivery_.route.smart_hosts = {"127.0.0.1"};
  delivery_.route.port = listener->endpoint().port;
  for (int i = 0; i < 20; ++i)
    Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
  EXPECT_EQ(peer.mails().size(), 20u);
  EXPECT_EQ(peer.connections(), 1);
  executor_.Run([&] {
    engine_->Stop();
    listener->Close();
  });
  io::RunTask(executor_, engine_->Join());
  executor_.Run([&] {
    engine_.reset();
    scope_.Stop();
  });
  io::RunTask(executor_, scope_.Join());
  executor_.Run([&] { listener.reset(); });
}

}  // namespace
}  // namespace postern::smtp
