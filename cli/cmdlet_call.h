// cli/cmdlet_call.h
//
// CmdletCall: a line of a cmdlet, understood as far as that goes without asking a server.
//
// Flow      UnderstoodCall(cmdlet, words) -> RunVerb (cli/run_verb.h).
// Failure   kInvalidArgument with every mistake of the line, one a line.

#pragma once

#include <vector>

#include "absl/status/statusor.h"

#include "cli/change.h"
#include "cli/cmdlet_line.h"
#include "cli/mail_call.h"
#include "cli/permission_edit.h"
#include "cli/resource_print.h"
#include "cli/tracking_verb.h"
#include "postern/v1/admin.pb.h"

namespace postern::cli {

struct CmdletCall {
  CmdletLine line;
  Change change;                       // of New-, Set-, Enable- and Disable-
  PermissionEdit permission;           // of ADPermission
  v1::TestRouteRequest route;          // of Test-Route
  v1::GetTlsReportRequest tls_report;  // of Get-TlsReport
  TrackingAsked tracking;              // of Get-MessageTrackingLog
  MailCall mail;                       // of the cmdlets about queues and messages
  std::string identity;         // as the directory knows names; empty: all, or none is needed
  std::string identity_server;  // what stands before it: "server\name"
  View view;                    // of Get-
  bool viewed = false;          // `view` comes from the line, not from the cmdlet

  std::string_view kind() const { return line.cmdlet->kind; }

  bool what_if() const { return line.Has("WhatIf"); }
};

absl::StatusOr<CmdletCall> UnderstoodCall(const Cmdlet& cmdlet, const std::vector<Word>& words);

}  // namespace postern::cli
