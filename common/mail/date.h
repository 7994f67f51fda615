// common/mail/date.h
//
// The date of header fields.
//
// See       RFC 5322 §3.3

#pragma once

#include <string>

#include "absl/time/time.h"

namespace postern::mail {

// "Mon, 23 Nov 2026 15:05:46 +0000", always in UTC.
std::string FormatDate(absl::Time time);

}  // namespace postern::mail
