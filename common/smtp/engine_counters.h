// common/smtp/engine_counters.h
//
// EngineCounters: what engines of one process did, for the probes of deliver and egress.
//
// Lifetime  Thread-safe to read while the engine runs.

#pragma once

#include "common/observe/metrics.h"

namespace postern::smtp {

struct EngineCounters {
  observe::Counter attempts;
  observe::Counter connections;           // opened
  observe::Counter connection_failures;   // could not be opened
  observe::Counter sessions_reused;       // transactions on a session that had served before
  observe::Counter reused_sessions_lost;  // idle sessions that died before their first answer
  observe::Counter tls_sessions;
  observe::Counter tls_fallbacks;  // opportunistic handshakes that failed: went on in clear
  observe::Counter transactions;
  observe::Counter ambiguous;  // connections lost after the final dot
  observe::Counter bytes_sent;
};

}  // namespace postern::smtp
