#include "common/smtp/attempt.h"
#include "tests/support/await.h"
#include "tests/support/engine_fixture.h"
#include "tests/support/string_body.h"

namespace postern::smtp {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ScriptedPeer;

// A host of several addresses, of which some do not answer.
class AttemptConnectTest : public testing::EngineFixture {
 protected:
  AttemptConnectTest() {
    limits_.attempt_delay = absl::Milliseconds(20);
    resolver_.Mx("example.test", {{10, "mx.test"}});
  }

  // The address of the host with that text; IPv6 and IPv4 take turns, IPv6 first.
  ScriptedPeer& At(const std::string& address) {
    resolver_.A("mx.test", address);
    const bool v6 = address.find(':') != std::string::npos;
    return PeerAt(v6 ? "[" + address + "]:25" : address + ":25");
  }

  // As many deliveries of the same message, begun one after the other.
  std::vector<Outcome> DeliverTogether(std::size_t count) {
    MakeEngine();
    std::vector<std::unique_ptr<testing::StringBody>> bodies;
    std::vector<std::optional<Outcome>> ends(count);
    io::Scope scope(executor_);
    executor_.Run([&] {
      for (std::optional<Outcome>& end : ends) {
        bodies.push_back(std::make_unique<testing::StringBody>(content_));
        scope.Spawn(io::StoreResult(engine_->Attempt(delivery_, *bodies.back()), &end));
      }
    });
    io::RunTask(executor_, scope.Join());
    std::vector<Outcome> outcomes;
    for (std::optional<Outcome>& end : ends)
      outcomes.push_back(*std::move(end));
    return outcomes;
  }

  static io::Task<void> StopAfter(io::Scope* scope, absl::Duration wait) {
    (co_await io::Sleep(wait)).IgnoreError();  // nobody stops this fiber
    scope->Stop();
    co_await scope->Join();
  }

  void DeliverAndStop(absl::Duration after) {
    To("bob@example.test");
    MakeEngine();
    testing::StringBody body(content_);
    std::optional<Outcome> end;
    io::Scope scope(executor_);
    executor_.Run([&] { scope.Spawn(io::StoreResult(engine_->Attempt(delivery_, body), &end)); });
    io::RunTask(executor_, StopAfter(&scope, after));
    outcome_ = *std::move(end);
  }

