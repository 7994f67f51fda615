#include "common/smtp/engine.h"

#include "tests/support/engine_fixture.h"

namespace postern::smtp {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ScriptedPeer;

class EngineTest : public testing::EngineFixture {};

TEST_F(EngineTest, AMessageArrivesAsItIs) {
  Content("Subject: x\r\n\r\n.dot\r\n..\r\nend\r\n");
  ScriptedPeer& peer = Peer("192.0.2.1");
  Deliver();
  ASSERT_EQ(peer.mails().size(), 1u);
  EXPECT_EQ(peer.mails()[0].content, *content_);
  EXPECT_EQ(peer.mails()[0].sender, "<ann@a.test>");
  EXPECT_THAT(peer.mails()[0].recipients, ElementsAre("<bob@example.test>"));
  EXPECT_THAT(Results(), ElementsAre("250"));
  EXPECT_EQ(outcome_.recipients[0].host, "mx1.test");
  EXPECT_EQ(outcome_.hosts[0].address, "192.0.2.1:25");
  EXPECT_TRUE(outcome_.body_ended);
  EXPECT_GT(outcome_.bytes_sent, content_->size());
}

TEST_F(EngineTest, EveryWayOfSendingGivesTheSameContent) {
  const std::vector<std::vector<std::string>> offers = {
      {}, {"PIPELINING"}, {"CHUNKING"}, {"PIPELINING", "CHUNKING"}};
  std::string big;
  while (big.size() < 700'000)
    big += ".line of text\r\n..\r\nmore of it\r\n";
  for (const std::string& content : {std::string("a: b\r\n\r\n.x\r\n"), std::string(), big}) {
    for (const std::vector<std::string>& offer : offers) {
      ScriptedPeer& peer = Peer("192.0.2.1").Keywords(offer);
      delivery_.policy.messages_per_connection_max = 1;
      Content(content);
      Deliver();
      EXPECT_THAT(Results(), ElementsAre("250"));
      ASSERT_EQ(peer.mails().back().content, content);
    }
  }
}

TEST_F(EngineTest, APipelinedMessageOnAReusedSessionIsTwoWrites) {
  ScriptedPeer& peer = Peer("192.0.2.1").Keywords({"PIPELINING"});
  Content(std::string("a: b\r\n\r\n") + std::string(4000, 'x') + "\r\n");
  Deliver();
  const int before = peer.reads();
  Deliver();
  EXPECT_EQ(peer.reads() - before, 2);
  EXPECT_TRUE(outcome_.session_reused);
  EXPECT_EQ(peer.connections(), 1);
}

TEST_F(EngineTest, AChunkGoesInOneWriteWithItsEnvelope) {
  ScriptedPeer& peer = Peer("192.0.2.1").Keywords({"PIPELINING", "CHUNKING"});
  Content(std::string("a: b\r\n\r\n") + std::string(4000, 'x') + "\r\n");
  Deliver();
  const int before = peer.reads();
  Deliver();
  EXPECT_EQ(peer.reads() - before, 1);
  EXPECT_TRUE(peer.mails()[1].chunked);
  EXPECT_EQ(peer.mails()[1].content, *content_);
}

// What the first host does; the second one then takes the message.
TEST_F(EngineTest, TheNextHostIsTriedWhenTheFirstOneCannot) {
  struct Row {
    std::string_view fact;
    std::function<void(ScriptedPeer&)> script;
  };

  const Row rows[] = {
      {"refuses connections", [](ScriptedPeer& p) { p.Refuses(); }},
      {"greets with 421", [](ScriptedPeer& p) { p.Greets("421 4.3.2 busy"); }},
      {"greets with 554", [](ScriptedPeer& p) { p.Greets("554 no service"); }},
      {"greets with nonsense", [](ScriptedPeer& p) { p.Greets("hello"); }},
      {"says two greetings", [](ScriptedPeer& p) { p.Greets("220 a\r\n220 b"); }},
      {"closes at once", [](ScriptedPeer& p) { p.DropsAfter("greeting"); }},
      {"EHLO 451", [](ScriptedPeer& p) { p.Says("EHLO", "451 later"); }},
      {"EHLO and HELO 5xx",
       [](ScriptedPeer& p) { p.Says("EHLO", "550 no").Says("HELO", "550 no"); }},
      {"EHLO with other codes", [](ScriptedPeer& p) { p.Says("EHLO", "250-a\r\n251 b"); }},
      {"MAIL 421", [](ScriptedPeer& p) { p.SaysAndDrops("MAIL", "421 bye"); }},
      {"MAIL 451", [](ScriptedPeer& p) { p.Says("MAIL", "451 4.7.1 later"); }},
      {"MAIL 354", [](ScriptedPeer& p) { p.Says("MAIL", "354 what"); }},
      {"closes after MAIL", [](ScriptedPeer& p) { p.DropsAfter("MAIL"); }},
      {"RCPT 421", [](ScriptedPeer& p) { p.SaysAndDrops("RCPT", "421 bye"); }},
      {"closes after RCPT", [](ScriptedPeer& p) { p.DropsAfter("RCPT"); }},
      {"DATA 451", [](ScriptedPeer& p) { p.Says("DATA", "451 later"); }},
      {"DATA 250", [](ScriptedPeer& p) { p.Says("DATA", "250 what"); }},
      {"closes after DATA", [](ScriptedPeer& p) { p.DropsAfter("DATA"); }},
  };
  int number = 0;
  for (const std::vector<std::string>& offer :
       {std::vector<std::string>(), std::vector<std::string>{"PIPELINING"}}) {
    for (const Row& row : rows) {
      // Each row has a domain and hosts of its own.
      const std::string net = "198." + std::to_string(++number);
      const std::string domain = "d" + std::to_string(number) + ".test";
      ScriptedPeer& first = PeerAt(net + ".0.1:25").Keywords(offer);
      ScriptedPeer& second = PeerAt(net + ".0.2:25");
      row.script(first);
      resolver_.Mx(domain, {{1, "a." + domain}, {2, "b." + domain}});
      resolver_.A("a." + domain, net + ".0.1");
      resolver_.A("b." + domain, net + ".0.2");
      delivery_.route.domain = domain;
      Deliver();
      EXPECT_THAT(Results(), ElementsAre("250")) << row.fact;
      EXPECT_EQ(outcome_.hosts.size(), 2u) << row.fact;
      EXPECT_EQ(second.mails().size(), 1u) << row.fact;
      EXPECT_TRUE(first.mails().empty()) << row.fact;
      EXPECT_FALSE(outcome_.ambiguous) << row.fact;
    }
  }
}

TEST_F(EngineTest, AMessageNobodyMayGetEndsWithALoneDot) {
  ScriptedPeer& peer = Peer("192.0.2.1").Keywords({"PIPELINING"});
  peer.Says("RCPT", "550 5.1.1 no", 1).Says("DATA", "354 go on", 1);
  peer.Says(".", "554 5.5.1 nobody", 1);
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("550"));
  EXPECT_FALSE(outcome_.body_ended);
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
  EXPECT_EQ(peer.connections(), 1);
}

TEST_F(EngineTest, ARefusedChunkLeavesTheSessionGoodForMore) {
  ScriptedPeer& peer = Peer("192.0.2.1").Keywords({"PIPELINING", "CHUNKING"});
  peer.Says("RCPT", "550 5.1.1 no", 1);
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("550"));
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
  EXPECT_EQ(peer.connections(), 1);
  EXPECT_EQ(peer.Heard("RSET"), 1);
}

