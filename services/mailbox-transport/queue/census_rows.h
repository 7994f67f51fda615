// services/mailbox-transport/queue/census_rows.h
//
// CensusRows: the last census of each shard, and the metrics that are made of them all.
//
// Flow      AddTo a registry once; Publish a shard's; the registry reads when it is asked.
// Lifetime  The registry holds a part of it and may outlive it. Thread-safe.
// Limits    At most 7 types, 3 states and 3 priorities; kTopHops next hops; kOldestMax connectors.

#pragma once

#include <map>
#include <memory>

#include "common/observe/metrics.h"
#include "services/mailbox-transport/queue/census.h"

namespace postern::queue {

class CensusRows {
 public:
  CensusRows();

  void AddTo(observe::Registry& registry) const;
  void Publish(std::size_t shard, Census census);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace postern::queue
