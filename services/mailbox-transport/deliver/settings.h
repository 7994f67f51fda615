// services/mailbox-transport/deliver/settings.h
//
// DeliverSettings: the waits and bounds of outbound delivery from a mailbox-transport.

#pragma once

#include <string>
#include <vector>

#include "common/settings/setting.h"
#include "common/smtp/engine_settings.h"
#include "common/smtp/tls_report.h"

namespace postern::deliver {

struct DeliverSettings : smtp::EngineSettings {
  DeliverSettings()
      : EngineSettings({.connect_timeout = "deliver.connect_timeout",
                        .attempt_delay = "deliver.attempt_delay",
                        .reply_timeout = "deliver.reply_timeout",
                        .final_dot_timeout = "deliver.final_dot_timeout",
                        .max_connections_per_host = "deliver.max_connections_per_host",
                        .mx_port = "deliver.mx_port",
                        .convert_8bit = "deliver.convert_8bit",
                        .implicit_tls_ports = "deliver.implicit_tls_ports",
                        .dns_servers = "deliver.dns_servers",
                        .external_dns_servers = "deliver.external_dns_servers",
                        .tls_ca_file = "deliver.tls_ca_file",
                        .certificates_path = "deliver.certificates_path",
                        .secrets_path = "deliver.secrets_path"}) {}

  settings::Setting<absl::Duration> attempt_timeout{
      .key = "deliver.attempt_timeout",
      .fallback = absl::Minutes(60),
      .min = absl::Seconds(5),
      .max = absl::Hours(24),
      .about = "How long one attempt may take over all its hosts."};
  settings::Setting<bool> direct_egress{
      .key = "deliver.direct_egress",
      .fallback = true,
      .about =
          "Whether this server may connect to remote hosts itself. Without it mail of a connector "
          "without frontendProxyEnabled waits in Retry, and the connector is not Ready "
          "(NoDirectEgress)."};
  settings::Setting<int> proxy_streams{
      .key = "deliver.proxy_streams",
      .fallback = 2,
      .min = 1,
      .max = 16,
      .about = "How many gRPC streams are kept open to each front end, for each io thread."};
  settings::Setting<absl::Duration> proxy_reconnect_after{
      .key = "deliver.proxy_reconnect_after",
      .fallback = absl::Seconds(1),
      .min = absl::Milliseconds(50),
      .max = absl::Minutes(5),
      .about =
          "How long after its end a stream to a front end is opened again. After ten openings in "
          "a row that failed the pause doubles, up to 15 s."};
  settings::Setting<absl::Duration> proxy_slot_wait{
      .key = "deliver.proxy_slot_wait",
      .fallback = absl::Seconds(30),
      .min = absl::Milliseconds(1),
      .max = absl::Minutes(10),
      .about = "How long a delivery waits for a slot of a front end before its queue is held."};

  settings::Setting<absl::Duration> front_end_refresh{
      .key = "deliver.front_end_refresh",
      .fallback = absl::Seconds(5),
      .min = absl::Milliseconds(100),
      .max = absl::Minutes(10),
      .about =
          "How often the names of the site's front ends are looked up; after the loss of one they "
          "are within a second."};
  settings::Setting<std::vector<std::string>> front_end_dns_servers{
      .key = "deliver.front_end_dns_servers",
      .about =
          "Name servers for the names of front ends, as address:port; empty: those of "
          "/etc/resolv.conf. Its search list holds in either case."};
  settings::Setting<int> front_end_failures_max{
      .key = "deliver.front_end_failures_max",
      .fallback = 5,
      .min = 1,
      .max = 1000,
      .about = "After so many failures in a row a front end is left out for a while."};
  settings::Setting<absl::Duration> front_end_out_time{
      .key = "deliver.front_end_out_time",
      .fallback = absl::Seconds(2),
      .min = absl::Milliseconds(10),
      .max = absl::Minutes(10),
      .about =
          "How long a front end that failed is left out before one delivery tries it; twice as "
          "long each time, up to 32 times."};

  settings::Setting<absl::Duration> relay_connect_timeout{
      .key = "deliver.relay_connect_timeout",
      .fallback = absl::Seconds(10),
      .min = absl::Milliseconds(100),
      .max = absl::Minutes(5),
      .about =
          "How long a connection to another server of the organization may take to come about, TLS "
          "included."};
  settings::Setting<absl::Duration> relay_timeout{
      .key = "deliver.relay_timeout",
      .fallback = absl::Minutes(10),
      .min = absl::Seconds(1),
      .max = absl::Hours(6),
      .about =
          "How long another server of the organization may take for one message, from the "
          "connection to its receipt."};

  settings::Setting<int> tls_report_days{
      .key = "deliver.tls_report_days",
      .fallback = 7,
      .min = 1,
      .max = 31,
      .about =
          "How many days that are over Get-TlsReport can tell of, beside today (UTC, RFC 8460). Of "
          "each day about 8MB are kept at most, in memory."};
  settings::Setting<int> tls_report_domains_max{
      .key = "deliver.tls_report_domains_max",
      .fallback = 10'000,
      .min = 1,
      .max = 25'000,
      .about =
          "Of how many policy domains TLS sessions are counted for reports on one day; the others "
          "are counted together, as left out."};
  settings::Setting<std::string> tls_report_organization{
      .key = "deliver.tls_report_organization",
      .about =
          "organization-name of the TLS reports of Get-TlsReport -Json; empty is server.fqdn."};
  settings::Setting<std::string> tls_report_contact{
      .key = "deliver.tls_report_contact",
      .about =
          "contact-info of the TLS reports of Get-TlsReport -Json, a mail address; empty is "
          "postmaster at server.fqdn."};

  // Of one of `threads` engines.
  smtp::Limits SmtpLimits(int threads = 1) const { return LimitsFor(threads); }

  smtp::TlsReports::Options TlsReportOptions() const {
    smtp::TlsReports::Options options;
    options.days_max = *tls_report_days;
    options.domains_max = static_cast<std::size_t>(*tls_report_domains_max);
    return options;
  }

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    EngineSettings::Visit(visit);
    visit(attempt_timeout);
    visit(direct_egress);
    visit(proxy_streams);
    visit(proxy_reconnect_after);
    visit(proxy_slot_wait);
    visit(front_end_refresh);
    visit(front_end_dns_servers);
    visit(front_end_failures_max);
    visit(front_end_out_time);
    visit(relay_connect_timeout);
    visit(relay_timeout);
    visit(tls_report_days);
    visit(tls_report_domains_max);
    visit(tls_report_organization);
    visit(tls_report_contact);
  }
};

}  // namespace postern::deliver
