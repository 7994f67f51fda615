// common/directory/parameters.h
//
// Parameters of the cmdlets for every kind of the directory, in the form of
// common/connector/parameters.h: the shell's words, help and lists come from these tables.
//
// Flow      ParametersOf("Site"); connector::FindParameter in it.
// Limits    Tables of constants, in the order of their names. Two rows may stand for one field.

#pragma once

#include <span>
#include <string_view>

#include "common/connector/parameters.h"

namespace postern::directory {

// Of "SendConnector", "Site", "SiteLink", "TransportServer", "AcceptedDomain" or "TransportConfig";
// empty for any other word.
std::span<const connector::Parameter> ParametersOf(std::string_view kind);

}  // namespace postern::directory
