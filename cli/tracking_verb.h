// cli/tracking_verb.h
//
// Get-MessageTrackingLog: what became of messages, by the logs of one server or of all.
//
// Flow      TrackingFrom a line; Run asks page after page until the result is full, and prints it
//           by time.
// Failure   TrackingFrom: mistakes go to `complaints`. Run: the status of the call. A server that
//           did not answer is a warning, and the rest is shown.
// Limits    kResultSizeDefault events, unless the line says otherwise.
// See       proto/postern/v1/tracking.proto; docs/logs.md

#pragma once

#include <cstddef>
#include <vector>

#include "absl/status/status.h"

#include "cli/cmdlet_line.h"
#include "cli/connection.h"
#include "cli/resource_print.h"
#include "cli/shell.h"
#include "postern/v1/tracking.pb.h"

namespace postern::cli {

inline constexpr std::size_t kResultSizeDefault = 1000;

struct TrackingAsked {
  v1::GetMessageTrackingLogRequest request;
  std::size_t result_size = kResultSizeDefault;  // SIZE_MAX: unlimited
};

TrackingAsked TrackingFrom(const CmdletLine& line, Complaints& complaints);

absl::Status Run(const TrackingAsked& asked,
                 const View& view,
                 Connection& connection,
                 Shell& shell);

// What it prints, apart from the calls.
absl::Status Print(const v1::GetMessageTrackingLogResponse& all, const View& view, Shell& shell);

}  // namespace postern::cli
