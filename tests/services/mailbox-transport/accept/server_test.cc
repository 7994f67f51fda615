#include "services/mailbox-transport/accept/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/services/mailbox-transport/accept/session_fixture.h"

namespace postern::accept::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() : first_("accept-1"), second_("accept-2"), client_("client"), disk_(1) {
    for (io::Executor* executor : {&first_, &second_, &client_})
      executor->Start();
    settings_.listeners.value = {"name=relay address=127.0.0.1:0"};
    settings_.tarpit_interval.value = absl::ZeroDuration();
  }

  ~ServerTest() override {
    if (server_ != nullptr) server_->Stop(absl::ZeroDuration());
    for (io::Executor* executor : {&first_, &second_, &client_})
      executor->Stop();
  }

  void UseCertificate() {
    settings_.certificate_file.value = Secrets::Get().files.certificate_file;
    settings_.key_file.value = Secrets::Get().files.key_file;
    settings_.users_file.value = Secrets::Get().users_file;
  }

  absl::Status TryStart() {
    const Server::Parts parts{{&first_, &second_}, disk_, intake_, registry_, "mail.example.test"};
    auto server = Server::Make(parts, settings_, Policy());
    if (!server.ok()) return server.status();
    const absl::Status started = (*server)->Start();
    if (started.ok()) server_ = *std::move(server);
    return started;
  }

  void Start() {
    const absl::Status started = TryStart();
    ASSERT_TRUE(started.ok()) << started;
  }

  Talk Dial(const std::string& listener = "relay") {
    return Talk::Dial(client_, server_->endpoint(listener));
  }

  static void SendMessage(Talk& talk) {
    talk.Ask("EHLO client.example.test");
    talk.Send("MAIL FROM:<a@example.test>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n");
    for (const char* code : {"250", "250", "354"})
      EXPECT_THAT(talk.Reply(), StartsWith(code));
    EXPECT_THAT(talk.Ask(MessageOf("x\r\n.")), StartsWith("250 2.6.0"));
  }

  io::Executor first_;
  io::Executor second_;
  io::Executor client_;
  io::DiskPool disk_;
  FakeIntake intake_;
  observe::Registry registry_;
  AcceptSettings settings_;
  tls::ClientContext client_tls_;
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, TakesMessagesOverTcpOnEveryExecutor) {
  Start();
  for (int i = 0; i < 8; ++i) {
    Talk talk = Dial();
    EXPECT_THAT(talk.Reply(), StartsWith("220"));
    SendMessage(talk);
    EXPECT_THAT(talk.Ask("QUIT"), StartsWith("221"));
    EXPECT_EQ(talk.Reply(), "closed");
  }
  EXPECT_EQ(intake_.count(), 8u);
  EXPECT_THAT(registry_.Text(), HasSubstr("postern_accept_messages_total 8"));
}

TEST_F(ServerTest, ImplicitTlsSpeaksBeforeTheGreeting) {
  UseCertificate();
  settings_.listeners.value = {"name=tls address=127.0.0.1:0 tls=implicit auth=required"};
  Start();
  Talk talk = Dial("tls");
  ASSERT_TRUE(talk.StartTls(client_tls_));
  EXPECT_THAT(talk.Reply(), StartsWith("220"));
  EXPECT_THAT(talk.Ask("EHLO client.example.test"), HasSubstr("250-AUTH PLAIN LOGIN"));
  EXPECT_THAT(talk.Ask("MAIL FROM:<a@example.test>"), StartsWith("530"));
  EXPECT_THAT(talk.Ask("AUTH PLAIN " + base::Base64(std::string("\0alice\0sesame", 13))),
              StartsWith("235"));
  SendMessage(talk);
  EXPECT_EQ(intake_.messages.at(0).message.source_name, "SMTP:tls");
}

TEST_F(ServerTest, TheProxyHeaderSaysWhoTheClientIs) {
  settings_.listeners.value = {
      "name=relay address=127.0.0.1:0 networks=192.0.2.0/24 proxyProtocol=v1,v2 "
      "proxyPeers=127.0.0.1"};
  Start();
  Talk friendly = Dial();
  friendly.Send("PROXY TCP4 192.0.2.1 10.0.0.1 40000 25\r\n");
  EXPECT_THAT(friendly.Reply(), StartsWith("220"));
  SendMessage(friendly);
  EXPECT_EQ(intake_.messages.at(0).message.source_ip, "192.0.2.1");
  Talk strange = Dial();
  strange.Send(
      "PROXY TCP4 198.51.100.1 10.0.0.1 40000 25\r\nEHLO c\r\nMAIL FROM:<a@b.example>\r\n");
  for (const char* code : {"220", "250", "250"})
    EXPECT_THAT(strange.Reply(), StartsWith(code));
  EXPECT_THAT(strange.Ask("RCPT TO:<c@example.net>"), StartsWith("550 5.7.1"));
}

TEST_F(ServerTest, ABalancerThatSpeaksForNobodyHasNoRights) {
  settings_.listeners.value = {
      "name=relay address=127.0.0.1:0 networks=127.0.0.0/8 proxyProtocol=v1 proxyPeers=127.0.0.1"};
  Start();
  Talk talk = Dial();
  talk.Send("PROXY UNKNOWN\r\nEHLO c\r\nMAIL FROM:<a@b.example>\r\n");
  for (const char* code : {"220", "250", "250"})
    EXPECT_THAT(talk.Reply(), StartsWith(code));
  EXPECT_THAT(talk.Ask("RCPT TO:<c@example.net>"), StartsWith("550 5.7.1"));
}

