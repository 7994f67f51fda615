#include "services/mailbox-transport/accept/rules.h"

#include <limits>

#include "common/base/units.h"

namespace postern::accept {

namespace {

// More than the Received fields of all relays that one message may have.
constexpr std::size_t kRelayHeaderBytes = 32 * 1024;

}  // namespace

Rules ForRelay(const Rules& rules) {
  Rules relay = rules;
  relay.policy.max_receive_size = base::kUnlimited;
  relay.header_bytes_max += kRelayHeaderBytes;
  relay.line_bytes_max = std::numeric_limits<std::size_t>::max();
  return relay;
}

Rules RulesFrom(const AcceptSettings& settings, const Policy& policy) {
  Rules rules;
  rules.policy = policy;
  rules.header_bytes_max = settings.header_bytes_max->bytes;
  rules.line_bytes_max = settings.line_bytes_max->bytes;
  rules.command_bytes_max = settings.command_bytes_max->bytes;
  rules.hop_count_max = static_cast<std::size_t>(*settings.hop_count_max);
  rules.connections_max = static_cast<std::size_t>(*settings.connections_max);
  rules.connections_per_source_max = static_cast<std::size_t>(*settings.connections_per_source_max);
  rules.idle_timeout = *settings.idle_timeout;
  rules.session_timeout = *settings.session_timeout;
  rules.protocol_errors_max = *settings.protocol_errors_max;
  rules.tarpit_interval = *settings.tarpit_interval;
  rules.auth_failures_max = *settings.auth_failures_max;
  rules.auth_wait_first = *settings.auth_wait_first;
  rules.auth_wait_max = *settings.auth_wait_max;
  rules.rates.messages_per_minute = *settings.messages_per_minute;
  rules.rates.recipients_per_minute = *settings.recipients_per_minute;
  return rules;
}

}  // namespace postern::accept
