// cli/export_file.h
//
// ExportToFile: the content of a message, from the server into a file, as it is stored.
//
// Flow      ExportToFile(request, path, connection, shell).
// Failure   The status of the call; kAlreadyExists: the file is there; kDataLoss: the content is
//           not whole. Half a file is removed.
// Limits    One frame of the stream in memory.

#pragma once

#include <string>

#include "absl/status/status.h"

#include "cli/connection.h"
#include "cli/shell.h"

namespace postern::cli {

// `path`: a file, a folder, "-" for standard output; empty: <number>.eml in this folder.
absl::Status ExportToFile(const v1::ExportMessageRequest& request,
                          const std::string& path,
                          Connection& connection,
                          Shell& shell);

}  // namespace postern::cli
