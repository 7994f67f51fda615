// services/mailbox-transport/accept/rules.h
//
// Rules: the limits of accept as plain values; Policy: those that the directory says.
//
// Lifetime  Shared, never changed: a session keeps the rules it began with.
// See       settings.h; the TransportConfig of the directory

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/time/time.h"

#include "services/mailbox-transport/accept/rate_limit.h"
#include "services/mailbox-transport/accept/settings.h"

namespace postern::accept {

// From TransportConfig; base::kUnlimited is no limit.
struct Policy {
  std::uint64_t max_receive_size = 35ull << 20;
  std::uint64_t max_recipient_envelope_limit = 5000;
};

struct Rules {
  Policy policy;
  std::size_t header_bytes_max = 128 * 1024;
  std::size_t line_bytes_max = 64 * 1024;
  std::size_t command_bytes_max = 4096;
  std::size_t hop_count_max = 30;
  std::size_t connections_max = 5000;
  std::size_t connections_per_source_max = 200;
  absl::Duration idle_timeout = absl::Minutes(5);
  absl::Duration session_timeout = absl::Minutes(10);
  int protocol_errors_max = 5;
  absl::Duration tarpit_interval = absl::Seconds(5);
  int auth_failures_max = 5;
  absl::Duration auth_wait_first = absl::Seconds(30);
  absl::Duration auth_wait_max = absl::Minutes(15);
  RateLimit::Rates rates;
};

using RulesPtr = std::shared_ptr<const Rules>;

// For a message that another server of the organization relays: its size and lines were judged when
// it was accepted, and each server on its way has added a field. Hops count as ever.
Rules ForRelay(const Rules& rules);

Rules RulesFrom(const AcceptSettings& settings, const Policy& policy);

}  // namespace postern::accept
