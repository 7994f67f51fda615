// services/frontend-transport/egress/settings.h
//
// EgressSettings: the waits and bounds of a front end.

#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "common/settings/setting.h"
#include "common/smtp/limits.h"
#include "common/smtp/ports.h"

namespace postern::egress {

struct EgressSettings {
  settings::Setting<int> slots{
      .key = "egress.slots",
      .fallback = 2048,
      .min = 4,
      .max = 65536,
      .about =
          "How many deliveries may be open at a time, over all callers. Each holds up to 64KB, "
          "a large one 256KB."};
  settings::Setting<int> slots_per_stream_max{
      .key = "egress.slots_per_stream_max",
      .fallback = 256,
      .min = 4,
      .max = 65536,
      .about = "How many of the slots one stream of a caller may have."};
  settings::Setting<absl::Duration> body_stall_timeout{
      .key = "egress.body_stall_timeout",
      .fallback = absl::Minutes(2),
      .min = absl::Seconds(1),
      .max = absl::Minutes(30),
      .about =
          "How long the next part of a large body may take; then the SMTP connection is closed "
          "without a final dot."};
  settings::Setting<absl::Duration> connect_timeout{
      .key = "egress.connect_timeout",
      .fallback = absl::Seconds(30),
      .min = absl::Seconds(1),
      .max = absl::Minutes(5),
      .about = "How long one host may take to answer the TCP connection."};
  settings::Setting<absl::Duration> attempt_delay{
      .key = "egress.attempt_delay",
      .fallback = absl::Milliseconds(250),
      .min = absl::Milliseconds(10),
      .max = absl::Minutes(5),
      .about =
          "How long an address of a host may leave a connection unanswered before the next address "
          "of the same host is dialled beside it (RFC 8305 §5)."};
  settings::Setting<absl::Duration> reply_timeout{
      .key = "egress.reply_timeout",
      .fallback = absl::Minutes(5),
      .min = absl::Seconds(1),
      .max = absl::Minutes(30),
      .about =
          "How long a host may take to greet and to answer EHLO, MAIL and RCPT (RFC 5321 "
          "§4.5.3.2)."};
  settings::Setting<absl::Duration> final_dot_timeout{
      .key = "egress.final_dot_timeout",
      .fallback = absl::Minutes(10),
      .min = absl::Seconds(1),
      .max = absl::Minutes(60),
      .about = "How long a host may take to answer the end of the data (RFC 5321 §4.5.3.2.6)."};
  settings::Setting<int> max_connections_per_host{
      .key = "egress.max_connections_per_host",
      .fallback = 100,
      .min = 1,
      .max = 10000,
      .about = "How many SMTP sessions may be open to one host, for all callers together."};
  settings::Setting<int> max_connections{
      .key = "egress.max_connections",
      .fallback = 1000,
      .min = 1,
      .max = 50000,
      .about =
          "How many SMTP sessions this front end may have open, to all hosts together. Each io "
          "thread has an equal part of it, and of egress.max_connections_per_host."};
  settings::Setting<absl::Duration> blocked_time{
      .key = "egress.blocked_time",
      .fallback = absl::Seconds(30),
      .min = absl::ZeroDuration(),
      .max = absl::Minutes(5),
      .about =
          "When no mail exchanger of a domain answers, callers are told to leave it and every "
          "other "
          "domain with the same exchangers alone for so long. 0: they are not told."};
  settings::Setting<int> mx_port{.key = "egress.mx_port",
                                 .fallback = 25,
                                 .min = 1,
                                 .max = 65535,
                                 .about =
                                     "For development only: the port of MX hosts. Smart hosts "
                                     "have the port of their connector."};
  settings::Setting<bool> convert_8bit{
      .key = "egress.convert_8bit",
      .fallback = true,
      .about =
          "Whether an 8-bit message of up to 256KB is converted to quoted-printable and base64 for "
          "a host without 8BITMIME. Without it, and where a signature or broken MIME forbids it, "
          "the message is returned with 5.6.3."};
  settings::Setting<std::vector<std::string>> implicit_tls_ports{
      .key = "egress.implicit_tls_ports",
      .fallback = {"465"},
      .about =
          "Ports of smart hosts where TLS begins with the first byte (RFC 8314 §3.3): never "
          "STARTTLS, never in clear. Mail by MX is not concerned."};
  settings::Setting<std::vector<std::string>> dns_servers{
      .key = "egress.dns_servers",
      .about =
          "Name servers as address:port, asked in this order; empty: those of /etc/resolv.conf."};
  settings::Setting<std::vector<std::string>> external_dns_servers{
      .key = "egress.external_dns_servers",
      .about =
          "Name servers for connectors with useExternalDnsServersEnabled, as address:port; empty: "
          "the same as for the others."};
  settings::Setting<std::vector<std::string>> addresses{
      .key = "egress.addresses",
      .about =
          "Source addresses, each as \"label=bulk address=192.0.2.25 ehlo=mail1.example.com "
          "public=198.51.100.25\". label is what a connector's egress names; without one it is for "
          "connectors that name none. ehlo is said where the connector has no fqdn. public is "
          "the address behind address translation. Those of other machines are passed over."};
  settings::Setting<absl::Duration> address_check_interval{
      .key = "egress.address_check_interval",
      .fallback = absl::Minutes(10),
      .min = absl::Seconds(1),
      .max = absl::Hours(24),
      .about =
          "How often the name of each source address is compared with its A or AAAA and PTR "
          "records."};
  settings::Setting<std::string> tls_ca_file{
      .key = "egress.tls_ca_file",
      .about =
          "PEM file with the authorities that remote hosts' certificates may come from; empty is "
          "the system's trust store. Read again when it changes."};
  settings::Setting<std::string> certificates_path{
      .key = "egress.certificates_path",
      .about =
          "Folder of certificates to show to remote hosts: <name>.crt with <name>.key, or "
          "<name>/tls.crt with <name>/tls.key. Read again when they change."};
  settings::Setting<std::string> secrets_path{
      .key = "egress.secrets_path",
      .about =
          "Folder of the secrets that authenticationCredential names: <secret>/username with "
          "<secret>/password, <secret>/token or both. Read when they are used."};