TEST_F(EngineTest, ExtensionsAreUsedOnlyWhenOffered) {
  To("bob@example.test", mail::kNotifySuccess);
  delivery_.envelope.envid = "id1";
  ScriptedPeer& plain = Peer("192.0.2.1");
  Deliver();
  EXPECT_THAT(plain.heard(), Contains("MAIL FROM:<ann@a.test>"));
  EXPECT_THAT(plain.heard(), Contains("RCPT TO:<bob@example.test>"));
  plain.Keywords({"SIZE 1000000", "DSN", "8BITMIME"}).DropsIdleAfter(1);
  Deliver();
  delivery_.eight_bit = true;
  Deliver();
  EXPECT_THAT(plain.heard(), Contains(HasSubstr("ENVID=id1")));
  EXPECT_THAT(plain.heard(), Contains("RCPT TO:<bob@example.test> NOTIFY=SUCCESS"));
  EXPECT_THAT(plain.heard(), Contains(HasSubstr("BODY=8BITMIME")));
  EXPECT_THAT(outcome_.keywords, Contains("DSN"));
}

TEST_F(EngineTest, ACommandCannotBeSmuggledInAnAddress) {
  To("bob@example.test>\r\nRSET");
  To("eve@example.test");
  ScriptedPeer& peer = Peer("192.0.2.1");
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("local 5.1.3", "250"));
  EXPECT_EQ(peer.Heard("RSET"), 0);
}

