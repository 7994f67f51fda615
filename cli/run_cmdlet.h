// cli/run_cmdlet.h
//
// RunCmdlet: one line of a cmdlet, done.
//
// Failure   The status of what failed, with what to do next where that is known.

#pragma once

#include "absl/status/status.h"

#include "cli/cmdlet_call.h"
#include "cli/directory_client.h"
#include "cli/global_options.h"
#include "cli/shell.h"

namespace postern::cli {

// What the lines of one run share.
struct Session {
  DirectoryClient& client;
  const GlobalOptions& options;
  Shell& shell;
};

absl::Status RunCmdlet(const CmdletCall& call, Session& session);

}  // namespace postern::cli