  // Of one of `threads` engines.
  smtp::Limits SmtpLimits(int threads = 1) const {
    const auto part = [threads](int whole) {
      return static_cast<std::size_t>(std::max(1, whole / threads));
    };
    smtp::Limits limits;
    limits.connect = *connect_timeout;
    limits.attempt_delay = *attempt_delay;
    limits.greeting = *reply_timeout;
    limits.hello = *reply_timeout;
    limits.mail = *reply_timeout;
    limits.recipient = *reply_timeout;
    limits.final_dot = *final_dot_timeout;
    limits.sessions_per_host_max = part(*max_connections_per_host);
    limits.sessions_max = part(*max_connections);
    limits.mx_port = static_cast<std::uint16_t>(*mx_port);
    limits.convert_8bit = *convert_8bit;
    // One that is wrong keeps the service from starting: smtp::Provisions.
    limits.implicit_tls_ports =
        smtp::ParsePorts(*implicit_tls_ports).value_or(std::vector<std::uint16_t>());
    return limits;
  }

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit(slots);
    visit(slots_per_stream_max);
    visit(body_stall_timeout);
    visit(connect_timeout);
    visit(attempt_delay);
    visit(reply_timeout);
    visit(final_dot_timeout);
    visit(max_connections_per_host);
    visit(max_connections);
    visit(blocked_time);
    visit(mx_port);
    visit(convert_8bit);
    visit(implicit_tls_ports);
    visit(dns_servers);
    visit(external_dns_servers);
    visit(addresses);
    visit(address_check_interval);
    visit(tls_ca_file);
    visit(certificates_path);
    visit(secrets_path);
  }
};

}  // namespace postern::egress
