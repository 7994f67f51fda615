// cli/tls_report_verb.h
//
// Get-TlsReport: what became of the TLS sessions with each policy domain.
//
// Failure   The status of the call.
// See       RFC 8460 §4.4

#pragma once

#include "absl/status/status.h"

#include "cli/connection.h"
#include "cli/shell.h"

namespace postern::cli {

absl::Status Run(const v1::GetTlsReportRequest& request, Connection& connection, Shell& shell);

// What it prints, apart from the call; `one`: a policy domain was named.
void Print(const v1::GetTlsReportResponse& response, bool one, Shell& shell);

}  // namespace postern::cli
