#include "common/smtp/engine.h"

#include "tests/support/engine_fixture.h"

namespace postern::smtp {
namespace {

using ::testing::Contains;
using ::testing::Each;
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
      {"closes after EHLO", [](ScriptedPeer& p) { p.DropsAfter("EHLO"); }},
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

// What the only host answers, and what the recipient gets; a second host is not asked.
TEST_F(EngineTest, AnAnswerIsAnAnswer) {
  struct Row {
    std::string_view moment;
    std::string_view reply;
    std::string_view result;
  };

  const Row rows[] = {
      {"MAIL", "550 5.7.1 no", "550"},   {"RCPT", "550 5.1.1 no", "550"},
      {"RCPT", "450 4.2.0 grey", "450"}, {"RCPT", "452 4.5.3 many", "452"},
      {"DATA", "554 5.6.0 no", "554"},   {".", "451 4.3.0 later", "451"},
      {".", "550 5.7.1 spam", "550"},    {".", "250-a\r\n250 b", "250"},
  };
  for (const std::vector<std::string>& offer :
       {std::vector<std::string>(), std::vector<std::string>{"PIPELINING"}}) {
    for (const Row& row : rows) {
      ScriptedPeer& first = Peer("192.0.2.1").Keywords(offer);
      ScriptedPeer& second = Peer("192.0.2.2");
      first.Says(std::string(row.moment), std::string(row.reply), 1);
      delivery_.policy.version = std::to_string(offer.size());  // a session of its own
      Deliver();
      EXPECT_THAT(Results(), ElementsAre(row.result)) << row.moment << row.reply;
      EXPECT_EQ(outcome_.recipients[0].origin, Origin::kRemote);
      EXPECT_EQ(second.connections(), 0) << row.moment << row.reply;
    }
  }
  EXPECT_EQ(Peer("192.0.2.1").connections(), 2) << "a refusal does not cost the session";
}

TEST_F(EngineTest, TheLaterAnswerOfARemoteOutlivesABrokenHost) {
  Peer("192.0.2.1").Says("MAIL", "451 4.7.1 later");
  Peer("192.0.2.2").Refuses();
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("451"));
  EXPECT_EQ(outcome_.recipients[0].host, "mx1.test");
}

TEST_F(EngineTest, HostsThatAllRefuseAtTheGreetingMeanLater) {
  Peer("192.0.2.1").Greets("554 no");
  Peer("192.0.2.2").Greets("554 5.7.1 never");
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("connect 4.4.2"));
  EXPECT_THAT(outcome_.recipients[0].error.ToString(), HasSubstr("554 5.7.1 never"));
  EXPECT_EQ(outcome_.hosts[1].reply->code, 554);
}

TEST_F(EngineTest, EachRecipientHasItsOwnAnswer) {
  for (const std::vector<std::string>& offer :
       {std::vector<std::string>(), std::vector<std::string>{"PIPELINING"},
        std::vector<std::string>{"PIPELINING", "CHUNKING"}}) {
    delivery_.envelope.recipients.clear();
    To("bob@example.test");
    To("eve@example.test");
    To("joe@example.test");
    ScriptedPeer& peer = Peer("192.0.2.1").Keywords(offer);
    peer.Says("RCPT TO:<eve", "550 5.1.1 no").Says("RCPT TO:<joe", "450 4.2.1 later");
    delivery_.policy.messages_per_connection_max = 1;
    Deliver();
    EXPECT_THAT(Results(), ElementsAre("250", "550", "450"));
    EXPECT_THAT(peer.mails().back().recipients, ElementsAre("<bob@example.test>"));
  }
}

TEST_F(EngineTest, TooManyRecipientsMeansAnotherTransaction) {
  To("bob@example.test");
  To("eve@example.test");
  ScriptedPeer& peer = Peer("192.0.2.1").Keywords({"PIPELINING"});
  peer.Says("RCPT TO:<eve", "452 4.5.3 too many", 1);
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250", "250"));
  EXPECT_EQ(peer.mails().size(), 2u);
  EXPECT_EQ(peer.connections(), 1);
}

TEST_F(EngineTest, AFullMailboxIsNotTooManyRecipients) {
  To("bob@example.test");
  To("eve@example.test");
  Peer("192.0.2.1").Says("RCPT TO:<eve", "452 4.2.2 mailbox full");
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250", "452"));
}

TEST_F(EngineTest, ManyRecipientsTakeSeveralTransactions) {
  limits_.recipients_per_transaction_max = 3;
  for (int i = 0; i < 8; ++i)
    To("r" + std::to_string(i) + "@example.test");
  ScriptedPeer& peer = Peer("192.0.2.1").Keywords({"PIPELINING"});
  Deliver();
  EXPECT_THAT(Results(), Each(std::string("250")));
  EXPECT_EQ(peer.mails().size(), 3u);
  EXPECT_EQ(peer.mails()[2].recipients.size(), 2u);
}

TEST_F(EngineTest, RefusedAtMailHoldsForEveryRecipient) {
  limits_.recipients_per_transaction_max = 2;
  for (int i = 0; i < 5; ++i)
    To("r" + std::to_string(i) + "@example.test");
  Peer("192.0.2.1").Says("MAIL", "451 later");
  Deliver();
  EXPECT_THAT(Results(), Each(std::string("451")));
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

TEST_F(EngineTest, WhatThePeerCannotTakeIsDecidedHere) {
  struct Row {
    std::vector<std::string> offer;
    bool eight_bit;
    bool utf8;
    std::string recipient;
    std::string_view result;
  };

  const Row rows[] = {
      {{"SIZE 10"}, false, false, "bob@example.test", "local 5.3.4"},
      {{"SIZE 0"}, false, false, "bob@example.test", "250"},
      {{"SIZE"}, false, false, "bob@example.test", "250"},
      {{}, true, false, "bob@example.test", "local 5.6.3"},
      {{"8BITMIME"}, true, false, "bob@example.test", "250"},
      {{}, false, true, "bob@example.test", "250"},
      {{}, false, true, "b\xc3\xb6@example.test", "local 5.6.7"},
      {{"8BITMIME"}, true, true, "bob@example.test", "local 5.6.7"},
      {{"8BITMIME", "SMTPUTF8"}, true, true, "b\xc3\xb6@example.test", "250"},
  };
  for (const Row& row : rows) {
    Peer("192.0.2.1").Keywords(row.offer).DropsIdleAfter(1);
    delivery_.policy.version += "x";  // a session of its own
    delivery_.envelope.recipients.clear();
    To(row.recipient);
    delivery_.eight_bit = row.eight_bit;
    delivery_.envelope.smtputf8 = row.utf8;
    Deliver();
    EXPECT_THAT(Results(), ElementsAre(row.result)) << row.recipient;
  }
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
