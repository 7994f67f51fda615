// common/mail/message_id.h
//
// The internet message id: the Message-ID field of a message, not base::MessageId.
//
// See       RFC 5322 §3.6.4

#pragma once

#include <string>
#include <string_view>

#include "common/base/random.h"

namespace postern::mail {

// "<ba8f3c64-0f4e-4c4f-9d3a-52d1f3a1c001@host>".
std::string NewMessageId(std::string_view host, base::Random& random);

}  // namespace postern::mail
