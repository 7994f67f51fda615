// common/smtp/limits.h
//
// Limits: every bound and wait of an outbound conversation.
//
// See       RFC 5321 §4.5.3.2 for the waits; settings `deliver.*` and `egress.*` fill it

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/time/time.h"

namespace postern::smtp {

struct Limits {
  absl::Duration connect = absl::Seconds(30);
  absl::Duration attempt_delay = absl::Milliseconds(250);  // then the host's next address, beside
  absl::Duration greeting = absl::Minutes(5);
  absl::Duration hello = absl::Minutes(5);
  absl::Duration tls_handshake = absl::Seconds(60);
  absl::Duration mail = absl::Minutes(5);
  absl::Duration recipient = absl::Minutes(5);
  absl::Duration data = absl::Minutes(2);
  absl::Duration data_block = absl::Minutes(3);
  absl::Duration final_dot = absl::Minutes(10);
  absl::Duration quit = absl::Seconds(5);

  std::size_t reply_line_bytes_max = 2048;  // RFC 5321 says 512; real servers say more
  std::size_t reply_lines_max = 128;
  std::size_t recipients_per_transaction_max = 100;
  std::size_t hosts_max = 10;       // addresses tried in one attempt
  std::size_t sessions_max = 1000;  // open at one time, idle ones included
  std::size_t sessions_per_host_max = 100;
  std::uint16_t mx_port = 25;  // a development setting; the Internet uses 25
  // Of smart hosts: TLS begins with the first byte (RFC 8314 §3.3).
  std::vector<std::uint16_t> implicit_tls_ports = {465};
  bool convert_8bit = true;  // for a peer without 8BITMIME; else such a message is returned
};

}  // namespace postern::smtp
