// services/mailbox-transport/pipeline/router.h
//
// Router: the route table in force, and its answers written into messages.
//
// Flow      SetSnapshot before anything is routed, and as the directory changes; Route.
// Failure   A recipient that routing refuses gets DeliveryType::kUndefined; RefusalOf says why.
// Lifetime  Thread-safe; a table lives as long as somebody uses it.

#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "common/observe/metrics.h"
#include "services/mailbox-transport/model/message.h"
#include "services/mailbox-transport/pipeline/routing_log.h"
#include "services/mailbox-transport/route/route_table.h"
#include "services/mailbox-transport/route/select.h"

namespace postern::pipeline {

using RouteTablePtr = std::shared_ptr<const route::RouteTable>;

// Decisions since the start; each recipient of a message counts.
struct RouteCounts {
  observe::Counter next_hop;
  observe::Counter unreachable;
  observe::Counter reject;
};

class Router {
 public:
  // `log`, which may be null, outlives the router.
  explicit Router(std::string server, RoutingLog* log = nullptr)
      : server_(std::move(server)), log_(log) {}

  void SetSnapshot(directory::SnapshotPtr snapshot);
  RouteTablePtr table() const;

  // Gives every pending recipient its next hop by the table in force.
  void Route(model::Message& message) const;
  // Gives every recipient that was unreachable, and is not suspended, its next hop by the table in
  // force; whether any of them has a way now.
  bool RouteUnreachable(model::Message& message) const;
  // Gives one recipient its next hop.
  void RouteOne(model::Message& message, std::size_t recipient) const;

  // Whether the table in force has no way for this recipient for now.
  bool IsUnreachable(const model::Message& message, std::size_t recipient) const;
  // Whether the table in force gives this recipient that next hop.
  bool Goes(const model::Message& message, std::size_t recipient, const model::NextHop& hop) const;

  // Why routing refuses this recipient for ever; nothing when it does not.
  std::optional<route::Reject> RefusalOf(const model::Message& message,
                                         std::size_t recipient) const;

  const RouteCounts& counts() const { return counts_; }

 private:
  void RouteBy(const route::RouteTable& table,
               model::Message& message,
               std::size_t recipient) const;
  void Write(const route::Decision& decision, model::RecipientState& state) const;

  std::string server_;
  RoutingLog* const log_;
  mutable std::mutex mutex_;
  RouteTablePtr table_;
  mutable RouteCounts counts_;
};

// Adds the counts to the registry, whose use they must outlive.
void AddReadings(observe::Registry& registry, const RouteCounts& counts);

}  // namespace postern::pipeline
