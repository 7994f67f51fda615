// cli/permission_verbs.h
//
// Get-, Add- and Remove-ADPermission: the permissions of a Send connector.
//
// Failure   The status of the call; Add- and Remove- repeat when others come between.
// See       cli/permission_edit.h, cli/resource_verbs.h

#pragma once

#include "absl/status/status.h"

#include "cli/cmdlet_call.h"
#include "cli/directory_client.h"
#include "cli/shell.h"

namespace postern::cli {

absl::Status RunGetPermission(const CmdletCall& call, DirectoryClient& client, Shell& shell);
absl::Status RunEditPermission(const CmdletCall& call, DirectoryClient& client, Shell& shell);

}  // namespace postern::cli
