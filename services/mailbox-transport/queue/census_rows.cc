#include "services/mailbox-transport/queue/census_rows.h"

#include <mutex>
#include <string>
#include <utility>

namespace postern::queue {

namespace {

using Rows = std::vector<observe::Registry::Row>;

std::string Text(std::string_view name) {
  return std::string(name);
}

std::string NameOfType(std::size_t type) {
  return Text(model::NameOf(static_cast<model::DeliveryType>(type)));
}

// Messages of Submission have no type of delivery; Pipeline counts them.
bool HasQueues(std::size_t type) {
  return static_cast<model::DeliveryType>(type) != model::DeliveryType::kUndefined;
}

Rows Lengths(const Census& census) {
  Rows rows;
  for (std::size_t type = 0; type < census.kinds.size(); ++type) {
    if (!HasQueues(type)) continue;
    const Census::Kind& kind = census.kinds[type];
    const std::pair<const char*, const ByPriority&> states[] = {
        {"active", kind.active}, {"retry", kind.deferred}, {"suspended", kind.suspended}};
    for (const auto& [state, counts] : states) {
      for (const model::Priority priority : model::kPrioritiesByRank) {
        const std::size_t count = counts[static_cast<std::size_t>(priority)];
        rows.push_back({{{"type", NameOfType(type)},
                         {"state", state},
                         {"priority", Text(model::NameOf(priority))}},
                        static_cast<double>(count)});
      }
    }
  }
  return rows;
}

Rows Largest(const Census& census) {
  Rows rows;
  for (std::size_t type = 0; type < census.kinds.size(); ++type) {
    if (!HasQueues(type)) continue;
    rows.push_back({{{"type", NameOfType(type)}}, static_cast<double>(census.kinds[type].largest)});
  }
  return rows;
}

Rows Lags(const Census& census) {
  Rows rows;
  for (std::size_t type = 0; type < census.kinds.size(); ++type) {
    if (!HasQueues(type)) continue;
    rows.push_back({{{"type", NameOfType(type)}}, absl::ToDoubleSeconds(census.kinds[type].lag)});
  }
  return rows;
}

Rows Statuses(const Census& census) {
  Rows rows;
  for (std::size_t i = 0; i < census.queues.size(); ++i) {
    rows.push_back({{{"status", Text(NameOf(static_cast<QueueStatus>(i)))}},
                    static_cast<double>(census.queues[i])});
  }
  return rows;
}

Rows Oldest(const Census& census) {
  Rows rows;
  for (const auto& [source, age] : census.oldest) {
    rows.push_back({{{"type", Text(model::NameOf(source.type))}, {"connector", source.connector}},
                    absl::ToDoubleSeconds(age)});
  }
  return rows;
}

observe::Labels LabelsOf(const model::NextHop& hop) {
  return {{"type", Text(model::NameOf(hop.type))},
          {"next_hop", hop.domain},
          {"connector", hop.connector}};
}

Rows TopMessages(const Census& census) {
  Rows rows;
  for (const Census::Top& one : census.top)
    rows.push_back({LabelsOf(one.hop), static_cast<double>(one.messages)});
  return rows;
}

Rows TopAges(const Census& census) {
  Rows rows;
  for (const Census::Top& one : census.top)
    rows.push_back({LabelsOf(one.hop), absl::ToDoubleSeconds(one.oldest)});
  return rows;
}

}  // namespace

struct CensusRows::State {
  std::mutex mutex;
  std::map<std::size_t, Census> shards;

  Census Sum() {
    const std::lock_guard lock(mutex);
    Census sum;
    for (const auto& [shard, census] : shards)
      sum.Add(census);
    return sum;
  }
};

CensusRows::CensusRows() : state_(std::make_shared<State>()) {}

void CensusRows::AddTo(observe::Registry& registry) const {
  struct Made {
    const char* name;
    const char* about;
    Rows (*rows)(const Census&);
  };

  constexpr Made kMade[] = {
      {"postern_queue_length",
       "Messages by type of queue, state (active, retry, suspended) and priority.", Lengths},
      {"postern_queue_largest_messages", "Messages in the longest queue of each type.", Largest},
      {"postern_queue_attempt_lag_seconds",
       "For how long the message that waits longest for its turn might have gone, by type.", Lags},
      {"postern_queue_queues_by_status", "Queues, by status.", Statuses},
      {"postern_queue_oldest_message_seconds",
       "Age of the oldest message, by type of queue and connector.", Oldest},
      {"postern_queue_top_messages", "Messages of the ten longest queues.", TopMessages},
      {"postern_queue_top_oldest_seconds", "Age of the oldest message of the ten longest queues.",
       TopAges}};
  for (const Made& made : kMade) {
    registry.AddRows(made.name, made.about,
                     [state = state_, rows = made.rows] { return rows(state->Sum()); });
  }
}

void CensusRows::Publish(std::size_t shard, Census census) {
  const std::lock_guard lock(state_->mutex);
  state_->shards[shard] = std::move(census);
}

}  // namespace postern::queue
