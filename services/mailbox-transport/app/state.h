// services/mailbox-transport/app/state.h
//
// What an App is made of, in the order of construction.

#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/directory/change.h"
#include "common/directory/source.h"
#include "common/dns/resolvers.h"
#include "common/io/dialer.h"
#include "common/io/executor.h"
#include "common/io/on_disk.h"
#include "common/io/watchdog.h"
#include "common/kubernetes/access.h"
#include "common/kubernetes/presence.h"
#include "common/kubernetes/source.h"
#include "common/kubernetes/status_writer.h"
#include "common/observe/http_server.h"
#include "common/rpc/directory_client.h"
#include "common/rpc/own_certificate.h"
#include "common/rpc/server.h"
#include "common/smtp/provisions.h"
#include "services/mailbox-transport/accept/server.h"
#include "services/mailbox-transport/admin/admin_service.h"
#include "services/mailbox-transport/admin/directory_service.h"
#include "services/mailbox-transport/admin/relay_service.h"
#include "services/mailbox-transport/admin/submission_service.h"
#include "services/mailbox-transport/admin/tracking_service.h"
#include "services/mailbox-transport/app/app.h"
#include "services/mailbox-transport/app/certificate_watch.h"
#include "services/mailbox-transport/pipeline/pipeline.h"
#include "services/mailbox-transport/pipeline/resource_monitor.h"
#include "services/mailbox-transport/store/rocks_store.h"

namespace postern::app {

// One executor with the resolvers that live on it.
struct IoThread {
  explicit IoThread(int number) : executor("io-" + std::to_string(number)) {}

  absl::Status Start(const deliver::DeliverSettings& settings,
                     const dns::DnsSettings& lookups,
                     observe::Registry& registry);

  io::Executor executor;
  std::unique_ptr<dns::Resolvers> dns;
};

struct App::State {
  explicit State(const AppSettings& s) : settings(s), disk(*s.server.disk_threads) {}

  absl::Status StartStore();
  absl::Status StartIdentity();
  absl::Status StartDirectory();
  absl::Status MakeSource();
  absl::Status MakeFiles();
  absl::Status MakeFollower();
  absl::Status MakeKubernetes();
  absl::Status RegisterServer();
  absl::Status StartPresence();
  kubernetes::Presence::Report Report() const;
  // Before the stop of a server that does not come back.
  void HandOverIfScaledIn();
  // Where an operator finds the directory.
  std::string DirectoryPlace() const;
  absl::Status StartProvisions();
  absl::Status StartIoThreads();
  absl::Status StartLogs();
  absl::Status StartPipeline();
  void StartResources();
  absl::Status StartAccept();
  absl::Status StartServices();
  // From any thread: brings the directory as it is now to all parts, once they run.
  void DirectoryChanged();

  const AppSettings& settings;
  std::string server_name;
  std::string outside_name;  // fully qualified, for other servers
  std::string site;
  observe::Registry registry;
  std::unique_ptr<observe::HttpServer> http;
  smtp::EngineCounters engine_counters;
  io::DiskPool disk;
  io::DiskPool auth_pool{1};  // password hashes are slow: bodies do not wait for them
  io::TcpDialer dialer;
  std::unique_ptr<smtp::Provisions> provisions;
  std::unique_ptr<store::RocksStore> store;
  std::unique_ptr<rpc::OwnCertificate> own_certificate;
  std::unique_ptr<rpc::DirectoryClient> writer;  // on a follower
  std::optional<kubernetes::Access> api;         // of the API server
  std::unique_ptr<directory::DirectorySource> directory;
  kubernetes::KubernetesSource* followed_api = nullptr;  // the same, when it is of an API server
  std::unique_ptr<directory::ChangeWriter> managed;  // where changes are made; null on a follower
  std::function<absl::Status()> load_directory;      // on the writer: what the folder holds, now
  std::vector<std::unique_ptr<IoThread>> io_threads;
  std::unique_ptr<io::Watchdog> watchdog;
  std::unique_ptr<pipeline::Tracking> tracking;       // null: off
  std::unique_ptr<pipeline::RoutingLog> routing_log;  // the same
  std::unique_ptr<pipeline::Pipeline> pipeline;
  std::unique_ptr<pipeline::ResourceMonitor> resources;
  std::unique_ptr<accept::Server> accept;
  std::unique_ptr<CertificateWatch> certificates;
  std::unique_ptr<rpc::Authority> authority;
  std::unique_ptr<admin::SubmissionService> submission;
  std::unique_ptr<admin::RelayService> relay;
  std::unique_ptr<admin::AdminService> admin;
  std::unique_ptr<admin::DirectoryService> directory_service;
  std::unique_ptr<admin::TrackingService> tracking_service;
  std::unique_ptr<rpc::Server> submission_server;
  std::unique_ptr<rpc::Server> admin_server;
  std::unique_ptr<admin::Readiness> readiness;
  std::unique_ptr<kubernetes::Presence> presence;
  std::unique_ptr<kubernetes::StatusWriter> statuses;
  std::mutex directory_mutex;  // the watch's thread and the main thread bring snapshots
  bool running = false;        // guarded by it
  bool stopped = false;
};

}  // namespace postern::app
