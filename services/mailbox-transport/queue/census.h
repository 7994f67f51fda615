// services/mailbox-transport/queue/census.h
//
// Census: what the queues of a shard hold at one moment, in numbers of which metrics are made.
//
// Flow      Schedule::Count gives one of a shard; Add joins those of several.
// Limits    kTopHops next hops are named, and kOldestMax pairs of type and connector; what is more
//           counts for the connector "other".
// See       census_rows.h; docs/queues.md "Metrics"

#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"

#include "services/mailbox-transport/model/next_hop.h"
#include "services/mailbox-transport/queue/ready.h"
#include "services/mailbox-transport/queue/view.h"

namespace postern::queue {

inline constexpr std::size_t kTopHops = 10;
inline constexpr std::size_t kOldestMax = 64;

struct Census {
  // Of one type of queue.
  struct Kind {
    ByPriority active{};     // under way, or may go
    ByPriority deferred{};   // not to be tried now
    ByPriority suspended{};  // by an administrator: the message, or its queue
    std::size_t largest = 0;
    absl::Duration lag;  // for how long the message that waits longest for its turn might have gone
  };

  struct Source {
    model::DeliveryType type = model::DeliveryType::kUndefined;
    std::string connector;

    auto operator<=>(const Source&) const = default;
  };

  struct Top {
    model::NextHop hop;
    std::size_t messages = 0;
    absl::Duration oldest;
  };

  std::array<Kind, model::kDeliveryTypes> kinds{};
  std::array<std::size_t, kQueueStatuses> queues{};  // by number of QueueStatus
  std::map<Source, absl::Duration> oldest;
  std::vector<Top> top;  // the longest first

  void Add(const Census& other);
  // The age of the oldest message of a queue.
  void NoteOldest(Source source, absl::Duration age);
  // Leaves the kTopHops longest.
  void Rank();
};

}  // namespace postern::queue
