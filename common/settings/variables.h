// common/settings/variables.h
//
// Variables of the environment that look like settings and are none.
//
// Flow      UnknownVariables(environ, known) -> a sentence each.
// Limits    What Kubernetes makes for its Services (POSTERN_SERVICE_HOST, POSTERN_PORT_7171_TCP),
//           what the shell reads, and what builds and tests use is passed over.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace postern::settings {

// `environment` as environ(7): "NAME=value", up to a null pointer. `known` are names of variables.
std::vector<std::string> UnknownVariables(const char* const* environment,
                                          const std::vector<std::string>& known);

// Whether Kubernetes makes a variable of that name for a Service.
bool IsOfKubernetesService(std::string_view name);

}  // namespace postern::settings
