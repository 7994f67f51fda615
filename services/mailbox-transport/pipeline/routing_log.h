// services/mailbox-transport/pipeline/routing_log.h
//
// RoutingLog: writes down each routing table that comes into force, and under it the first decision
// for each next hop with the candidates that lost.
//
// Flow      Open; TableChanged; Decided with every decision, of which most are known already.
// Failure   Open: kUnavailable naming setting and folder. A line that cannot be kept is counted.
// Lifetime  Thread-safe.
// Limits    kDecisionsMax next hops a table; a value is cut to kRoutingBytesMax. Of recipients only
//           the domain, or the type.
// See       docs/logs.md; services/mailbox-transport/route/explain.h

#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>

#include "absl/status/statusor.h"

#include "common/observe/csv_log.h"
#include "services/mailbox-transport/pipeline/tracking_settings.h"
#include "services/mailbox-transport/route/route_table.h"
#include "services/mailbox-transport/route/select.h"

namespace postern::pipeline {

inline constexpr std::size_t kDecisionsMax = 10'000;
inline constexpr std::size_t kRoutingBytesMax = 4096;

class RoutingLog {
 public:
  // `folder` stands in for an empty path. Null: off.
  static absl::StatusOr<std::unique_ptr<RoutingLog>> Open(const RoutingLogSettings& settings,
                                                          std::string folder);

  void TableChanged(const route::RouteTable& table);
  void Decided(const route::RouteTable& table,
               const route::RecipientQuery& query,
               const route::Decision& decision);

  std::uint64_t lines_lost() const { return log_->lines_lost(); }

  // For tests.
  void Flush() { log_->Flush(); }

 private:
  explicit RoutingLog(std::shared_ptr<observe::CsvLog> log) : log_(std::move(log)) {}

  // False when the class of the decision is known, or when there is no room for it.
  bool IsNew(const route::RouteTable& table, const route::Decision& decision);

  const std::shared_ptr<observe::CsvLog> log_;
  std::mutex mutex_;
  std::string version_;                    // of the table that `known_` is about
  std::unordered_set<std::string> known_;  // classes of decisions
};

}  // namespace postern::pipeline
