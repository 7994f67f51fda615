// cli/run_verb.h
//
// RunVerb: one verb that was understood, done.
//
// Failure   The status of what failed, with what to do next where that is known.

#pragma once

#include "absl/status/status.h"

#include "cli/command_line.h"
#include "cli/directory_client.h"
#include "cli/shell.h"

namespace postern::cli {

// What the verbs of one run share.
struct Session {
  DirectoryClient& client;
  const GlobalOptions& options;
  Shell& shell;
};

absl::Status RunVerb(const Verb& verb, Session& session);

}  // namespace postern::cli
