// cli/script_run.h
//
// Invoke-Script and Shell: lines of the Exchange Management Shell, one after the other.
//
// Flow      InvokeScript(call, session); Shell reads lines from the session's input.
// Failure   A script in which a line cannot be understood is not begun: every such line is named,
//           as file:line. The first line that fails ends the script, unless -Continue is given; the
//           end is a failure then too. Shell goes on, and fails at its end unless somebody types.
// Limits    Those of cli/script_reader.h.

#pragma once

#include "absl/status/status.h"

#include "cli/run_verb.h"
#include "cli/script_reader.h"

namespace postern::cli {

absl::Status InvokeScript(const CmdletCall& call, Session& session);

// Until the input ends, or "exit".
absl::Status RunShell(Session& session);

}  // namespace postern::cli
