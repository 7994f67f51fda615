// services/mailbox-transport/app/settings.h
//
// AppSettings: every setting of a mailbox-transport.

#pragma once

#include <string>

#include "common/directory/settings.h"
#include "common/dns/settings.h"
#include "common/kubernetes/settings.h"
#include "common/rpc/settings.h"
#include "common/settings/setting.h"
#include "common/smtp/connectivity_log_settings.h"
#include "common/smtp/protocol_log_settings.h"
#include "common/smtp/security_settings.h"
#include "services/mailbox-transport/accept/settings.h"
#include "services/mailbox-transport/deliver/settings.h"
#include "services/mailbox-transport/pipeline/pressure_settings.h"
#include "services/mailbox-transport/pipeline/settings.h"
#include "services/mailbox-transport/pipeline/tracking_settings.h"
#include "services/mailbox-transport/queue/settings.h"
#include "services/mailbox-transport/settle/settings.h"
#include "services/mailbox-transport/store/settings.h"

namespace postern::app {

struct ServerSettings {
  settings::Setting<std::string> name{
      .key = "server.name",
      .about =
          "Name of this server in the directory: the metadata.name of its TransportServer; "
          "empty is the host's name."};
  settings::Setting<std::string> fqdn{
      .key = "server.fqdn",
      .about =
          "Fully qualified name in EHLO, Received, Message-ID and DSNs; empty is "
          "server.name."};
  settings::Setting<int> io_threads{
      .key = "server.io_threads",
      .fallback = 1,
      .min = 1,
      .max = 64,
      .about =
          "Threads that carry sessions and queues. One serves several thousand messages a second; "
          "give more only where cores are free."};
  settings::Setting<int> disk_threads{.key = "server.disk_threads",
                                      .fallback = 2,
                                      .min = 1,
                                      .max = 64,
                                      .about = "Threads that read bodies from the store."};
  settings::Setting<absl::Duration> stop_grace{
      .key = "server.stop_grace",
      .fallback = absl::Seconds(30),
      .min = absl::ZeroDuration(),
      .max = absl::Minutes(30),
      .about = "How long deliveries under way may take after SIGTERM."};
  settings::Setting<absl::Duration> hand_over_time{
      .key = "server.hand_over_time",
      .fallback = absl::Minutes(10),
      .min = absl::ZeroDuration(),
      .max = absl::Hours(24),
      .about =
          "How long a server whose StatefulSet goes on without it hands its queues to the other "
          "servers of its site, before it stops. Needs directory.source kubernetes; the pod's "
          "terminationGracePeriodSeconds must be longer. 0: it never does."};

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit(name);
    visit(fqdn);
    visit(io_threads);
    visit(disk_threads);
    visit(stop_grace);
    visit(hand_over_time);
  }
};

struct EndpointSettings {
  settings::Setting<std::string> submission_address{.key = "server.submission_address",
                                                    .fallback = "0.0.0.0:7171",
                                                    .about = "Where gRPC submission listens."};
  settings::Setting<std::string> admin_address{
      .key = "server.admin_address",
      .fallback = "0.0.0.0:7172",
      .about =
          "Where the gRPC admin API, the relay between servers and reflection listen; mTLS only."};
  settings::Setting<std::string> http_address{
      .key = "server.http_address",
      .fallback = "0.0.0.0:9717",
      .about = "Where /metrics, /livez and /readyz listen."};
  settings::Setting<std::string> log_level{
      .key = "log.level", .fallback = "info", .about = "debug, info, warning or error."};

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit(submission_address);
    visit(admin_address);
    visit(http_address);
    visit(log_level);
  }
};

struct AppSettings {
  ServerSettings server;
  pipeline::PipelineSettings pipeline;
  EndpointSettings endpoints;
  accept::AcceptSettings accept;
  store::StoreSettings store;
  directory::DirectorySettings directory;
  kubernetes::KubernetesSettings kubernetes;
  pipeline::PressureSettings pressure;
  queue::QueueSettings queue;
  deliver::DeliverSettings deliver;
  dns::DnsSettings dns;
  smtp::ProtocolLogSettings protocol_log;
  smtp::ConnectivityLogSettings connectivity_log;
  pipeline::TrackingSettings message_tracking_log;
  pipeline::RoutingLogSettings routing_log;
  smtp::SecuritySettings security;
  settle::SettleSettings settle;
  rpc::RpcSettings rpc;

  const std::string& LogLevel() const { return *endpoints.log_level; }

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    server.Visit(visit);
    pipeline.Visit(visit);
    endpoints.Visit(visit);
    accept.Visit(visit);
    store.Visit(visit);
    directory.Visit(visit);
    kubernetes.Visit(visit);
    pressure.Visit(visit);
    queue.Visit(visit);
    deliver.Visit(visit);
    dns.Visit(visit);
    protocol_log.Visit(visit);
    connectivity_log.Visit(visit);
    message_tracking_log.Visit(visit);
    routing_log.Visit(visit);
    security.Visit(visit);
    settle.Visit(visit);
    rpc.Visit(visit);
  }
};

}  // namespace postern::app
