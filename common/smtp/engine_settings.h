// common/smtp/engine_settings.h
//
// EngineSettings: what the SMTP engine is told of waits, bounds and files; both services have them,
// each under its own keys.
//
// Flow      deliver and egress derive theirs, and add what only they have; LimitsFor an engine.
// See       common/smtp/limits.h

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/settings/setting.h"
#include "common/smtp/limits.h"
#include "common/smtp/ports.h"

namespace postern::smtp {

struct EngineSettings {
  struct Keys {
    std::string_view connect_timeout;
    std::string_view attempt_delay;
    std::string_view reply_timeout;
    std::string_view final_dot_timeout;
    std::string_view max_connections_per_host;
    std::string_view mx_port;
    std::string_view convert_8bit;
    std::string_view implicit_tls_ports;
    std::string_view dns_servers;
    std::string_view external_dns_servers;
    std::string_view tls_ca_file;
    std::string_view certificates_path;
    std::string_view secrets_path;
  };

  explicit EngineSettings(const Keys& named) : keys(named) {}

  Keys keys;
  settings::Setting<absl::Duration> connect_timeout{
      .key = keys.connect_timeout,
      .fallback = absl::Seconds(30),
      .min = absl::Seconds(1),
      .max = absl::Minutes(5),
      .about = "How long one host may take to answer the TCP connection."};
  settings::Setting<absl::Duration> attempt_delay{
      .key = keys.attempt_delay,
      .fallback = absl::Milliseconds(250),
      .min = absl::Milliseconds(10),
      .max = absl::Minutes(5),
      .about =
          "How long an address of a host may leave a connection unanswered before the next address "
          "of the same host is dialled beside it (RFC 8305 §5)."};
  settings::Setting<absl::Duration> reply_timeout{
      .key = keys.reply_timeout,
      .fallback = absl::Minutes(5),
      .min = absl::Seconds(1),
      .max = absl::Minutes(30),
      .about =
          "How long a host may take to greet and to answer EHLO, MAIL and RCPT (RFC 5321 "
          "§4.5.3.2)."};
  settings::Setting<absl::Duration> final_dot_timeout{
      .key = keys.final_dot_timeout,
      .fallback = absl::Minutes(10),
      .min = absl::Seconds(1),
      .max = absl::Minutes(60),
      .about = "How long a host may take to answer the end of the data (RFC 5321 §4.5.3.2.6)."};
  settings::Setting<int> max_connections_per_host{
      .key = keys.max_connections_per_host,
      .fallback = 100,
      .min = 1,
      .max = 10000,
      .about =
          "How many SMTP sessions this server may have open to one host. Each io thread has an "
          "equal part of it."};
  settings::Setting<int> mx_port{.key = keys.mx_port,
                                 .fallback = 25,
                                 .min = 1,
                                 .max = 65535,
                                 .about =
                                     "For development only: the port of MX hosts. Smart hosts have "
                                     "the port of their connector."};
  settings::Setting<bool> convert_8bit{
      .key = keys.convert_8bit,
      .fallback = true,
      .about =
          "Whether an 8-bit message of up to 256KB is converted to quoted-printable and base64 for "
          "a host without 8BITMIME. Without it, and where a signature or broken MIME forbids it, "
          "the message is returned with 5.6.3."};
  settings::Setting<std::vector<std::string>> implicit_tls_ports{
      .key = keys.implicit_tls_ports,
      .fallback = {"465"},
      .about =
          "Ports of smart hosts where TLS begins with the first byte (RFC 8314 §3.3): never "
          "STARTTLS, never in clear. Mail by MX is not concerned."};
  settings::Setting<std::vector<std::string>> dns_servers{
      .key = keys.dns_servers,
      .about =
          "Name servers as address:port, asked in this order; empty: those of /etc/resolv.conf."};
  settings::Setting<std::vector<std::string>> external_dns_servers{
      .key = keys.external_dns_servers,
      .about =
          "Name servers for connectors with useExternalDnsServersEnabled, as address:port; empty: "
          "the same as for the others."};
  settings::Setting<std::string> tls_ca_file{
      .key = keys.tls_ca_file,
      .about =
          "PEM file with the authorities that remote hosts' certificates may come from; empty is "
          "the system's trust store. Read again when it changes."};
  settings::Setting<std::string> certificates_path{
      .key = keys.certificates_path,
      .about =
          "Folder of certificates to show to remote hosts: <name>.crt with <name>.key, or "
          "<name>/tls.crt with <name>/tls.key. Read again when they change."};
  settings::Setting<std::string> secrets_path{
      .key = keys.secrets_path,
      .about =
          "Folder of the secrets that authenticationCredential names: <secret>/username with "
          "<secret>/password, <secret>/token or both. Read when they are used."};

  // Of one of `engines` that share what may be open.
  Limits LimitsFor(int engines) const {
    Limits limits;
    limits.connect = *connect_timeout;
    limits.attempt_delay = *attempt_delay;
    limits.greeting = *reply_timeout;
    limits.hello = *reply_timeout;
    limits.mail = *reply_timeout;
    limits.recipient = *reply_timeout;
    limits.final_dot = *final_dot_timeout;
    limits.sessions_per_host_max =
        static_cast<std::size_t>(std::max(1, *max_connections_per_host / engines));
    limits.mx_port = static_cast<std::uint16_t>(*mx_port);
    limits.convert_8bit = *convert_8bit;
    // One that is wrong keeps the service from starting: smtp::Provisions.
    limits.implicit_tls_ports =
        ParsePorts(*implicit_tls_ports).value_or(std::vector<std::uint16_t>());
    return limits;
  }

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit(connect_timeout);
    visit(attempt_delay);
    visit(reply_timeout);
    visit(final_dot_timeout);
    visit(max_connections_per_host);
    visit(mx_port);
    visit(convert_8bit);
    visit(implicit_tls_ports);
    visit(dns_servers);
    visit(external_dns_servers);
    visit(tls_ca_file);
    visit(certificates_path);
    visit(secrets_path);
  }
};

}  // namespace postern::smtp
