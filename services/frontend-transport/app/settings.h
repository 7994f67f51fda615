// services/frontend-transport/app/settings.h
//
// AppSettings: every setting of a frontend-transport.

#pragma once

#include <string>

#include "common/dns/settings.h"
#include "common/rpc/settings.h"
#include "common/settings/setting.h"
#include "common/smtp/connectivity_log_settings.h"
#include "common/smtp/protocol_log_settings.h"
#include "common/smtp/security_settings.h"
#include "services/frontend-transport/egress/settings.h"

namespace postern::frontend {

struct ServerSettings {
  settings::Setting<std::string> name{.key = "server.name",
                                      .about =
                                          "EHLO name of the site, for connectors without an fqdn "
                                          "and source addresses without a name; "
                                          "empty: the address is said, never the name of a pod."};
  settings::Setting<std::string> site{
      .key = "server.site",
      .fallback = "default-first-site-name",
      .about = "The site of this front end; only its mailbox-transports may call."};
  settings::Setting<int> io_threads{.key = "server.io_threads",
                                    .fallback = 1,
                                    .min = 1,
                                    .max = 64,
                                    .about = "Threads that carry SMTP sessions."};
  settings::Setting<absl::Duration> stop_grace{
      .key = "server.stop_grace",
      .fallback = absl::Seconds(30),
      .min = absl::ZeroDuration(),
      .max = absl::Minutes(30),
      .about = "How long deliveries under way may take after SIGTERM."};
  settings::Setting<std::string> proxy_address{
      .key = "server.proxy_address",
      .fallback = "0.0.0.0:7170",
      .about = "Where the gRPC proxy, health and reflection listen."};
  settings::Setting<std::string> http_address{
      .key = "server.http_address",
      .fallback = "0.0.0.0:9717",
      .about = "Where /metrics, /livez and /readyz listen."};
  settings::Setting<std::string> log_level{
      .key = "log.level", .fallback = "info", .about = "debug, info, warning or error."};

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit(name);
    visit(site);
    visit(io_threads);
    visit(stop_grace);
    visit(proxy_address);
    visit(http_address);
    visit(log_level);
  }
};

struct AppSettings {
  ServerSettings server;
  egress::EgressSettings egress;
  dns::DnsSettings dns;
  smtp::ProtocolLogSettings protocol_log;
  smtp::ConnectivityLogSettings connectivity_log;
  smtp::SecuritySettings security;
  rpc::RpcSettings rpc;

  const std::string& LogLevel() const { return *server.log_level; }

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    server.Visit(visit);
    egress.Visit(visit);
    dns.Visit(visit);
    protocol_log.Visit(visit);
    connectivity_log.Visit(visit);
    security.Visit(visit);
    rpc.Visit(visit);
  }
};

}  // namespace postern::frontend
