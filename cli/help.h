// cli/help.h
//
// What --help prints: the verbs by group, a cmdlet with each of its parameters; and the table of
// parameters for the generated page.
//
// Limits    Lines of kHelpColumns, whatever the terminal has.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "cli/cmdlets.h"

namespace postern::cli {

inline constexpr std::size_t kHelpColumns = 100;

// Every verb, the options that all have, and examples.
std::string HelpForAll();

std::string HelpFor(const Cmdlet& cmdlet);

// name, standing, form, values, default and effect of each parameter of a Send connector, parted by
// tabs, one a line: what docs/generated/send-connector.md is made of.
std::string ParameterLines();

// `text` in lines of at most `columns`, each after `indent`.
std::string Wrapped(std::string_view text, std::string_view indent, std::size_t columns);

}  // namespace postern::cli
