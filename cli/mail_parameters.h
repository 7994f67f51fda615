// cli/mail_parameters.h
//
// The parameters of the cmdlets about queues and messages.
//
// Limits    Tables of constants, in the order of their names.
// See       docs/exchange.md

#pragma once

#include <span>

#include "cli/cmdlets.h"

namespace postern::cli {

// Empty for an action of other cmdlets.
std::span<const Parameter> MailParameters(Cmdlet::Action action);

// Whether the cmdlet reads queues and messages, acts on them, or has nothing to do with them.
bool ReadsMail(Cmdlet::Action action);
bool ActsOnMail(Cmdlet::Action action);

}  // namespace postern::cli
