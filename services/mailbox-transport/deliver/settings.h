// services/mailbox-transport/deliver/settings.h
//
// DeliverSettings: the waits and bounds of outbound delivery from a mailbox-transport.

#pragma once

#include <string>
#include <vector>

#include "common/settings/setting.h"
#include "common/smtp/limits.h"
#include "common/smtp/ports.h"
#include "common/smtp/tls_report.h"

namespace postern::deliver {

struct DeliverSettings {
  settings::Setting<absl::Duration> connect_timeout{
      .key = "deliver.connect_timeout",
      .fallback = absl::Seconds(30),
      .min = absl::Seconds(1),
      .max = absl::Minutes(5),
      .about = "How long one host may take to answer the TCP connection."};
  settings::Setting<absl::Duration> attempt_delay{
      .key = "deliver.attempt_delay",
      .fallback = absl::Milliseconds(250),
      .min = absl::Milliseconds(10),
      .max = absl::Minutes(5),
      .about =
          "How long an address of a host may leave a connection unanswered before the next address "
          "of the same host is dialled beside it (RFC 8305 §5)."};
  settings::Setting<absl::Duration> reply_timeout{
      .key = "deliver.reply_timeout",
      .fallback = absl::Minutes(5),
      .min = absl::Seconds(1),
      .max = absl::Minutes(30),
      .about =
          "How long a host may take to greet and to answer EHLO, MAIL and RCPT (RFC 5321 "
          "§4.5.3.2)."};
  settings::Setting<absl::Duration> final_dot_timeout{
      .key = "deliver.final_dot_timeout",
      .fallback = absl::Minutes(10),
      .min = absl::Seconds(1),
      .max = absl::Minutes(60),
      .about = "How long a host may take to answer the end of the data (RFC 5321 §4.5.3.2.6)."};
  settings::Setting<absl::Duration> attempt_timeout{
      .key = "deliver.attempt_timeout",
      .fallback = absl::Minutes(60),
      .min = absl::Seconds(5),
      .max = absl::Hours(24),
      .about = "How long one attempt may take over all its hosts."};
  settings::Setting<int> sessions_per_host_max{
      .key = "deliver.sessions_per_host_max",
      .fallback = 100,
      .min = 1,
      .max = 10000,
      .about = "How many SMTP sessions may be open to one host at a time."};
  settings::Setting<bool> direct_egress{
      .key = "deliver.direct_egress",
      .fallback = true,
      .about =
          "Whether this server may connect to remote hosts itself. Without it mail of a connector "
          "without frontendProxyEnabled waits in Retry, and the connector is not Ready "
          "(NoDirectEgress)."};
  settings::Setting<int> mx_port{.key = "deliver.mx_port",
                                 .fallback = 25,
                                 .min = 1,
                                 .max = 65535,
                                 .about =
                                     "For development only: the port of MX hosts. Smart hosts "
                                     "have the port of their connector."};
  settings::Setting<bool> convert_8bit{
      .key = "deliver.convert_8bit",
      .fallback = true,
      .about =
          "Whether an 8-bit message of up to 256KB is converted to quoted-printable and base64 for "
          "a host without 8BITMIME. Without it, and where a signature or broken MIME forbids it, "
          "the message is returned with 5.6.3."};
  settings::Setting<std::vector<std::string>> implicit_tls_ports{
      .key = "deliver.implicit_tls_ports",
      .fallback = {"465"},
      .about =
          "Ports of smart hosts where TLS begins with the first byte (RFC 8314 §3.3): never "
          "STARTTLS, never in clear. Mail by MX is not concerned."};
  settings::Setting<std::vector<std::string>> dns_servers{
      .key = "deliver.dns_servers",
      .about =
          "Name servers as address:port, asked in this order; empty: those of /etc/resolv.conf."};
  settings::Setting<std::vector<std::string>> external_dns_servers{
      .key = "deliver.external_dns_servers",
      .about =
          "Name servers for connectors with useExternalDnsServersEnabled, as address:port; empty: "
          "the same as for the others."};
  settings::Setting<std::string> tls_ca_file{
      .key = "deliver.tls_ca_file",
      .about =
          "PEM file with the authorities that remote hosts' certificates may come from; empty is "
          "the system's trust store. Read again when it changes."};
  settings::Setting<std::string> certificates_path{
      .key = "deliver.certificates_path",
      .about =
          "Folder of certificates to show to remote hosts: <name>.crt with <name>.key, or "
          "<name>/tls.crt with <name>/tls.key. Read again when they change."};
  settings::Setting<std::string> secrets_path{
      .key = "deliver.secrets_path",
      .about =
          "Folder of the secrets that authenticationCredential names: <secret>/username with "
          "<secret>/password, <secret>/token or both. Read when they are used."};
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

  smtp::Limits SmtpLimits() const {
    smtp::Limits limits;
    limits.connect = *connect_timeout;
    limits.attempt_delay = *attempt_delay;
    limits.greeting = *reply_timeout;
    limits.hello = *reply_timeout;
    limits.mail = *reply_timeout;
    limits.recipient = *reply_timeout;
    limits.final_dot = *final_dot_timeout;
    limits.sessions_per_host_max = static_cast<std::size_t>(*sessions_per_host_max);
    limits.mx_port = static_cast<std::uint16_t>(*mx_port);
    limits.convert_8bit = *convert_8bit;
    // One that is wrong keeps the service from starting: smtp::Provisions.
    limits.implicit_tls_ports =
        smtp::ParsePorts(*implicit_tls_ports).value_or(std::vector<std::uint16_t>());
    return limits;
  }

  smtp::TlsReports::Options TlsReportOptions() const {
    smtp::TlsReports::Options options;
    options.days_max = *tls_report_days;
    options.domains_max = static_cast<std::size_t>(*tls_report_domains_max);
    return options;
  }

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit(connect_timeout);
    visit(attempt_delay);
    visit(reply_timeout);
    visit(final_dot_timeout);
    visit(attempt_timeout);
    visit(sessions_per_host_max);
    visit(direct_egress);
    visit(mx_port);
    visit(convert_8bit);
    visit(implicit_tls_ports);
    visit(dns_servers);
    visit(external_dns_servers);
    visit(tls_ca_file);
    visit(certificates_path);
    visit(secrets_path);
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
