// services/frontend-transport/egress/settings.h
//
// EgressSettings: the waits and bounds of a front end.

#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "common/settings/setting.h"
#include "common/smtp/engine_settings.h"

namespace postern::egress {

struct EgressSettings : smtp::EngineSettings {
  EgressSettings()
      : EngineSettings({.connect_timeout = "egress.connect_timeout",
                        .attempt_delay = "egress.attempt_delay",
                        .reply_timeout = "egress.reply_timeout",
                        .final_dot_timeout = "egress.final_dot_timeout",
                        .max_connections_per_host = "egress.max_connections_per_host",
                        .mx_port = "egress.mx_port",
                        .convert_8bit = "egress.convert_8bit",
                        .implicit_tls_ports = "egress.implicit_tls_ports",
                        .dns_servers = "egress.dns_servers",
                        .external_dns_servers = "egress.external_dns_servers",
                        .tls_ca_file = "egress.tls_ca_file",
                        .certificates_path = "egress.certificates_path",
                        .secrets_path = "egress.secrets_path"}) {}

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
  settings::Setting<int> max_connections{
      .key = "egress.max_connections",
      .fallback = 1000,
      .min = 1,
      .max = 50000,
      .about =
          "How many SMTP sessions this front end may have open, to all hosts together. Each io "
          "thread has an equal part of it."};
  settings::Setting<absl::Duration> blocked_time{
      .key = "egress.blocked_time",
      .fallback = absl::Seconds(30),
      .min = absl::ZeroDuration(),
      .max = absl::Minutes(5),
      .about =
          "When no mail exchanger of a domain answers, or none but with 421 or 554 before any "
          "mail, "
          "callers are told to leave it and every other domain with the same exchangers alone for "
          "so long. 0: they are not told."};
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

  // Of one of `threads` engines.
  smtp::Limits SmtpLimits(int threads = 1) const {
    smtp::Limits limits = LimitsFor(threads);
    limits.sessions_max = static_cast<std::size_t>(std::max(1, *max_connections / threads));
    return limits;
  }

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    EngineSettings::Visit(visit);
    visit(slots);
    visit(slots_per_stream_max);
    visit(body_stall_timeout);
    visit(max_connections);
    visit(blocked_time);
    visit(addresses);
    visit(address_check_interval);
  }
};

}  // namespace postern::egress
