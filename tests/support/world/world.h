// tests/support/world/world.h
//
// World: a mailbox-transport, a frontend-transport and the Internet around them, in one process
// over loopback, with real time and short settings; and the verbs to tell a scenario with.
//
// Flow      Script the peers; Connector(...); FrontEnd() when it is to proxy; Start();
//           Submit(...); then Delivered(...), Soon(...), Metric(...).
// Failure   A part that does not start fails the test with its own words.
// Lifetime  Everything ends with the test: the services, the peers, the folder.
// Limits    Domains: b.test has the peers "first" and "second", c.test has "other", a.test (the
//           senders') has "home". A wait takes at most kPatience.

#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"

#include "common/io/executor.h"
#include "common/io/listener.h"
#include "common/io/scope.h"
#include "services/frontend-transport/app/app.h"
#include "services/mailbox-transport/app/app.h"
#include "tests/support/await.h"
#include "tests/support/certificates.h"
#include "tests/support/scripted_peer.h"

namespace postern::testing {

class World : public ::testing::Test {
 protected:
  World();
  ~World() override;

  // A remote host; script it before mail comes, or by Change.
  ScriptedPeer& Peer(const std::string& name);
  // Runs `fn` where the peers live.
  void Change(std::function<void()> fn);

  // The send connector for every domain, of usage Internet, with more lines of its spec:
  // "requireTls: true".
  void Connector(const std::vector<std::string>& lines = {});
  // Starts the front end, at the same port each time; connectors must ask for it.
  void FrontEnd();
  void StopFrontEnd();

  void Start();
  void Stop();
  // Starts again from what SIGKILL would have left on the disk.
  void Crash();

  // mTLS instead of plain text between the services.
  void Secure();
  // When it is so: a certificate for "site/service".
  void Prove(rpc::RpcSettings& rpc, const std::string& who);

  // What the relay listener answered for each recipient: {"250", "550"}.
  std::vector<std::string> Submit(const std::vector<std::string>& to,
                                  std::string content = "Subject: hello\r\n\r\nhello\r\n",
                                  const std::string& from = "ann@a.test");
  // By gRPC with an idempotency key: the message's id, "repeated" before it for a repetition, or
  // the status.
  std::string SubmitWithKey(const std::string& key, const std::string& to);

  // Waits until the peer took `count` messages; false when it does not in time, or took more.
  bool Delivered(const std::string& peer, std::size_t count = 1);
  std::vector<TakenMail> MailsOf(const std::string& peer);
  int ConnectionsOf(const std::string& peer);
  int Heard(const std::string& peer, const std::string& verb);

  // The sum of the mailbox-transport's samples whose line begins with `name` and holds `labels`.
  double Metric(std::string_view name, std::string_view labels = "");
  double FrontEndMetric(std::string_view name, std::string_view labels = "");
  // Whether the queues come to hold this many messages; one that is put back or moves is in none of
  // them for a moment.
  bool Waiting(double messages, std::string_view labels = "");

  bool Empty() { return Waiting(0); }

  // Writes the directory as it is to be now, in one move.
  void WriteDirectory();
  // All manifests: the connector for every domain, the site main with the server mbx-0.
  virtual std::string DirectoryText() const;

  // The sum of the samples of a registry's text whose line begins with `name` and holds `labels`.
  static double Sum(const std::string& text, std::string_view name, std::string_view labels);

  const std::string& folder() const { return folder_; }

  // "frontEnds: [...]" of the site main; empty without a front end.
  std::string FrontEndsText() const;

  const std::vector<std::string>& connector() const { return connector_; }

  int admin_port() const { return mailbox_->admin_port(); }

  app::AppSettings settings_;
  frontend::AppSettings front_end_settings_;

 private:
  struct Remote {
    ScriptedPeer peer;
    std::unique_ptr<io::Listener> listener;
  };

  void Listen(const std::string& name, const std::string& address);

  std::string folder_;
  io::Executor executor_{"peers"};
  io::Scope scope_{executor_};
  std::map<std::string, Remote> remotes_;
  std::uint16_t smtp_port_ = 0;
  int front_end_port_ = 0;
  int lives_ = 0;
  std::vector<std::string> connector_;
  std::unique_ptr<CertificateAuthority> authority_;
  std::unique_ptr<frontend::App> front_end_;
  std::unique_ptr<app::App> mailbox_;
};

}  // namespace postern::testing
