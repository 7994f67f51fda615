// services/mailbox-transport/queue/probe.h
//
// Probe: the metrics of the queue, as verbs. One for all shards.

#pragma once

#include <array>
#include <cstdint>

#include "absl/time/time.h"

#include "common/observe/metrics.h"
#include "services/mailbox-transport/model/next_hop.h"
#include "services/mailbox-transport/queue/census_rows.h"

namespace postern::queue {

class Probe {
 public:
  explicit Probe(observe::Registry& registry);

  // Messages of one type of queue came or went.
  void Messages(model::DeliveryType type, std::int64_t change);

  // A message came from routing, or left for good: delivered, returned, removed, routed elsewhere.
  void Came(model::DeliveryType type);
  void Left(model::DeliveryType type);

  void Resubmitted(std::size_t count) { resubmitted_.Add(count); }

  void Queues(std::int64_t change) { queues_.Add(static_cast<double>(change)); }

  void Connections(std::int64_t change) { connections_.Add(static_cast<double>(change)); }

  void MxSets(std::int64_t change) { mx_sets_.Add(static_cast<double>(change)); }

  void MxSetsDown(std::int64_t change) { mx_sets_down_.Add(static_cast<double>(change)); }

  void PutOff() { put_off_.Add(); }

  void MessageRetried() { message_retries_.Add(); }

  void LadderClimbed(std::uint32_t stage);  // 0 glitch, 1 transient, 2 outbound failure

  void HopHeld() { held_.Add(); }

  void Expired() { expired_.Add(); }

  void Delayed() { delayed_.Add(); }

  void Counted(std::size_t shard, Census census) { census_.Publish(shard, std::move(census)); }

 private:
  std::array<observe::Gauge*, model::kDeliveryTypes> messages_;
  std::array<observe::Counter*, model::kDeliveryTypes> came_;
  std::array<observe::Counter*, model::kDeliveryTypes> left_;
  CensusRows census_;
  observe::Gauge& queues_;
  observe::Gauge& connections_;
  observe::Gauge& mx_sets_;
  observe::Gauge& mx_sets_down_;
  observe::Counter& put_off_;
  observe::Counter& message_retries_;
  std::array<observe::Counter*, 3> ladder_;
  observe::Counter& held_;
  observe::Counter& expired_;
  observe::Counter& delayed_;
  observe::Counter& resubmitted_;
};

}  // namespace postern::queue
