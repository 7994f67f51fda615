// cli/permission_edit.h
//
// PermissionEdit: what Add- and Remove-ADPermission change of a connector's permissions.
//
// Flow      PermissionEditFrom(line, complaints); Applied(edit, the grants that are there).
// Failure   A user or a right that is none goes to `complaints`.
// See       common/connector/permissions.h

#pragma once

#include <vector>

#include "cli/cmdlet_line.h"
#include "common/connector/permissions.h"

namespace postern::cli {

struct PermissionEdit {
  bool add = true;
  connector::UserGrant grant;
};

PermissionEdit PermissionEditFrom(const CmdletLine& line, Complaints& complaints);

// Granting what is granted, or taking away what is not, gives the same grants.
std::vector<connector::UserGrant> Applied(const PermissionEdit& edit,
                                          std::vector<connector::UserGrant> grants);

}  // namespace postern::cli
