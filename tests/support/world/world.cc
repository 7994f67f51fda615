#include "tests/support/world/world.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "absl/time/clock.h"
#include <grpcpp/grpcpp.h>

#include "common/base/check.h"
#include "common/base/text.h"
#include "common/smtp/engine.h"
#include "postern/v1/submission.grpc.pb.h"
#include "tests/support/dns_servers.h"
#include "tests/support/fake_resolver.h"
#include "tests/support/string_body.h"

namespace postern::testing {

namespace {

namespace fs = std::filesystem;

// One name server for all scenarios of the process: each world has a port of its own.
const std::string& NameServer() {
  static const Dnsmasq server(
      {"--mx-host=b.test,first.b.test,10", "--mx-host=b.test,second.b.test,20",
       "--host-record=first.b.test,127.0.0.2", "--host-record=second.b.test,127.0.0.3",
       "--mx-host=c.test,other.c.test,10", "--host-record=other.c.test,127.0.0.4",
       "--mx-host=a.test,home.a.test,10", "--host-record=home.a.test,127.0.0.5"});
  return server.server();
}

}  // namespace

double World::Sum(const std::string& text, std::string_view name, std::string_view labels) {
  double sum = 0;
  for (const std::string_view line : base::Split(text, '\n')) {
    if (!line.starts_with(name) || line.find(labels) == std::string_view::npos) continue;
    const char after = line.size() > name.size() ? line[name.size()] : ' ';
    if (after != '{' && after != ' ') continue;
    sum += std::strtod(std::string(line.substr(line.rfind(' ') + 1)).c_str(), nullptr);
  }
  return sum;
}

World::World() {
  std::string pattern = (fs::temp_directory_path() / "postern-world-XXXXXX").string();
  folder_ = ::mkdtemp(pattern.data());
  fs::create_directory(folder_ + "/directory");
  executor_.Start();
  Listen("first", "127.0.0.2");
  Listen("second", "127.0.0.3");
  Listen("other", "127.0.0.4");
  Listen("home", "127.0.0.5");

  settings_.server.name.value = "mbx-0";
  settings_.server.stop_grace.value = absl::Milliseconds(200);
  settings_.endpoints.submission_address.value = "127.0.0.1:0";
  settings_.endpoints.admin_address.value = "127.0.0.1:0";
  settings_.endpoints.http_address.value = "127.0.0.1:0";
  settings_.accept.listeners.value = {"name=relay address=127.0.0.1:0"};
  settings_.store.path.value = folder_ + "/store-0";
  settings_.store.disk_reserve.value = {0};
  settings_.store.settle_delay_max.value = absl::Milliseconds(1);
  settings_.directory.path.value = folder_ + "/directory";
  settings_.directory.poll_interval.value = absl::Milliseconds(10);
  settings_.directory.quiet_time.value = absl::ZeroDuration();
  settings_.queue.queue_glitch_retry_interval.value = absl::Milliseconds(100);
  settings_.queue.message_retry_interval.value = absl::Milliseconds(100);
  settings_.deliver.mx_port.value = smtp_port_;
  settings_.deliver.dns_servers.value = {NameServer()};
  settings_.dns.refused_networks.value = {};
  settings_.deliver.proxy_streams.value = 1;
  settings_.deliver.proxy_reconnect_after.value = absl::Milliseconds(50);
  settings_.rpc.insecure_plaintext.value = true;

  front_end_settings_.server.name.value = "fe-0";
  front_end_settings_.server.site.value = "main";
  front_end_settings_.server.stop_grace.value = absl::Milliseconds(200);
  front_end_settings_.server.proxy_address.value = "127.0.0.1:0";
  front_end_settings_.server.http_address.value = "127.0.0.1:0";
  front_end_settings_.egress.mx_port.value = smtp_port_;
  front_end_settings_.egress.dns_servers.value = {NameServer()};
  front_end_settings_.dns.refused_networks.value = {};
  front_end_settings_.rpc.insecure_plaintext.value = true;
}

World::~World() {
  Stop();
  StopFrontEnd();
  executor_.Run([this] {
    for (auto& [name, remote] : remotes_)
      remote.listener->Close();
    scope_.Stop();
  });
  io::RunTask(executor_, scope_.Join());
  executor_.Run([this] { remotes_.clear(); });
  executor_.Stop();
  fs::remove_all(folder_);
}

void World::Listen(const std::string& name, const std::string& address) {
  executor_.Run([&] {
    Remote& remote = remotes_[name];
    auto listener =
        io::Listener::Open(executor_, *io::Endpoint::Parse(base::Cat(address, ":", smtp_port_)));
    POSTERN_CHECK(listener.ok());
    remote.listener = std::move(*listener);
    smtp_port_ = remote.listener->endpoint().port;
    scope_.Spawn(remote.peer.Serve(*remote.listener, scope_));
  });
}

ScriptedPeer& World::Peer(const std::string& name) {
  return remotes_.at(name).peer;
}

void World::Change(std::function<void()> fn) {
  executor_.Run([&fn] { fn(); });
}

void World::Connector(const std::vector<std::string>& lines) {
  connector_ = lines;
  WriteDirectory();
}

std::string World::FrontEndsText() const {
  if (front_end_port_ == 0) return "";
  return base::Cat("frontEnds: ['127.0.0.1:", front_end_port_, "']");
}

std::string World::DirectoryText() const {
  std::string text =
      "apiVersion: postern.dev/v1\nkind: SendConnector\nmetadata: {name: internet}\nspec:\n"
      "  name: Internet\n  addressSpaces: ['*']\n  sourceTransportServers: [mbx-0]\n"
      "  usage: Internet\n";
  for (const std::string& line : connector_)
    text += base::Cat("  ", line, "\n");
  text += base::Cat("---\napiVersion: postern.dev/v1\nkind: Site\nmetadata: {name: main}\nspec: {",
                    FrontEndsText(), "}\n");
  text +=
      "---\napiVersion: postern.dev/v1\nkind: TransportServer\nmetadata: {name: mbx-0}\n"
      "spec: {site: main}\n";
  return text;
}

void World::WriteDirectory() {
  std::ofstream(folder_ + "/new", std::ios::trunc) << DirectoryText();
  fs::rename(folder_ + "/new", folder_ + "/directory/all.yaml");
}

void World::FrontEnd() {
  front_end_settings_.server.proxy_address.value = base::Cat("127.0.0.1:", front_end_port_);
  auto started = frontend::App::Start(front_end_settings_);
  ASSERT_TRUE(started.ok()) << started.status();
  front_end_ = std::move(*started);
  front_end_port_ = front_end_->proxy_port();
  WriteDirectory();
}

void World::StopFrontEnd() {
  front_end_.reset();
}

void World::Start() {
  auto started = app::App::Start(settings_);
  ASSERT_TRUE(started.ok()) << started.status();
  mailbox_ = std::move(*started);
}

void World::Stop() {
  mailbox_.reset();
}

void World::Crash() {
  const std::string left = folder_ + "/store-" + std::to_string(++lives_);
  fs::copy(*settings_.store.path, left, fs::copy_options::recursive);
  Stop();
  settings_.store.path.value = left;
  Start();
}

void World::Secure() {
  authority_ = std::make_unique<CertificateAuthority>();
  Prove(settings_.rpc, "main/mailbox-transport");
  Prove(front_end_settings_.rpc, "main/frontend-transport");
}

void World::Prove(rpc::RpcSettings& rpc, const std::string& who) {
  if (authority_ == nullptr) return;
  const auto files = authority_->Issue(ForService("spiffe://postern.local/" + who));
  rpc.insecure_plaintext.value = false;
  rpc.certificate_file.value = files.certificate_file;
  rpc.key_file.value = files.key_file;
  rpc.ca_file.value = authority_->ca_file();
}

std::vector<std::string> World::Submit(const std::vector<std::string>& to,
                                       std::string content,
                                       const std::string& from) {
  static const tls::ClientContext tls;
  FakeResolver nobody;
  io::TcpDialer dialer;
  smtp::Delivery delivery;
  delivery.route.dns_routing = false;
  delivery.route.smart_hosts = {"[127.0.0.1]"};
  delivery.route.port = static_cast<std::uint16_t>(mailbox_->smtp_port("relay"));
  delivery.policy.inactivity = absl::ZeroDuration();
  delivery.envelope.sender = from;
  for (const std::string& address : to) {
    mail::Recipient recipient;
    recipient.address = address;
    delivery.envelope.recipients.push_back(recipient);
  }
  delivery.size = content.size();
  StringBody body(std::make_shared<const std::string>(std::move(content)));
  smtp::Outcome outcome;

  struct Client {
    static io::Task<void> Run(smtp::Engine* engine,
                              const smtp::Delivery* what,
                              smtp::BodySource* content_of,
                              smtp::Outcome* into) {
      *into = co_await engine->Attempt(*what, *content_of);
      engine->Stop();
      co_await engine->Join();
    }
  };

  std::unique_ptr<smtp::Engine> engine;
  executor_.Run([&] {
    engine = std::make_unique<smtp::Engine>(
        smtp::Engine::Parts{executor_, dialer, nobody, tls, "client.test", smtp::Limits()});
  });
  io::RunTask(executor_, Client::Run(engine.get(), &delivery, &body, &outcome));
  executor_.Run([&] { engine.reset(); });
  std::vector<std::string> answers;
  for (const smtp::RecipientResult& result : outcome.recipients) {
    answers.push_back(result.reply ? std::to_string(result.reply->code) : result.error.ToString());
  }
  return answers;
}

std::string World::SubmitWithKey(const std::string& key, const std::string& to) {
  const auto stub = v1::Submission::NewStub(grpc::CreateChannel(
      base::Cat("127.0.0.1:", mailbox_->submission_port()), grpc::InsecureChannelCredentials()));
  grpc::ClientContext call;
  call.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
  v1::SubmitResponse response;
  const auto writer = stub->Submit(&call, &response);
  v1::SubmitRequest envelope;
  envelope.mutable_envelope()->set_idempotency_key(key);
  envelope.mutable_envelope()->mutable_envelope()->set_sender("ann@a.test");
  envelope.mutable_envelope()->mutable_envelope()->add_recipients()->set_address(to);
  v1::SubmitRequest content;
  content.set_content("Subject: keyed\r\nFrom: ann@a.test\r\n\r\nhello\r\n");
  if (writer->Write(envelope)) writer->Write(content);
  writer->WritesDone();
  const grpc::Status status = writer->Finish();
  if (!status.ok()) return status.error_message();
  return base::Cat(response.repeated() ? "repeated " : "", response.message_id());
}

bool World::Delivered(const std::string& peer, std::size_t count) {
  return Soon([&] { return MailsOf(peer).size() >= count; }) && MailsOf(peer).size() == count;
}

std::vector<TakenMail> World::MailsOf(const std::string& peer) {
  std::vector<TakenMail> mails;
  Change([&] { mails = Peer(peer).mails(); });
  return mails;
}

int World::ConnectionsOf(const std::string& peer) {
  int connections = 0;
  Change([&] { connections = Peer(peer).connections(); });
  return connections;
}

int World::Heard(const std::string& peer, const std::string& verb) {
  int heard = 0;
  Change([&] { heard = Peer(peer).Heard(verb); });
  return heard;
}

double World::Metric(std::string_view name, std::string_view labels) {
  return Sum(mailbox_->registry().Text(), name, labels);
}

double World::FrontEndMetric(std::string_view name, std::string_view labels) {
  return Sum(front_end_->registry().Text(), name, labels);
}

bool World::Waiting(double messages, std::string_view labels) {
  return Soon([&] { return Metric("postern_queue_messages", labels) == messages; });
}

}  // namespace postern::testing
