// A connector whose source servers are elsewhere: the message goes there, and on from there.

#include "gmock/gmock.h"

#include "tests/support/world/sites_world.h"

namespace postern::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RelayedToTheSourceServer : public SitesWorld {
 protected:
  RelayedToTheSourceServer() {
    Server("mbx-1", "far");
    Link("main", "far", 10);
    Sources({"mbx-1"});
  }

  static int CountOf(const std::string& text, std::string_view part) {
    int count = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
      ++count;
    return count;
  }
};

TEST_F(RelayedToTheSourceServer, AndDelivered) {
  StartAll();
  EXPECT_THAT(Submit({"bob@b.test"}), ElementsAre("250"));
  EXPECT_TRUE(Delivered("first"));
  EXPECT_TRUE(EmptyEverywhere());
  const std::string content = MailsOf("first").at(0).content;
  EXPECT_EQ(CountOf(content, "Received:"), 2) << "each server has put its field in front";
  EXPECT_THAT(content, HasSubstr("from mbx-0 ([127.0.0.1])"));
  EXPECT_EQ(Metric("postern_deliver_attempts_total", "way=\"relay\""), 1);
  EXPECT_EQ(MetricOf("mbx-1", "postern_accept_relayed_total"), 1);
  EXPECT_EQ(MetricOf("mbx-1", "postern_deliver_attempts_total", "way=\"direct\""), 1);
  EXPECT_EQ(Metric("postern_settle_dsn_total"), 0);
}

TEST_F(RelayedToTheSourceServer, ALargeOneToo) {
  StartAll();
  std::string content = "Subject: large\r\nFrom: ann@a.test\r\n\r\n";
  for (int line = 0; content.size() < 2'000'000; ++line)
    content += "line " + std::to_string(line) + " of a large message\r\n";
  EXPECT_THAT(Submit({"bob@b.test", "eve@c.test"}, content), ElementsAre("250", "250"));
  EXPECT_TRUE(Delivered("first"));
  EXPECT_TRUE(Delivered("other"));
  const std::string arrived = MailsOf("first").at(0).content;
  EXPECT_TRUE(arrived.ends_with(content.substr(content.find("\r\n\r\n"))));
  EXPECT_EQ(MetricOf("mbx-1", "postern_accept_relayed_total"), 1) << "both recipients in one";
  EXPECT_TRUE(EmptyEverywhere());
}

TEST_F(RelayedToTheSourceServer, WhatFailsThereIsReportedFromThere) {
  Peer("first").Says("RCPT", "550 5.1.1 nobody");
  StartAll();
  EXPECT_THAT(Submit({"bob@b.test"}), ElementsAre("250"));
  EXPECT_TRUE(Delivered("home"));
  EXPECT_THAT(MailsOf("home").at(0).content, HasSubstr("550 5.1.1 nobody"));
  EXPECT_EQ(Metric("postern_settle_dsn_total"), 0);
  EXPECT_EQ(MetricOf("mbx-1", "postern_settle_dsn_total"), 1);
  EXPECT_TRUE(EmptyEverywhere());
}

TEST_F(RelayedToTheSourceServer, ByMutualTls) {
  Secure();
  Server("mbx-1", "far");
  StartAll();
  EXPECT_THAT(Submit({"bob@b.test"}), ElementsAre("250"));
  EXPECT_TRUE(Delivered("first"));
  EXPECT_TRUE(EmptyEverywhere());
}

TEST_F(RelayedToTheSourceServer, ThroughAHub) {
  Server("mbx-2", "remote");
  Link("far", "remote", 10);
  Hub("far");
  Sources({"mbx-2"});
  StartAll();
  EXPECT_THAT(Submit({"bob@b.test"}), ElementsAre("250"));
  EXPECT_TRUE(Delivered("first"));
  EXPECT_EQ(MetricOf("mbx-1", "postern_accept_relayed_total"), 1);
  EXPECT_EQ(MetricOf("mbx-2", "postern_accept_relayed_total"), 1);
  EXPECT_THAT(MailsOf("first").at(0).content, HasSubstr("from mbx-1 ("));
  EXPECT_TRUE(EmptyEverywhere());
}

TEST_F(RelayedToTheSourceServer, WhenItIsThereAgain) {
  StartAll();
  StopServer("mbx-1");
  EXPECT_THAT(Submit({"bob@b.test"}), ElementsAre("250"));
  EXPECT_TRUE(Soon([this] { return Metric("postern_queue_ladder_steps_total") >= 1; }));
  EXPECT_TRUE(Waiting(1, "SmtpRelayToConnectorSourceServers"));
  EXPECT_EQ(ConnectionsOf("first"), 0) << "never from a server that is no source";
  StartServer("mbx-1");
  EXPECT_TRUE(Delivered("first"));
  EXPECT_EQ(Metric("postern_deliver_ambiguous_total"), 0);
  EXPECT_TRUE(EmptyEverywhere());
}

}  // namespace
}  // namespace postern::testing