TEST_F(EngineTest, HeloIsSaidWhenEhloIsRefused) {
  ScriptedPeer& peer = Peer("192.0.2.1").Says("EHLO", "502 5.5.1 what");
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
  EXPECT_EQ(peer.Heard("HELO client.test"), 1);
}

TEST_F(EngineTest, ForceHeloSaysNoEhlo) {
  delivery_.policy.force_helo = true;
  delivery_.policy.fqdn = "out.test";
  ScriptedPeer& peer = Peer("192.0.2.1");
  Deliver();
  EXPECT_EQ(peer.Heard("EHLO"), 0);
  EXPECT_EQ(peer.Heard("HELO out.test"), 1);
}

TEST_F(EngineTest, ANameWithoutADotIsNotSaidButTheAddress) {
  host_name_ = "postern-0";
  ScriptedPeer& peer = Peer("192.0.2.1");
  Deliver();
  EXPECT_EQ(peer.Heard("EHLO postern-0"), 0);
  EXPECT_EQ(peer.Heard("EHLO ["), 1);
  delivery_.policy.fqdn = "gateway";  // what an operator says is said
  Deliver();
  EXPECT_EQ(peer.Heard("EHLO gateway"), 1);
}

TEST_F(EngineTest, APeerThatTakesNoMoreOnASessionGetsANewOne) {
  for (const std::vector<std::string>& offer :
       {std::vector<std::string>(), std::vector<std::string>{"PIPELINING", "CHUNKING"}}) {
    ScriptedPeer& peer = Peer("192.0.2.1").Keywords(offer);
    delivery_.policy.version.push_back('x');  // no session of the row before
    Deliver();
    const int connections = peer.connections();
    peer.SaysAndDrops("MAIL", "421 4.7.0 too many messages on this connection", 1);
    Deliver();
    EXPECT_THAT(Results(), ElementsAre("250"));
    EXPECT_EQ(peer.connections(), connections + 1);
    EXPECT_FALSE(outcome_.ambiguous);
  }
  EXPECT_EQ(counters().reused_sessions_lost.value(), 2u);
}

TEST_F(EngineTest, AnOriginalRecipientInUtf8GoesOnlyToAPeerOfUtf8) {
  To("bob@example.test", mail::kNotifySuccess);
  delivery_.envelope.smtputf8 = true;
  delivery_.envelope.recipients[0].orcpt = "utf-8;j\xc3\xb6rg@example.test";
  ScriptedPeer& peer = Peer("192.0.2.1").Keywords({"DSN"}).DropsIdleAfter(1);
  Deliver();
  EXPECT_THAT(peer.heard(), Contains("RCPT TO:<bob@example.test> NOTIFY=SUCCESS"));
  peer.Keywords({"DSN", "SMTPUTF8"});
  Deliver();
  EXPECT_THAT(peer.heard(), Contains(HasSubstr("ORCPT=utf-8;j\xc3\xb6rg@example.test")));
}

TEST_F(EngineTest, LookupsThatFailSayWhy) {
  delivery_.route.domain = "gone.test";
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("dns 5.4.4"));
  resolver_.ServFail("late.test");
  delivery_.route.domain = "late.test";
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("dns 4.4.3"));
  EXPECT_EQ(outcome_.hosts[0].stage, Stage::kLookup);
}

TEST_F(EngineTest, SmartHostsUseTheirPort) {
  PeerAt("192.0.2.7:587");
  delivery_.route.dns_routing = false;
  delivery_.route.smart_hosts = {"[192.0.2.7]"};
  delivery_.route.port = 587;
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
}

