#include "common/smtp/engine_counters.h"

#include "common/base/text.h"

namespace postern::smtp {

void AddReadings(observe::Registry& registry,
                 const std::string& prefix,
                 const EngineCounters& counters) {
  struct Row {
    std::string_view name;
    std::string_view about;
    const observe::Counter& counter;
  };

  const Row rows[] = {
      {"connections_total", "SMTP connections opened.", counters.connections},
      {"connection_failures_total", "SMTP connections that could not be opened.",
       counters.connection_failures},
      {"connection_races_total",
       "SMTP connections to a later address of a host, as the first one failed or was slow.",
       counters.connection_races},
      {"sessions_reused_total", "Transactions on a session that had served before.",
       counters.sessions_reused},
      {"reused_sessions_lost_total", "Idle sessions that died before their first answer.",
       counters.reused_sessions_lost},
      {"tls_connections_total", "SMTP connections that came to TLS.", counters.tls_connections},
      {"tls_fallbacks_total", "Opportunistic handshakes that failed: the mail went in clear.",
       counters.tls_fallbacks},
      {"security_refusals_total",
       "SMTP sessions that were not secure enough, or not logged in, and carried nothing.",
       counters.security_refusals},
      {"transactions_total", "SMTP transactions.", counters.transactions},
  };
  for (const Row& row : rows) {
    registry.AddReading(base::Cat(prefix, "_", row.name), row.about,
                        [&counter = row.counter] { return static_cast<double>(counter.value()); });
  }
}

}  // namespace postern::smtp
