// services/mailbox-transport/admin/tracking_pages.h
//
// TrackingPages: the answers of the Tracking service, without gRPC's reactors.
//
// Flow      Page for a question; Look for a watcher, again and again.
// Failure   kInvalidArgument and kNotFound name what was asked; kFailedPrecondition: this server
//           keeps no log, and nobody else was asked.
// Lifetime  On the executor; requests and responses outlive the awaited call.
// Limits    As TrackingService says.

#pragma once

#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"

#include "common/io/task.h"
#include "postern/v1/tracking.pb.h"
#include "services/mailbox-transport/admin/fan_out.h"
#include "services/mailbox-transport/admin/tracking_search.h"
#include "services/mailbox-transport/admin/tracking_service.h"

namespace postern::admin {

class TrackingPages {
 public:
  explicit TrackingPages(const TrackingService::Parts& parts);

  // `cancelled` is asked between slices.
  io::Task<absl::Status> Page(const v1::GetMessageTrackingLogRequest& request,
                              v1::GetMessageTrackingLogResponse& response,
                              absl::AnyInvocable<bool()> cancelled);

  // What has come since the cursor; an answer without events only moves it.
  io::Task<v1::WatchEventsResponse> Look(TrackingQuery query, v1::TrackingCursor cursor);

  absl::StatusOr<v1::TrackingCursor> WatchFrom(const v1::WatchEventsRequest& request) const;

 private:
  using Request = v1::GetMessageTrackingLogRequest;
  using Response = v1::GetMessageTrackingLogResponse;

  absl::Status NoLog() const;
  // One cursor for each server that is asked about, those of the request first.
  absl::StatusOr<std::vector<v1::TrackingCursor>> CursorsOf(const Request& request) const;
  io::Task<void> AskOthers(const Request& request,
                           std::vector<v1::TrackingCursor>& cursors,
                           Response& response);
  io::Task<absl::Status> Own(const Request& request,
                             v1::TrackingCursor& cursor,
                             Response& response,
                             absl::AnyInvocable<bool()> cancelled);

  const TrackingService::Parts parts_;
  TrackingSearch search_;
  FanOut fan_out_;
};

}  // namespace postern::admin
