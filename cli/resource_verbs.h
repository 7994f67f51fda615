// cli/resource_verbs.h
//
// New-, Set-, Get-, Remove-, Enable- and Disable- of every kind of resource, and ADPermission.
//
// Flow      RunResourceVerb(call, client, shell).
// Failure   What the server says, its findings in parameters' names. A read and write that others
//           come between is repeated kTriesMax times in all.
// Limits    Remove- asks on a terminal; elsewhere it wants -Confirm:$false.

#pragma once

#include <functional>

#include "absl/status/status.h"

#include "cli/cmdlet_call.h"
#include "cli/directory_client.h"
#include "cli/shell.h"

namespace postern::cli {

inline constexpr int kTriesMax = 3;

absl::Status RunResourceVerb(const CmdletCall& call, DirectoryClient& client, Shell& shell);

// Changes `resource` as it was read, and names the fields; no field: nothing is to be changed.
using Edit = std::function<std::vector<std::string>(v1::Resource& resource)>;

// Reads, edits and writes one resource, and again while others are faster.
absl::StatusOr<v1::ChangeResponse> Edited(std::string_view kind,
                                          const std::string& name,
                                          const Edit& edit,
                                          bool dry_run,
                                          DirectoryClient& client);

// Asks whether to go on, if the line wants that or the cmdlet does. kCancelled: no.
absl::Status Confirmed(const CmdletLine& line, std::string_view question, Shell& shell);

// `Send connector "Internet"`.
std::string Titled(const v1::Resource& resource);

// The status of a change with findings named by parameters.
absl::Status Explained(const absl::Status& status, std::string_view kind);

void PrintWarnings(const google::protobuf::RepeatedPtrField<std::string>& warnings, Shell& shell);

}  // namespace postern::cli
