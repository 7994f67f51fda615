// services/frontend-transport/egress/probe.h
//
// The metrics of egress, as verbs.
//
// Lifetime  Borrows the registry. Thread-safe.

#pragma once

#include <array>

#include "absl/time/time.h"

#include "common/observe/metrics.h"
#include "common/smtp/outcome.h"

namespace postern::egress {

class Probe {
 public:
  Probe(observe::Registry& registry, const std::string& site);

  void StreamOpened() { streams_.Add(1); }

  void StreamEnded() { streams_.Add(-1); }

  void OfferTaken() { open_.Add(1); }

  void OfferRefused() { refused_.Add(); }

  // Its caller does not want it tried now.
  void LeftUntried() { open_.Add(-1); }

  void Blocked() { blocked_.Add(); }

  void Settled(const smtp::Outcome& outcome, absl::Duration took);

 private:
  observe::Gauge& streams_;
  observe::Gauge& open_;
  observe::Counter& refused_;
  observe::Counter& blocked_;
  std::array<observe::Counter*, smtp::kResultClasses> recipients_;
  observe::Counter& ambiguous_;
  observe::Counter& bytes_;
  observe::Histogram& seconds_;
};

}  // namespace postern::egress
