#include "common/smtp/engine.h"
#include "tests/support/engine_fixture.h"

namespace postern::smtp {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using testing::ScriptedPeer;

class EngineLimitsTest : public testing::EngineFixture {
 protected:
  static std::vector<std::vector<std::string>> RecipientsAt(const ScriptedPeer& peer) {
    std::vector<std::vector<std::string>> all;
    for (const auto& mail : peer.mails())
      all.push_back(mail.recipients);
    return all;
  }

  void ToMany(int count) {
    for (int i = 0; i < count; ++i)
      To("r" + std::to_string(i) + "@example.test");
  }
};

TEST_F(EngineLimitsTest, ATransactionHasNoMoreRecipientsThanThePeerTakes) {
  for (const std::vector<std::string>& keywords :
       {std::vector<std::string>{"LIMITS RCPTMAX=2"},
        {"PIPELINING", "limits FOO=1 rcptmax=2 MAILMAX=50"},
        {"PIPELINING", "CHUNKING", "LIMITS RCPTMAX=3 RCPTMAX=2"}}) {
    ScriptedPeer& peer = Peer("192.0.2.1").Keywords(keywords);
    const std::size_t before = peer.mails().size();
    delivery_.envelope.recipients.clear();
    delivery_.policy.messages_per_connection_max = 3;
    ToMany(5);
    Deliver();
    EXPECT_THAT(Results(), Each("250"));
    ASSERT_EQ(peer.mails().size() - before, 3u);
    EXPECT_THAT(peer.mails()[before].recipients,
                ElementsAre("<r0@example.test>", "<r1@example.test>"));
    EXPECT_THAT(peer.mails().back().recipients, ElementsAre("<r4@example.test>"));
  }
}

TEST_F(EngineLimitsTest, AConnectionServesNoMoreMessagesThanThePeerTakes) {
  ScriptedPeer& peer = Peer("192.0.2.1").Keywords({"LIMITS MAILMAX=2 RCPTMAX=1"});
  ToMany(5);
  Deliver();
  EXPECT_THAT(Results(), Each("250"));
  std::vector<int> connections;
  for (const auto& mail : peer.mails())
    connections.push_back(mail.connection);
  EXPECT_THAT(connections, ElementsAre(1, 1, 2, 2, 3));
  EXPECT_EQ(peer.Heard("QUIT"), 2);
  Deliver();
  EXPECT_TRUE(outcome_.session_reused);
}

TEST_F(EngineLimitsTest, ATransactionIsForNoMoreDomainsThanThePeerTakes) {
  ScriptedPeer& peer = Peer("192.0.2.1").Keywords({"PIPELINING", "LIMITS RCPTDOMAINMAX=1"});
  for (const char* address : {"a@x.test", "b@y.test", "c@X.test"})
    To(address);
  Deliver();
  EXPECT_THAT(Results(), Each("250"));
  EXPECT_THAT(RecipientsAt(peer),
              ElementsAre(ElementsAre("<a@x.test>", "<c@X.test>"), ElementsAre("<b@y.test>")));
}

TEST_F(EngineLimitsTest, ALimitThatMakesNoSenseIsPassedOver) {
  for (const char* keyword : {"LIMITS", "LIMITS RCPTMAX=0 MAILMAX=0 RCPTDOMAINMAX=0",
                              "LIMITS RCPTMAX=-1 MAILMAX=x RCPTDOMAINMAX=", "LIMITS RCPTMAX",
                              "LIMITS RCPTMAX=1000000", "LIMITS=RCPTMAX=1"}) {
    ScriptedPeer& peer = Peer("192.0.2.1").Keywords({keyword});
    const std::size_t before = peer.mails().size();
    delivery_.policy.messages_per_connection_max = 1;
    delivery_.envelope.recipients.clear();
    ToMany(3);
    Deliver();
    EXPECT_EQ(peer.mails().size() - before, 1u) << keyword;
  }
}

}  // namespace
}  // namespace postern::smtp
