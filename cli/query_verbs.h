// cli/query_verbs.h
//
// The verbs that ask about mail: Get-Queue, Get-Message, Test-Route.
//
// Failure   The status of the call.

#pragma once

#include "absl/status/status.h"

#include "cli/connection.h"
#include "cli/shell.h"

namespace postern::cli {

absl::Status Run(const v1::GetQueueRequest& request, Connection& connection, Shell& shell);
absl::Status Run(const v1::GetMessageRequest& request, Connection& connection, Shell& shell);
absl::Status Run(const v1::TestRouteRequest& request, Connection& connection, Shell& shell);

// What they print, apart from the call.
void Print(const v1::GetQueueResponse& response, bool one, Shell& shell);
void Print(const v1::GetMessageResponse& response, bool one, Shell& shell);
void Print(const v1::TestRouteResponse& response, const std::string& recipient, Shell& shell);

}  // namespace postern::cli