  // "192.0.2.1:25 ok" for each line of the outcome.
  std::vector<std::string> Tried() const {
    std::vector<std::string> lines;
    for (const HostTried& tried : outcome_.hosts)
      lines.push_back(tried.address + (tried.error.ok() ? " ok" : " failed"));
    return lines;
  }
};

TEST_F(AttemptConnectTest, ADeadAddressCostsTheDelayOnceAndThenNothing) {
  ScriptedPeer& six = At("2001:db8::1").StallsConnect();
  ScriptedPeer& four = At("192.0.2.1");
  delivery_.policy.messages_per_connection_max = 1;
  const absl::Time before = absl::Now();
  Deliver();
  EXPECT_LT(absl::Now() - before, absl::Seconds(10));
  EXPECT_THAT(Results(), ElementsAre("250"));
  EXPECT_THAT(Tried(), ElementsAre("192.0.2.1:25 ok"));
  EXPECT_EQ(counters().connection_races.value(), 1u);
  EXPECT_EQ(counters().connections.value(), 1u);
  EXPECT_EQ(counters().connection_failures.value(), 0u);
  EXPECT_EQ(engine_->sessions_open(), 0u);
  // The family is known now: the other one is dialled first, and alone.
  Deliver();
  EXPECT_THAT(dialer_.dialed(), ElementsAre("[2001:db8::1]:25", "192.0.2.1:25", "192.0.2.1:25"));
  EXPECT_EQ(counters().connection_races.value(), 1u);
  EXPECT_EQ(six.connections(), 0);
  EXPECT_EQ(four.connections(), 2);
}

TEST_F(AttemptConnectTest, ARefusedAddressIsToldAndTheNextOneIsDialledAtOnce) {
  limits_.attempt_delay = absl::Minutes(1);
  At("2001:db8::1").Refuses();
  At("192.0.2.1");
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
  EXPECT_THAT(Tried(), ElementsAre("[2001:db8::1]:25 failed", "192.0.2.1:25 ok"));
  EXPECT_EQ(counters().connection_failures.value(), 1u);
  EXPECT_EQ(counters().connection_races.value(), 1u);
}

TEST_F(AttemptConnectTest, TheOthersAreRacedAgainWhenTheWinnerRefuses) {
  At("192.0.2.1").StallsConnect();
  At("192.0.2.2").Greets("421 busy");
  At("192.0.2.3");
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
  EXPECT_THAT(Tried(), ElementsAre("192.0.2.2:25 ok", "192.0.2.3:25 ok"));
  EXPECT_THAT(dialer_.dialed(),
              ElementsAre("192.0.2.1:25", "192.0.2.2:25", "192.0.2.1:25", "192.0.2.3:25"));
}

TEST_F(AttemptConnectTest, AnIdleSessionToAnyAddressIsTakenFirst) {
  At("192.0.2.1").Refuses();
  ScriptedPeer& second = At("192.0.2.2");
  Deliver();
  PeerAt("192.0.2.1:25").Refuses(false);
  Deliver();
  EXPECT_TRUE(outcome_.session_reused);
  EXPECT_EQ(second.connections(), 1);
  EXPECT_THAT(Tried(), ElementsAre("192.0.2.2:25 ok"));
}

TEST_F(AttemptConnectTest, AllThatFailAreToldAndTheNextHostIsTried) {
  At("2001:db8::1").Refuses();
  At("192.0.2.1").Refuses();
  resolver_.Mx("example.test", {{10, "mx.test"}, {20, "second.test"}});
  resolver_.A("second.test", "192.0.2.9");
  PeerAt("192.0.2.9:25");
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
  EXPECT_THAT(Tried(),
              ElementsAre("[2001:db8::1]:25 failed", "192.0.2.1:25 failed", "192.0.2.9:25 ok"));
}

TEST_F(AttemptConnectTest, TheNextSessionOfAMessageGoesToTheSameAddress) {
  limits_.recipients_per_transaction_max = 1;
  delivery_.policy.messages_per_connection_max = 1;
  At("192.0.2.1").StallsConnect();
  ScriptedPeer& second = At("192.0.2.2");
  To("a@example.test");
  To("b@example.test");
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250", "250"));
  EXPECT_EQ(second.connections(), 2);
  EXPECT_THAT(dialer_.dialed(), ElementsAre("192.0.2.1:25", "192.0.2.2:25", "192.0.2.2:25"));
  EXPECT_THAT(Tried(), ElementsAre("192.0.2.2:25 ok"));
}

TEST_F(AttemptConnectTest, ASourceAddressRacesItsFamilyOnly) {
  delivery_.policy.source_address = *io::IpAddress::Parse("10.0.0.9");
  At("2001:db8::1");
  At("192.0.2.1").StallsConnect();
  At("192.0.2.2");
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
  EXPECT_THAT(dialer_.dialed(), ElementsAre("192.0.2.1:25", "192.0.2.2:25"));
}

TEST_F(AttemptConnectTest, AFullAddressIsPassedOverAndAFullHostIsWaitedFor) {
  limits_.sessions_per_host_max = 1;
  limits_.connect = absl::Milliseconds(200);
  At("192.0.2.1").Stalls("MAIL");
  At("192.0.2.2").Stalls("MAIL");
  delivery_.deadline = absl::Milliseconds(600);
  To("bob@example.test");
  // Three at a time, two places: the third has to wait, and nobody exceeds a limit.
  const std::vector<Outcome> outcomes = DeliverTogether(3);
  EXPECT_THAT(dialer_.dialed(), ElementsAre("192.0.2.1:25", "192.0.2.2:25"));
  EXPECT_EQ(outcomes[2].recipients[0].origin, Origin::kLocal);
  EXPECT_THAT(outcomes[2].recipients[0].error.ToString(), HasSubstr("all sessions are in use"));
  EXPECT_EQ(outcomes[2].hosts.size(), 2u);
}

TEST_F(AttemptConnectTest, AFullHostIsOurShortageThoughTheNextOneIsDead) {
  limits_.sessions_per_host_max = 1;
  limits_.connect = absl::Milliseconds(100);
  At("192.0.2.1").Stalls("MAIL");
  resolver_.Mx("example.test", {{10, "mx.test"}, {20, "second.test"}});
  resolver_.A("second.test", "192.0.2.9");
  PeerAt("192.0.2.9:25").Refuses();
  delivery_.deadline = absl::Milliseconds(400);
  To("bob@example.test");
  const std::vector<Outcome> outcomes = DeliverTogether(2);
  EXPECT_EQ(outcomes[1].recipients[0].origin, Origin::kLocal);
  EXPECT_TRUE(absl::IsResourceExhausted(outcomes[1].recipients[0].error));
  EXPECT_EQ(outcomes[1].hosts.size(), 2u);
}

TEST_F(AttemptConnectTest, ThePlacesOfALostRaceAreFreeAgain) {
  limits_.sessions_max = 2;
  At("192.0.2.1").StallsConnect();
  At("192.0.2.2");
  Deliver();
  EXPECT_EQ(engine_->sessions_open(), 1u);
  delivery_.policy.connector = "Other";
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
}

TEST_F(AttemptConnectTest, AHostThatDidNotAnswerGoesBehindTheOthers) {
  delivery_.policy.messages_per_connection_max = 1;
  limits_.connect = absl::Milliseconds(50);
  At("192.0.2.1").StallsConnect();
  resolver_.Mx("example.test", {{10, "mx.test"}, {20, "second.test"}, {30, "third.test"}});
  resolver_.A("second.test", "192.0.2.9");
  resolver_.A("third.test", "192.0.2.10");
  PeerAt("192.0.2.9:25");
  PeerAt("192.0.2.10:25");
  for (int i = 0; i < 3; ++i) {
    Deliver();
    EXPECT_THAT(Results(), ElementsAre("250"));
  }
  EXPECT_THAT(dialer_.dialed(),
              ElementsAre("192.0.2.1:25", "192.0.2.9:25", "192.0.2.9:25", "192.0.2.9:25"));
}

TEST_F(AttemptConnectTest, AHostThatDoesNotGreetGoesBehindTheOthersAndComesBack) {
  delivery_.policy.messages_per_connection_max = 1;
  limits_.greeting = absl::Milliseconds(50);
  ScriptedPeer& first = At("192.0.2.1").Stalls("greeting", 1);
  resolver_.Mx("example.test", {{10, "mx.test"}, {20, "second.test"}});
  resolver_.A("second.test", "192.0.2.9");
  ScriptedPeer& second = PeerAt("192.0.2.9:25");
  Deliver();
  Deliver();
  EXPECT_THAT(dialer_.dialed(), ElementsAre("192.0.2.1:25", "192.0.2.9:25", "192.0.2.9:25"));

  second.Refuses();
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
  second.Refuses(false);
  Deliver();
  EXPECT_EQ(dialer_.dialed().back(), "192.0.2.1:25");
  EXPECT_EQ(first.mails().size(), 2u);
}

TEST_F(AttemptConnectTest, ASmartHostThatDoesNotAnswerIsDialledOnce) {
  delivery_.policy.messages_per_connection_max = 1;
  delivery_.route.dns_routing = false;
  delivery_.route.smart_hosts = {"[192.0.2.1]", "[192.0.2.2]"};
  limits_.connect = absl::Milliseconds(50);
  PeerAt("192.0.2.1:25").StallsConnect();
  PeerAt("192.0.2.2:25");
  for (int i = 0; i < 25; ++i)  // they share the load, so that each is the first by turns
    Deliver();
  const std::vector<std::string>& dialed = dialer_.dialed();
  EXPECT_EQ(std::count(dialed.begin(), dialed.end(), "192.0.2.1:25"), 1);
  EXPECT_EQ(dialed.size(), 26u);
}

TEST_F(AttemptConnectTest, AGreetingThatSaysNoIsAnAnswer) {
  delivery_.policy.messages_per_connection_max = 1;
  At("192.0.2.1").Greets("421 busy");
  resolver_.Mx("example.test", {{10, "mx.test"}, {20, "second.test"}});
  resolver_.A("second.test", "192.0.2.9");
  PeerAt("192.0.2.9:25");
  Deliver();
  Deliver();
  EXPECT_THAT(dialer_.dialed(),
              ElementsAre("192.0.2.1:25", "192.0.2.9:25", "192.0.2.1:25", "192.0.2.9:25"));
}

TEST_F(AttemptConnectTest, TenDeadExchangersInFrontHideALiveOneOnce) {
  std::vector<dns::MxRecord> exchangers;
  for (int i = 1; i <= 10; ++i) {
    const std::string name = "dead" + std::to_string(i) + ".test";
    exchangers.push_back({10, name});
    resolver_.A(name, "192.0.2." + std::to_string(i));
    PeerAt("192.0.2." + std::to_string(i) + ":25").Refuses();
  }
  exchangers.push_back({20, "live.test"});
  resolver_.Mx("example.test", exchangers);
  resolver_.A("live.test", "192.0.2.99");
  PeerAt("192.0.2.99:25");
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("connect 4.4.1"));
  EXPECT_EQ(dialer_.dialed().size(), 10u);
  EXPECT_TRUE(outcome_.hosts_left);
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
  EXPECT_FALSE(outcome_.hosts_left);
  EXPECT_EQ(dialer_.dialed().size(), 11u);
}

TEST_F(AttemptConnectTest, AStoppedAttemptIsNoFailureOfTheHost) {
  At("192.0.2.1").StallsConnect();
  At("192.0.2.2").StallsConnect();
  DeliverAndStop(absl::Milliseconds(80));
  EXPECT_THAT(Results(), ElementsAre("local 4.3.2"));
  EXPECT_EQ(outcome_.hosts.size(), 1u);
  EXPECT_EQ(counters().connection_failures.value(), 0u);
  EXPECT_EQ(engine_->sessions_open(), 0u);
}

}  // namespace
}  // namespace postern::smtp
