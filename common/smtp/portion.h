// common/smtp/portion.h
//
// PortionOf: which recipients go in the next transaction. Pure.
//
// Limits    At most `recipients_max`, and of `domains_max` domains when that is not 0.
// See       RFC 5321 §4.5.3.1.10; RFC 9422 (LIMITS)

#pragma once

#include <cstddef>
#include <vector>

#include "common/mail/envelope.h"

namespace postern::smtp {

// The first of `pending` (indexes of recipients) that fit together, in their order: at least one
// when there is one. Overwrites `chosen`.
void PortionOf(const mail::Envelope& envelope,
               const std::vector<std::size_t>& pending,
               std::size_t recipients_max,
               std::size_t domains_max,
               std::vector<std::size_t>& chosen);

}  // namespace postern::smtp
