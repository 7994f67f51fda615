// services/mailbox-transport/accept/settings.h
//
// AcceptSettings: the settings `accept.*`.
//
// Flow      The loader fills AcceptSettings; RulesFrom makes of it the plain values that sessions
//           read.
// Limits    Listeners, files and table sizes need a restart; the rest reloads for new sessions.
// See       exchange-2013 Receive connector defaults; RFC 5321 §4.5.3

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"

#include "common/settings/setting.h"

namespace postern::accept {

using settings::Setting;
using settings::Size;

struct AcceptSettings {
  Setting<std::vector<std::string>> listeners{
      .key = "accept.listeners",
      .about =
          "SMTP listeners, each as words: name=relay address=0.0.0.0:2525 tls=auto "
          "auth=none networks=127.0.0.0/8,::1 proxyProtocol=v1,v2 proxyPeers=10.0.0.1. "
          "tls is none, auto (STARTTLS when a certificate is set), starttls or implicit; auth is "
          "none, optional or required. headers=organization,forest lets its clients, servers of "
          "one's own organization, bring X-MS-Exchange-Organization and -Forest header fields, "
          "which are removed otherwise. Empty: relay on 2525 and, with certificate, key and users, "
          "auth on 5587 (STARTTLS) and tls on 4465 (implicit), both with AUTH required."};
  Setting<std::vector<std::string>> relay_networks{
      .key = "accept.relay_networks",
      .fallback = {"127.0.0.0/8", "::1"},
      .about =
          "Client networks that may send without AUTH, for listeners without networks= of their "
          "own."};
  Setting<std::vector<std::string>> snat_addresses{
      .key = "accept.snat_addresses",
      .about =
          "Addresses that cluster machinery writes over the client's (nodes, pod gateways): they "
          "never give a right to relay."};
  Setting<std::string> certificate_file{.key = "accept.certificate_file",
                                        .about = "PEM file with the listeners' certificate chain."};
  Setting<std::string> key_file{.key = "accept.key_file",
                                .about = "PEM file with the certificate's private key."};
  Setting<std::string> users_file{
      .key = "accept.users_file",
      .about =
          "Users for AUTH, one a line: name:scheme$params$salt$hash with scrypt or pbkdf2-sha256. "
          "Read again when it changes."};
  Setting<Size> header_bytes_max{.key = "accept.header_bytes_max",
                                 .fallback = {128 * 1024},
                                 .min = {4 * 1024},
                                 .max = {192 * 1024},
                                 .reloads = true,
                                 .about = "Largest header block of a message (MaxHeaderSize)."};
  Setting<Size> line_bytes_max{.key = "accept.line_bytes_max",
                               .fallback = {64 * 1024},
                               .min = {998},
                               .max = {16 * 1024 * 1024},
                               .reloads = true,
                               .about =
                                   "Longest line of a message; RFC 5322 asks for 998, programs "
                                   "send more."};
  Setting<Size> command_bytes_max{
      .key = "accept.command_bytes_max",
      .fallback = {4096},
      .min = {2048},
      .max = {16 * 1024},
      .reloads = true,
      .about = "Longest command line. A longer one is answered 500 5.5.2."};
  Setting<Size> submit_bytes_max{
      .key = "accept.submit_bytes_max",
      .fallback = {1024 * 1024},
      .min = {512 * 1024},
      .max = {16 * 1024 * 1024},
      .about =
          "Largest gRPC message of a Submit call. Content comes in pieces; the envelope, with "
          "all its recipients, is one."};
  Setting<int> hop_count_max{
      .key = "accept.hop_count_max",
      .fallback = 30,
      .min = 1,
      .max = 500,
      .reloads = true,
      .about = "Received fields beyond which a message loops (MaxHopCount)."};
  Setting<int> connections_max{.key = "accept.max_inbound_connections",
                               .fallback = 5000,
                               .min = 1,
                               .max = 1000000,
                               .reloads = true,
                               .about = "Connections open at one time (MaxInboundConnection)."};
  Setting<int> connections_per_source_max{
      .key = "accept.max_inbound_connections_per_source",
      .fallback = 200,
      .min = 1,
      .max = 1000000,
      .reloads = true,
      .about =
          "Connections open from one address, of IPv6 from one /64 "
          "(MaxInboundConnectionPerSource). "
          "Proxy peers count as the client they speak for; loopback is not limited."};
  Setting<absl::Duration> idle_timeout{.key = "accept.connection_inactivity_timeout",
                                       .fallback = absl::Minutes(5),
                                       .min = absl::Milliseconds(50),
                                       .max = absl::Hours(24),
                                       .reloads = true,
                                       .about =
                                           "How long a client may be silent "
                                           "(ConnectionInactivityTimeout)."};
  Setting<absl::Duration> session_timeout{
      .key = "accept.connection_timeout",
      .fallback = absl::Minutes(10),
      .min = absl::Milliseconds(50),
      .max = absl::Hours(24),
      .reloads = true,
      .about =
          "How long a session may last (ConnectionTimeout); a transaction that is begun has "
          "connection_inactivity_timeout more, content that is arriving is taken to its end."};
  Setting<int> protocol_errors_max{
      .key = "accept.max_protocol_errors",
      .fallback = 5,
      .min = 1,
      .max = 1000,
      .reloads = true,
      .about = "Errors since its last message after which a session ends (MaxProtocolErrors)."};
  Setting<absl::Duration> tarpit_interval{
      .key = "accept.tarpit_interval",
      .fallback = absl::Seconds(5),
      .min = absl::ZeroDuration(),
      .max = absl::Minutes(10),
      .reloads = true,
      .about = "How long the answer to an anonymous client's error waits (TarpitInterval)."};
  Setting<int> auth_failures_max{
      .key = "accept.auth_failures_max",
      .fallback = 5,
      .min = 1,
      .max = 1000,
      .reloads = true,
      .about =
          "AUTH failures of one user or address (of IPv6, one /64) before it must wait. A user's "
          "failures elsewhere do not hold up an address from which the user got in lately."};
  Setting<absl::Duration> auth_wait_first{
      .key = "accept.auth_wait_first",
      .fallback = absl::Seconds(30),
      .min = absl::Milliseconds(1),
      .max = absl::Hours(1),
      .reloads = true,
      .about = "The first such wait; it doubles with each further failure."};
  Setting<absl::Duration> auth_wait_max{
      .key = "accept.auth_wait_max",
      .fallback = absl::Minutes(15),
      .min = absl::Milliseconds(1),
      .max = absl::Hours(24),
      .reloads = true,
      .about = "The longest such wait; after it failures are forgotten."};
  Setting<int> messages_per_minute{
      .key = "accept.messages_per_minute",
      .fallback = 0,
      .min = 0,
      .max = 10000000,
      .reloads = true,
      .about =
          "Messages a minute of one identity, or of one address without AUTH (of IPv6, one /64); 0 "
          "is no limit."};
  Setting<int> recipients_per_minute{
      .key = "accept.recipients_per_minute",
      .fallback = 0,
      .min = 0,
      .max = 100000000,
      .reloads = true,
      .about =
          "Recipients a minute of one identity, or of one address without AUTH (of IPv6, one /64); "
          "0 is no limit."};

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit(listeners);
    visit(relay_networks);
    visit(snat_addresses);
    visit(certificate_file);
    visit(key_file);
    visit(users_file);
    visit(header_bytes_max);
    visit(line_bytes_max);
    visit(command_bytes_max);
    visit(submit_bytes_max);
    visit(hop_count_max);
    visit(connections_max);
    visit(connections_per_source_max);
    visit(idle_timeout);
    visit(session_timeout);
    visit(protocol_errors_max);
    visit(tarpit_interval);
    visit(auth_failures_max);
    visit(auth_wait_first);
    visit(auth_wait_max);
    visit(messages_per_minute);
    visit(recipients_per_minute);
  }
};

}  // namespace postern::accept
