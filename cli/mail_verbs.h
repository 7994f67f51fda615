// cli/mail_verbs.h
//
// The cmdlets about queues and messages, done: shown, suspended, resumed, tried, removed, exported.
//
// Flow      RunMail(call, connection, shell). A long walk is asked answer by answer, with its
//           progress on a terminal.
// Failure   The status of the call; kFailedPrecondition when some of many could not be acted on.
// Limits    The rows of a page; what the server names of a command.
// See       proto/postern/v1/admin.proto

#pragma once

#include "absl/status/status.h"

#include "cli/cmdlet_call.h"
#include "cli/connection.h"
#include "cli/shell.h"

namespace postern::cli {

absl::Status RunMail(const CmdletCall& call, Connection& connection, Shell& shell);

}  // namespace postern::cli
