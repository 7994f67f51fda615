// services/mailbox-transport/deliver/probe.h
//
// The metrics of deliver, as verbs; by connector and by way (direct, proxy).
//
// Lifetime  Borrows the registry. One for each executor; the metrics behind it are shared.

#pragma once

#include <string>
#include <unordered_map>

#include "absl/time/time.h"

#include "common/observe/metrics.h"
#include "common/smtp/outcome.h"

namespace postern::deliver {

// Deliveries that may have happened twice: "connection-lost", "front-end-lost", "restart".
observe::Counter& AmbiguousCounter(observe::Registry& registry, const std::string& reason);

class Probe {
 public:
  Probe(observe::Registry& registry, std::string site);

  void Attempted(const std::string& connector,
                 bool proxied,
                 const smtp::Outcome& outcome,
                 absl::Duration took);

  // A delivery that may have happened twice: "connection-lost", "front-end-lost", "restart".
  void Ambiguous(const std::string& reason);

 private:
  struct Way {
    observe::Counter* attempts;
    observe::Counter* recipients_delivered;
    observe::Counter* recipients_deferred;
    observe::Counter* recipients_refused;
    observe::Counter* recipients_failed;
    observe::Counter* bytes;
    observe::Histogram* seconds;
  };

  Way& WayOf(const std::string& connector, bool proxied);

  observe::Registry& registry_;
  std::string site_;
  std::unordered_map<std::string, Way> ways_;  // by connector and "/direct" or "/proxy"
};

}  // namespace postern::deliver