TEST_F(ServerTest, APeerThatMustSpeakProxyAndDoesNotIsDropped) {
  settings_.listeners.value = {
      "name=relay address=127.0.0.1:0 proxyProtocol=v2 proxyPeers=127.0.0.1",
      "name=other address=127.0.0.1:0 proxyProtocol=v2 proxyPeers=10.0.0.1"};
  Start();
  Talk silent = Dial();
  silent.Send("EHLO client.example.test\r\n");
  EXPECT_EQ(silent.Reply(), "closed");
  Talk unnamed = Dial("other");
  EXPECT_EQ(unnamed.Reply(), "closed");
}

TEST_F(ServerTest, ProxyHeaderAndTlsHandshakeMayComeTogether) {
  UseCertificate();
  settings_.listeners.value = {
      "name=tls address=127.0.0.1:0 tls=implicit networks=192.0.2.0/24 proxyProtocol=v1 "
      "proxyPeers=127.0.0.1"};
  Start();
  Talk talk = Dial("tls");
  talk.Send("PROXY TCP4 192.0.2.1 10.0.0.1 40000 25\r\n");
  ASSERT_TRUE(talk.StartTls(client_tls_));
  EXPECT_THAT(talk.Reply(), StartsWith("220"));
  SendMessage(talk);
}

TEST_F(ServerTest, ConnectionsAreLimited) {
  settings_.connections_max.value = 1;
  Start();
  Talk first = Dial();
  EXPECT_THAT(first.Reply(), StartsWith("220"));
  Talk second = Dial();
  EXPECT_THAT(second.Reply(), StartsWith("421 4.3.2"));
  EXPECT_EQ(second.Reply(), "closed");
}

TEST_F(ServerTest, BehindABalancerTheLimitIsTheClients) {
  settings_.connections_per_source_max.value = 1;
  settings_.listeners.value = {
      "name=relay address=127.0.0.1:0 proxyProtocol=v1 proxyPeers=127.0.0.1"};
  Start();
  Talk first = Dial();
  first.Send("PROXY TCP4 192.0.2.1 10.0.0.1 40000 25\r\n");
  EXPECT_THAT(first.Reply(), StartsWith("220"));
  Talk second = Dial();
  second.Send("PROXY TCP4 192.0.2.1 10.0.0.1 40001 25\r\n");
  EXPECT_THAT(second.Reply(), StartsWith("421 4.3.2"));
  Talk other = Dial();
  other.Send("PROXY TCP4 192.0.2.2 10.0.0.1 40002 25\r\n");
  EXPECT_THAT(other.Reply(), StartsWith("220"));
}

TEST_F(ServerTest, APortInUseIsNamedWithItsListener) {
  Start();
  AcceptSettings again = settings_;
  again.listeners.value = {
      base::Cat("name=second address=", server_->endpoint("relay").ToString())};
  const Server::Parts parts{{&first_}, disk_, intake_, registry_, "mail.example.test"};
  auto server = Server::Make(parts, again, Policy());
  ASSERT_TRUE(server.ok());
  const absl::Status started = (*server)->Start();
  EXPECT_THAT(
      std::string(base::MessageOf(started)),
      HasSubstr(base::Cat("listener second: listen on ", server_->endpoint("relay").ToString())));
}

TEST_F(ServerTest, AMissingCertificateOrUsersFileIsNamed) {
  UseCertificate();
  settings_.certificate_file.value = "/nowhere/tls.crt";
  EXPECT_THAT(std::string(base::MessageOf(TryStart())), HasSubstr("/nowhere/tls.crt"));
  UseCertificate();
  settings_.users_file.value = "/nowhere/users";
  EXPECT_THAT(std::string(base::MessageOf(TryStart())), HasSubstr("/nowhere/users"));
}

TEST_F(ServerTest, APolicyHoldsForSessionsThatBeginLater) {
  Start();
  Policy policy;
  policy.max_receive_size = 4321;
  server_->Reload(settings_, policy);
  Talk talk = Dial();
  talk.Reply();
  EXPECT_THAT(talk.Ask("EHLO client.example.test"), HasSubstr("250-SIZE 4321|"));
}

TEST_F(ServerTest, StopSays421ToIdleClientsAndClosesThePort) {
  Start();
  const io::Endpoint at = server_->endpoint("relay");
  Talk talk = Dial();
  EXPECT_THAT(talk.Reply(), StartsWith("220"));
  server_->Stop(absl::Seconds(5));
  EXPECT_EQ(server_->sessions_open(), 0u);
  server_.reset();
  EXPECT_THAT(talk.Reply(), StartsWith("421 4.3.2"));
  EXPECT_EQ(talk.Reply(), "closed");
  EXPECT_FALSE(Talk::Dial(client_, at).connected());
}

TEST_F(ServerTest, StopWaitsForTheReceiptOfAMessageInHand) {
  Start();
  intake_.hold = true;
  Talk talk = Dial();
  talk.Reply();
  talk.Ask("EHLO client.example.test");
  talk.Send("MAIL FROM:<a@example.test>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n");
  for (int i = 0; i < 3; ++i)
    talk.Reply();
  talk.Send(MessageOf("x\r\n.\r\n"));
  while (intake_.count() == 0)
    absl::SleepFor(absl::Milliseconds(1));
  std::thread release([this] {
    absl::SleepFor(absl::Milliseconds(50));
    intake_.held.at(0)();
  });
  server_->Stop(absl::Milliseconds(10));
  release.join();
  server_.reset();
  EXPECT_THAT(talk.Reply(), StartsWith("250 2.6.0"));
}

}  // namespace
}  // namespace postern::accept::testing
