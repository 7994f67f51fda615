// cli/findings.h
//
// What a server finds wrong with a resource, in the words of the one who wrote the line: parameters
// instead of fields.
//
// Flow      InParameterTerms("SendConnector", "spec.smartHosts[0]: \"x\": ...") is
//           "-SmartHosts: \"x\": ...".

#pragma once

#include <string>
#include <string_view>

namespace postern::cli {

// Line by line; what names no field stays as it is.
std::string InParameterTerms(std::string_view kind, std::string_view findings);

}  // namespace postern::cli
