// cli/query_verbs.h
//
// Test-Route: which connector a recipient's mail takes, and why not the others.
//
// Failure   The status of the call.

#pragma once

#include <string>

#include "absl/status/status.h"

#include "cli/connection.h"
#include "cli/shell.h"

namespace postern::cli {

absl::Status Run(const v1::TestRouteRequest& request, Connection& connection, Shell& shell);

// What it prints, apart from the call.
void Print(const v1::TestRouteResponse& response, const std::string& recipient, Shell& shell);

}  // namespace postern::cli
