// services/mailbox-transport/settle/probe.h
//
// Probe: the metrics of settle, as verbs.

#pragma once

#include <array>

#include "common/observe/metrics.h"
#include "services/mailbox-transport/settle/dsn.h"
#include "services/mailbox-transport/settle/policy.h"

namespace postern::settle {

class Probe {
 public:
  explicit Probe(observe::Registry& registry);

  void Judged(Verdict::Kind kind) { verdicts_[static_cast<std::size_t>(kind)]->Add(); }

  void Expired() { expired_.Add(); }

  // By an administrator.
  void Removed(std::size_t recipients) { removed_.Add(recipients); }

  void Sent(DsnKind kind) { dsns_[static_cast<std::size_t>(kind)]->Add(); }

  void DoubleBounce() { double_bounces_.Add(); }

  // A DSN that nobody wanted: NOTIFY, or no one to send it to.
  void NotAsked() { not_asked_.Add(); }

 private:
  std::array<observe::Counter*, 3> verdicts_;
  observe::Counter& expired_;
  observe::Counter& removed_;
  std::array<observe::Counter*, 3> dsns_;
  observe::Counter& double_bounces_;
  observe::Counter& not_asked_;
};

}  // namespace postern::settle
