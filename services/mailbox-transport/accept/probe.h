// services/mailbox-transport/accept/probe.h
//
// Probe: the metrics postern_accept_*.
//
// Lifetime  The registry outlives it. Thread-safe.

#pragma once

#include <cstdint>
#include <string_view>

#include "absl/time/time.h"

#include "common/observe/metrics.h"

namespace postern::accept {

class Probe {
 public:
  explicit Probe(observe::Registry& registry)
      : registry_(registry),
        connections_(
            registry.AddCounter("postern_accept_connections_total", "Connections accepted.")),
        sessions_(registry.AddGauge("postern_accept_sessions_open", "SMTP sessions open now.")),
        messages_(registry.AddCounter("postern_accept_messages_total",
                                      "Messages accepted: each has its receipt.")),
        relayed_(registry.AddCounter("postern_accept_relayed_total",
                                     "Accepted messages that another server relayed.")),
        recipients_(registry.AddCounter("postern_accept_recipients_total",
                                        "Recipients of accepted messages.")),
        bytes_(registry.AddCounter("postern_accept_bytes_total",
                                   "Content bytes of accepted messages.")),
        auth_failures_(registry.AddCounter("postern_accept_auth_failures_total",
                                           "AUTH attempts that were refused.")),
        latency_(registry.AddHistogram("postern_accept_latency_seconds",
                                       "From the end of the content to the receipt.",
                                       observe::SecondsBuckets())) {
    for (const std::string_view klass : kRefusals)
      RefusalsOf(klass);
  }

  void ConnectionCame() { connections_.Add(); }

  void SessionBegan() { sessions_.Add(1); }

  void SessionEnded() { sessions_.Add(-1); }

  void MessageTaken(std::uint64_t bytes, std::uint64_t recipients, absl::Duration latency) {
    messages_.Add();
    bytes_.Add(bytes);
    recipients_.Add(recipients);
    latency_.Record(absl::ToDoubleSeconds(latency));
  }

  void RelayTaken() { relayed_.Add(); }

  void AuthFailed() { auth_failures_.Add(); }

  // `klass` is one of kRefusals.
  void Refused(std::string_view klass) { RefusalsOf(klass).Add(); }

 private:
  static constexpr std::string_view kRefusals[] = {
      "connections", "content", "envelope", "errors",  "failed",     "full",
      "header",      "loop",    "proxy",    "rate",    "recipients", "refused",
      "relay",       "size",    "stopping", "timeout", "tls"};

  observe::Counter& RefusalsOf(std::string_view klass) {
    return registry_.AddCounter("postern_accept_refusals_total", "Refusals, by class.",
                                {{"class", std::string(klass)}});
  }

  observe::Registry& registry_;
  observe::Counter& connections_;
  observe::Gauge& sessions_;
  observe::Counter& messages_;
  observe::Counter& relayed_;
  observe::Counter& recipients_;
  observe::Counter& bytes_;
  observe::Counter& auth_failures_;
  observe::Histogram& latency_;
};

}  // namespace postern::accept
