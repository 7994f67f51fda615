// common/smtp/engine_counters.h
//
// EngineCounters: what engines of one process did, for the probes of deliver and egress.
//
// Flow      One for a process; AddReadings; then Engine::Parts::counters.
// Lifetime  Thread-safe to read while engines run; outlives them and the registry's use.

#pragma once

#include <string>

#include "common/observe/metrics.h"

namespace postern::smtp {

struct EngineCounters {
  observe::Counter connections;           // opened
  observe::Counter connection_failures;   // could not be opened
  observe::Counter connection_races;      // opened to another address than the first one dialled
  observe::Counter sessions_reused;       // transactions on a session that had served before
  observe::Counter reused_sessions_lost;  // idle sessions that died before their first answer
  observe::Counter tls_connections;
  observe::Counter tls_fallbacks;      // opportunistic handshakes that failed: went on in clear
  observe::Counter security_refusals;  // not secure enough, or not logged in: nothing was sent
  observe::Counter transactions;
};

// Adds each count to the registry as <prefix>_..._total, such as postern_deliver_connections_total.
void AddReadings(observe::Registry& registry,
                 const std::string& prefix,
                 const EngineCounters& counters);

}  // namespace postern::smtp
