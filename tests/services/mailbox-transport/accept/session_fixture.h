// tests/services/mailbox-transport/accept/session_fixture.h
//
// SessionFixture: one session over a pipe in memory, with a client that may relay.

#pragma once

#include <fstream>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "common/io/on_disk.h"
#include "common/observe/metrics.h"
#include "services/mailbox-transport/accept/session.h"
#include "tests/services/mailbox-transport/accept/fake_intake.h"
#include "tests/services/mailbox-transport/accept/talk.h"
#include "tests/support/certificates.h"
#include "tests/support/fake_clock.h"
#include "tests/support/memory_stream.h"

namespace postern::accept::testing {

inline io::IpAddress Ip(std::string_view text) {
  return io::IpAddress::Parse(text).value();
}

inline io::Network Net(std::string_view text) {
  return io::Network::Parse(text).value();
}

// A listener's certificate and two users with the password "sesame"; made once.
struct Secrets {
  postern::testing::CertificateAuthority authority;
  postern::testing::CertificateFiles files;
  std::string users_file;

  Secrets() : files(authority.Issue(postern::testing::ForHost("mail.example.test"))) {
    tls::PasswordHash quick;
    quick.cost = 1024;
    tls::PasswordHash rounds;
    rounds.scheme = tls::PasswordHash::Scheme::kPbkdf2Sha256;
    rounds.cost = 1000;
    users_file = authority.folder() + "/users";
    std::ofstream(users_file) << "alice:" << tls::HashPassword("sesame", quick).ToString() << "\n"
                              << "bob:" << tls::HashPassword("sesame", rounds).ToString() << "\n";
  }

  static Secrets& Get() {
    static Secrets secrets;
    return secrets;
  }
};

// A whole message: a header, an empty line, and `body`.
inline std::string MessageOf(std::string_view body) {
  return base::Cat("Date: Mon, 23 Nov 2026 15:00:00 +0000\r\nMessage-ID: <m@example.test>\r\n\r\n",
                   body);
}

class SessionFixture : public ::testing::Test {
 protected:
  SessionFixture()
      : executor_("accept-test"), disk_(1), rate_limit_(clock_), probe_(registry_), random_(7) {
    listener_.name = "relay";
    listener_.networks = {Net("192.0.2.0/24")};
    client_.address = io::Endpoint{Ip("192.0.2.9"), 40000};
    rules_.tarpit_interval = absl::ZeroDuration();
    rules_.protocol_errors_max = 1000;
    executor_.Start();
    executor_.Run([this] { scope_ = std::make_unique<io::Scope>(executor_); });
  }

  ~SessionFixture() override {
    executor_.Run([this] { scope_->Stop(); });
    io::RunTask(executor_, Join(scope_.get()));
    executor_.Run([this] { scope_.reset(); });
    executor_.Stop();
  }

  void Stranger() { client_.address.address = Ip("198.51.100.7"); }

  void OfferTls() {
    listener_.tls = TlsMode::kStartTls;
    listener_.auth = AuthMode::kOptional;
    ASSERT_TRUE(
        server_tls_.Load(Secrets::Get().files.certificate_file, Secrets::Get().files.key_file)
            .ok());
    authenticator_ = std::make_unique<Authenticator>(disk_, clock_, Secrets::Get().users_file);
    ASSERT_TRUE(authenticator_->Load().ok());
  }

  // A new connection; its greeting is unread.
  Talk Connect() {
    auto [near, far] = postern::testing::MemoryPipe(1 << 20, client_.address, io::Endpoint());
    if (authenticator_ == nullptr)
      authenticator_ = std::make_unique<Authenticator>(disk_, clock_, "");
    parts_ = std::make_unique<SessionParts>(SessionParts{intake_, *authenticator_, rate_limit_,
                                                         server_tls_, probe_, clock_, random_,
                                                         "mail.example.test"});
    auto rules = std::make_shared<const Rules>(rules_);
    executor_.Run([&, stream = std::move(far)]() mutable {
      scope_->Spawn(Serve(this, rules, std::move(stream)));
    });
    return Talk(executor_, std::move(near));
  }

  // ... that said EHLO.
  Talk Greeted() {
    Talk talk = Connect();
    talk.Reply();
    hello_ = talk.Ask("EHLO client.example.test");
    return talk;
  }

  // ... in the middle of a transaction, ready for content.
  Talk Enveloped() {
    Talk talk = Greeted();
    EXPECT_EQ(talk.Ask("MAIL FROM:<a@example.test>").substr(0, 3), "250");
    EXPECT_EQ(talk.Ask("RCPT TO:<b@example.net>").substr(0, 3), "250");
    return talk;
  }

  // What was taken, behind the stamp; the tests' messages bring a Date and a Message-ID.
  std::string Content(std::size_t index = 0) const {
    const std::string& content = intake_.messages.at(index).content;
    return content.substr(content.find("Date:"));
  }

  static io::Task<void> Serve(SessionFixture* fixture,
                              RulesPtr rules,
                              std::unique_ptr<io::Stream> stream) {
    Session session(*fixture->parts_, fixture->listener_, rules, fixture->client_,
                    std::move(stream), std::nullopt);
    fixture->session_ = &session;
    co_await session.Run();
    fixture->session_ = nullptr;
  }

  static io::Task<void> Join(io::Scope* scope) { co_await scope->Join(); }

  io::Executor executor_;
  io::DiskPool disk_;
  postern::testing::FakeClock clock_;
  FakeIntake intake_;
  RateLimit rate_limit_;
  observe::Registry registry_;
  Probe probe_;
  base::SeededRandom random_;
  tls::ServerContext server_tls_;
  tls::ClientContext client_tls_;
  std::unique_ptr<Authenticator> authenticator_;
  std::unique_ptr<SessionParts> parts_;
  ListenerConfig listener_;
  Client client_;
  Rules rules_;
  std::unique_ptr<io::Scope> scope_;
  Session* session_ = nullptr;
  std::string hello_;
};

}  // namespace postern::accept::testing