TEST_F(EngineTest, ASourceAddressChoosesTheFamily) {
  delivery_.policy.source_address = *io::IpAddress::Parse("10.0.0.9");
  PeerAt("[2001:db8::1]:25");
  PeerAt("192.0.2.1:25");
  resolver_.Mx("example.test", {{10, "mx.test"}});
  resolver_.A("mx.test", "2001:db8::1");
  resolver_.A("mx.test", "192.0.2.1");
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
  EXPECT_THAT(dialer_.dialed(), ElementsAre("192.0.2.1:25"));
  EXPECT_THAT(dialer_.sources(), ElementsAre("10.0.0.9"));
  resolver_.Mx("six.test", {{10, "six-mx.test"}});
  resolver_.A("six-mx.test", "2001:db8::1");
  delivery_.route.domain = "six.test";
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("connect 4.4.1"));
  EXPECT_THAT(ErrorOf(), HasSubstr("no address is of the family of SourceIPAddress 10.0.0.9"));
}

TEST_F(EngineTest, ASourceAddressThatIsNotOursIsSaidOnce) {
  delivery_.policy.source_address = *io::IpAddress::Parse("10.0.0.9");
  dialer_.HasNot("10.0.0.9");
  Peer("192.0.2.1");
  Peer("192.0.2.2");
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("connect 4.4.1"));
  EXPECT_THAT(ErrorOf(), HasSubstr("source address 10.0.0.9 is not of this machine"));
  EXPECT_EQ(dialer_.dialed().size(), 1u);
}

// The first message after a node has lost its IPv6 address leaves over IPv4 at once.
TEST_F(EngineTest, AFamilyWhoseSourceAddressIsGoneLeavesTheOther) {
  const io::IpAddress v6 = *io::IpAddress::Parse("2001:db8:9::9");
  const std::vector<std::string> lines = {"address=10.0.0.9", "address=2001:db8:9::9"};
  const auto pool = SourcePool::Parse(lines, {*io::IpAddress::Parse("10.0.0.9"), v6});
  stores_.sources = &*pool;
  dialer_.HasNot("2001:db8:9::9");
  PeerAt("192.0.2.1:25").Refuses();
  PeerAt("192.0.2.2:25");
  resolver_.Mx("example.test", {{10, "mx1.test"}, {20, "mx2.test"}});
  resolver_.A("mx1.test", "2001:db8::1");
  resolver_.A("mx1.test", "192.0.2.1");
  resolver_.A("mx2.test", "2001:db8::2");
  resolver_.A("mx2.test", "192.0.2.2");
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
  EXPECT_THAT(dialer_.dialed(), ElementsAre("[2001:db8::1]:25", "192.0.2.1:25", "192.0.2.2:25"));
  EXPECT_THAT(dialer_.sources(), ElementsAre("2001:db8:9::9", "10.0.0.9", "10.0.0.9"));
}

TEST_F(EngineTest, ExternalServersAreAskedWhenTheConnectorSaysSo) {
  PeerAt("192.0.2.1:25");
  PeerAt("192.0.2.2:25");
  for (auto* resolver : {&resolver_, &external_resolver_})
    resolver->Mx("example.test", {{10, "mx.test"}});
  resolver_.A("mx.test", "192.0.2.1");
  external_resolver_.A("mx.test", "192.0.2.2");
  Deliver();
  delivery_.policy.external_dns = true;
  Deliver();
  EXPECT_THAT(dialer_.dialed(), ElementsAre("192.0.2.1:25", "192.0.2.2:25"));
  EXPECT_EQ(external_resolver_.questions(), 2);
}

TEST_F(EngineTest, HostsAreBoundedInOneAttempt) {
  limits_.hosts_max = 2;
  for (int i = 1; i <= 4; ++i)
    Peer("192.0.2." + std::to_string(i)).Refuses();
  Deliver();
  EXPECT_EQ(dialer_.dialed().size(), 2u);
  EXPECT_THAT(Results(), ElementsAre("connect 4.4.1"));
}

TEST_F(EngineTest, TheDeadlineEndsTheAttempt) {
  delivery_.deadline = absl::Milliseconds(30);
  Peer("192.0.2.1").Stalls("MAIL");
  Peer("192.0.2.2");
  const absl::Time before = absl::Now();
  Deliver();
  EXPECT_LT(absl::Now() - before, absl::Seconds(5));
  EXPECT_EQ(outcome_.recipients[0].origin, Origin::kConnect);
  EXPECT_FALSE(outcome_.ambiguous);
}

}  // namespace
}  // namespace postern::smtp
