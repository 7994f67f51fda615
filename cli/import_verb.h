// cli/import_verb.h
//
// Import-SendConnector: the Send connectors that Get-SendConnector | ConvertTo-Json printed.
//
// Flow      ImportSendConnectors(call, client, shell).
// Failure   kInvalidArgument: the file is no such export. A connector of which something is
//           refused, or that is there already, is not created; the others are, and the end is a
//           failure.
// Limits    kImportBytesMax bytes; kImportConnectorsMax connectors.

#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

#include "cli/cmdlet_call.h"
#include "cli/directory_client.h"
#include "cli/import_value.h"
#include "cli/shell.h"

namespace postern::cli {

inline constexpr int kImportConnectorsMax = 1000;

absl::Status ImportSendConnectors(const CmdletCall& call, DirectoryClient& client, Shell& shell);

// The objects of an export: one, or a list of them.
absl::StatusOr<std::vector<JsonObject>> ExportedObjects(std::string_view bytes);

}  // namespace postern::cli
