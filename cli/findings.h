// cli/findings.h
//
// What a server finds wrong with a resource, in the words of the one who wrote the line: parameters
// instead of fields.
//
// Flow      InParameterTerms("SendConnector", "spec.smartHosts[0]: \"x\": ...") is
//           "-SmartHosts: \"x\": ...". Of a request: "event_id: ..." is "-EventId: ...".

#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"

#include "cli/cmdlets.h"

namespace postern::cli {

// Line by line; what names no field stays as it is.
std::string InParameterTerms(std::string_view kind, std::string_view findings);

// The same of a question or a command: its field at the start as the parameter that gave it.
absl::Status InParameterTerms(const Cmdlet& cmdlet, const absl::Status& status);

}  // namespace postern::cli
