#include "tests/support/world/sites_world.h"

#include <thread>

#include <grpcpp/grpcpp.h>

#include "common/base/text.h"
#include "common/rpc/server.h"
#include "postern/v1/relay.grpc.pb.h"

namespace postern::testing {

// Reads all of every message and says nothing, until the caller has gone.
class SitesWorld::Silence final : public v1::Relay::Service {
 public:
  explicit Silence(const rpc::RpcSettings& settings) {
    rpc::Server::Options options;
    options.address = "127.0.0.1:0";
    server_ = *rpc::Server::Start(settings, options, {this});
  }

  int port() const { return server_->port(); }

  grpc::Status Relay(grpc::ServerContext* call,
                     grpc::ServerReader<v1::RelayRequest>* reader,
                     v1::RelayReceipt*) override {
    v1::RelayRequest frame;
    while (reader->Read(&frame)) {
    }
    while (!call->IsCancelled())
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    return grpc::Status::CANCELLED;
  }

 private:
  std::unique_ptr<rpc::Server> server_;
};

SitesWorld::SitesWorld() {
  sites_["main"] = false;
}

SitesWorld::~SitesWorld() {
  Stop();
  members_.clear();
}

app::AppSettings& SitesWorld::Server(const std::string& name, const std::string& site) {
  sites_.try_emplace(site, false);
  Member& member = members_[name];
  member.site = site;
  member.settings = settings_;
  member.settings.server.name.value = name;
  Prove(member.settings.rpc, base::Cat(site, "/mailbox-transport"));
  member.settings.store.path.value = base::Cat(folder(), "/store-", name);
  return member.settings;
}

void SitesWorld::SilentServer(const std::string& name, const std::string& site) {
  Server(name, site);
  Member& member = members_[name];
  member.silence = std::make_unique<Silence>(settings_.rpc);
  member.port = member.silence->port();
}

void SitesWorld::Hub(const std::string& site) {
  sites_[site] = true;
  WriteDirectory();
}

void SitesWorld::Link(const std::string& a, const std::string& b, int cost) {
  links_.push_back(base::Cat("metadata: {name: ", a, "-", b, "}\nspec: {sites: [", a, ", ", b,
                             "], cost: ", cost, "}\n"));
}

void SitesWorld::Sources(std::vector<std::string> servers) {
  sources_ = std::move(servers);
  WriteDirectory();
}

void SitesWorld::StartAll() {
  WriteDirectory();
  for (const auto& [name, member] : members_) {
    if (member.silence == nullptr) StartServer(name);
  }
  WriteDirectory();
  Start();
  WriteDirectory();
}

void SitesWorld::StartServer(const std::string& name) {
  Member& member = members_.at(name);
  member.silence.reset();
  member.settings.endpoints.admin_address.value = base::Cat("127.0.0.1:", member.port);
  auto started = app::App::Start(member.settings);
  ASSERT_TRUE(started.ok()) << started.status();
  member.app = std::move(*started);
  member.port = member.app->admin_port();
}

void SitesWorld::StopServer(const std::string& name) {
  members_.at(name).app.reset();
}

double SitesWorld::MetricOf(const std::string& server,
                            std::string_view name,
                            std::string_view labels) {
  return Sum(members_.at(server).app->registry().Text(), name, labels);
}

bool SitesWorld::EmptyEverywhere() {
  return Soon([this] {
    double messages = Metric("postern_queue_messages");
    for (const auto& [name, member] : members_) {
      if (member.app != nullptr) messages += MetricOf(name, "postern_queue_messages");
    }
    return messages == 0;
  });
}

std::string SitesWorld::DirectoryText() const {
  const auto manifest = [](std::string_view kind, const auto&... rest) {
    return base::Cat("---\napiVersion: postern.dev/v1\nkind: ", kind, "\n", rest...);
  };
  std::string text = manifest("SendConnector",
                              "metadata: {name: internet}\nspec:\n  name: Internet\n"
                              "  addressSpaces: ['*']\n  usage: Internet\n"
                              "  sourceTransportServers: [",
                              base::Join(sources_, ", "), "]\n");
  for (const std::string& line : connector())
    text += base::Cat("  ", line, "\n");
  for (const auto& [site, hub] : sites_) {
    text += manifest("Site", "metadata: {name: ", site, "}\nspec: {hubSiteEnabled: ", hub, "}\n");
  }
  for (const std::string& link : links_)
    text += manifest("SiteLink", link);
  text += manifest("TransportServer", "metadata: {name: mbx-0}\nspec: {site: main}\n");
  for (const auto& [name, member] : members_) {
    text += manifest("TransportServer", "metadata: {name: ", name, "}\nspec: {site: ", member.site);
    text +=
        member.port == 0 ? "}\n" : base::Cat(", relayAddress: '127.0.0.1:", member.port, "'}\n");
  }
  return text;
}

}  // namespace postern::testing
