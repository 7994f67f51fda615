// cli/log_parameters.h
//
// The parameters of the cmdlets about what became of mail: Get-MessageTrackingLog, Get-TlsReport.
//
// Limits    Tables of constants, in the order of their names.
// See       docs/logs.md

#pragma once

#include <span>

#include "cli/cmdlets.h"

namespace postern::cli {

// Empty for an action of other cmdlets.
std::span<const Parameter> LogParameters(Cmdlet::Action action);

}  // namespace postern::cli
